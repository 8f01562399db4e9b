import { assert, must } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Configuration } from '../core/configuration.ts';
import type { Entry, EntryId } from '../core/entry.ts';
import { type CommandEnvelope, decodeEnvelope } from './command-envelope.ts';
import type { CommandOutcome } from './command-outcome.ts';
import type { DigestCheck } from './digest-check.ts';
import { CONFIGURATION_KEY, decodeConfigurationRow, encodeConfigurationRow } from './host-rows.ts';
import { SessionTable } from './session-table.ts';
import type { CommittedCommand, HostRow, StateMachine } from './state-machine.ts';

/** An entry that was applied, and what it came to. */
export interface AppliedEntry {
  readonly id: EntryId;
  readonly outcome: CommandOutcome;
}

export interface EntryApplierOptions {
  readonly machine: StateMachine;
  /** The core's view of an entry of kind `configuration`: takes effect, and gives what is in force from here on. */
  readonly changeConfiguration: (entry: Entry) => Configuration;
  readonly digests: DigestCheck;
}

/** What an entry comes to once the results of the batch's commands are there. */
type Pending = (results: readonly Uint8Array[]) => CommandOutcome;

/**
 * To pass over what cannot be read would leave this replica with another state than those that can.
 *
 * @throws {VectorDbError} FAILED_PRECONDITION
 */
function readEnvelope({ index, data }: Entry): CommandEnvelope {
  const envelope = decodeEnvelope(data);
  if (envelope !== undefined) return envelope;
  const text = `log entry ${index} has a form that this version cannot read: a newer one is needed`;
  throw new VectorDbError('FAILED_PRECONDITION', text);
}

const NOTHING: CommandOutcome = { kind: 'nothing' };

/**
 * Applies committed entries to a group's state: commands to the state machine; sessions and configuration, which the host keeps, in the same atomic steps.
 * Decides by the entries alone.
 */
export class EntryApplier {
  readonly #options: EntryApplierOptions;
  #sessions: SessionTable;
  #configuration: Configuration;

  /**
   * @param rows - the machine's rows of the host as they are now
   * @throws {VectorDbError} DATA_CORRUPT where they cannot be read
   */
  constructor(options: EntryApplierOptions, rows: ReadonlyMap<string, Uint8Array>) {
    this.#options = options;
    this.#sessions = new SessionTable(rows);
    this.#configuration = decodeConfigurationRow(rows.get(CONFIGURATION_KEY));
  }

  /** As of the applied entry. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Another state took the machine's place, with these rows. */
  reload(rows: ReadonlyMap<string, Uint8Array>): void {
    this.#sessions = new SessionTable(rows);
    this.#configuration = decodeConfigurationRow(rows.get(CONFIGURATION_KEY));
  }

  /**
   * Applies the next entries, at least one, up to about `bytesMax`; how many were applied and what they came to.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION where an entry is of a newer version; what the state machine throws
   */
  async apply(entries: readonly Entry[], bytesMax: number): Promise<readonly AppliedEntry[]> {
    const envelopes: (CommandEnvelope | undefined)[] = [];
    let bytes = 0;
    for (const entry of entries) {
      bytes += entry.data.byteLength;
      if (envelopes.length > 0 && bytes > bytesMax) break;
      const envelope = entry.kind === 'command' ? readEnvelope(entry) : undefined;
      envelopes.push(envelope);
      // A configuration, and the state that a digest is of, are those after a step.
      if (entry.kind === 'configuration' || envelope?.kind === 'digest') break;
    }
    return this.#applyStep(entries.slice(0, envelopes.length), envelopes);
  }

  async #applyStep(
    entries: readonly Entry[],
    envelopes: readonly (CommandEnvelope | undefined)[],
  ): Promise<readonly AppliedEntry[]> {
    const { machine, digests } = this.#options;
    const commands: CommittedCommand[] = [];
    const pending = entries.map((entry, place) => this.#prepare(entry, envelopes[place], commands));
    const last = must(entries.at(-1), 'a step has entries');
    const { term, index } = last;
    const batch = { commands, last: { term, index }, rows: this.#takeRows(last) };
    const results = await machine.apply(batch);
    assert(results.length === commands.length, 'every command has a result');
    const outcomes = pending.map((each) => each(results));
    if (envelopes.at(-1)?.kind === 'digest') {
      const digest = await machine.digest();
      digests.taken(index, digest);
      outcomes[outcomes.length - 1] = { kind: 'digest', index, digest };
    }
    return entries.map((entry, place) => ({
      id: { term: entry.term, index: entry.index },
      outcome: outcomes[place] ?? NOTHING,
    }));
  }

  #prepare(
    entry: Entry,
    envelope: CommandEnvelope | undefined,
    commands: CommittedCommand[],
  ): Pending {
    if (entry.kind === 'configuration') {
      const configuration = this.#options.changeConfiguration(entry);
      this.#configuration = configuration;
      return () => ({ kind: 'configuration', configuration });
    }
    switch (envelope?.kind) {
      case undefined:
      case 'digest':
        return () => NOTHING;
      case 'openSession': {
        const session = this.#sessions.open(entry.index, envelope.sessionsMax);
        return () => ({ kind: 'sessionOpened', session });
      }
      case 'closeSession': {
        const isKnown = this.#sessions.close(envelope.session);
        return () => ({ kind: isKnown ? 'sessionClosed' : 'sessionExpired' });
      }
      case 'digestReport': {
        this.#options.digests.reported(envelope.index, envelope.digest);
        return () => NOTHING;
      }
      case 'command':
        return this.#prepareCommand(entry, envelope, commands);
    }
  }

  #prepareCommand(
    { term, index }: Entry,
    { command, stamp }: CommandEnvelope & { readonly kind: 'command' },
    commands: CommittedCommand[],
  ): Pending {
    const place = commands.length;
    const resultIn = (results: readonly Uint8Array[]): Uint8Array =>
      must(results[place], 'a result');
    if (stamp === undefined) {
      commands.push({ index, term, command });
      return (results) => ({ kind: 'result', result: resultIn(results) });
    }
    const verdict = this.#sessions.accept(stamp, index, place);
    if (verdict.kind === 'expired') return () => ({ kind: 'sessionExpired' });
    if (verdict.kind === 'full') return () => ({ kind: 'sessionFull' });
    const { answer } = verdict;
    if (verdict.kind === 'new') commands.push({ index, term, command });
    return (results) => {
      if (verdict.kind === 'new') answer.result = resultIn(results);
      assert(answer.result instanceof Uint8Array, 'an earlier entry gave the result');
      return { kind: 'result', result: answer.result };
    };
  }

  #takeRows(last: Entry): readonly HostRow[] {
    const rows = this.#sessions.takeChanges();
    if (last.kind !== 'configuration') return rows;
    return [
      ...rows,
      { key: CONFIGURATION_KEY, value: encodeConfigurationRow(this.#configuration) },
    ];
  }
}
