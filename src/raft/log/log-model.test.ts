import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FaultyFileSystem } from '../../../test/support/raft/file-faults.ts';
import { fileFailure } from '../../../test/support/raft/file-memory.ts';
import { UnsyncedFileSystem } from '../../../test/support/raft/file-unsynced.ts';
import { openScriptedLog } from '../../../test/support/raft/log-script.ts';
import { logEntry, viewLog } from '../../../test/support/raft/log-view.ts';
import { seededRandom } from '../../base/random.ts';
import type { Entry } from '../core/entry.ts';
import type { GroupLog, GroupWrite } from './log-storage.ts';
import { MemoryLog } from './memory-log.ts';
import type { SegmentedLog } from './segmented-log.ts';

const GROUPS = 4;

/** A step of a random run: what it does to a group depends on how the group is. */
interface Step {
  /** `kill`: the process ends, the machine does not; `crash`: both. */
  readonly action: 'write' | 'wait' | 'close' | 'kill' | 'crash';
  readonly sync: boolean;
  readonly moves: readonly Move[];
  readonly seed: number;
}

interface Move {
  readonly group: number;
  readonly kind: 'append' | 'replace' | 'vote' | 'compact' | 'snapshot' | 'destroy';
  readonly amount: number;
}

const move = fc.record<Move>({
  group: fc.nat(GROUPS - 1),
  kind: fc.constantFrom(
    'append',
    'append',
    'append',
    'replace',
    'vote',
    'compact',
    'snapshot',
    'destroy',
  ),
  amount: fc.nat(6),
});

const step = fc.record<Step>({
  action: fc.constantFrom('write', 'write', 'write', 'write', 'wait', 'close', 'kill', 'crash'),
  sync: fc.boolean(),
  moves: fc.uniqueArray(move, { selector: ({ group }) => group, minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
});

/** A write that is allowed for the group as it is. */
function writeOf({ group, kind, amount }: Move, log: GroupLog | undefined): GroupWrite {
  if (log === undefined || log.state === 'destroyed') {
    return { group, create: (log?.replica ?? 0) + 1 + amount };
  }
  const { lastIndex, hardState, compacted } = log;
  const { term, vote } = hardState;
  const entries = (from: number, inTerm: number): readonly Entry[] =>
    Array.from({ length: amount }, (_, place) =>
      logEntry(from + place, inTerm + (place > 3 ? 1 : 0), 'x'.repeat(amount * 20)),
    );
  const lastTerm = Math.max(term, log.term(lastIndex) ?? 0);
  switch (kind) {
    case 'append': {
      return { group, entries: entries(lastIndex + 1, lastTerm) };
    }
    case 'replace': {
      const from = Math.max(hardState.commit, compacted.index, lastIndex - amount) + 1;
      return {
        group,
        hardState: { term: lastTerm + 1, vote: 0, commit: hardState.commit },
        entries: entries(from, lastTerm + 1),
      };
    }
    case 'vote': {
      const commit = Math.max(hardState.commit, lastIndex - amount);
      return { group, hardState: { term, vote: vote === 0 ? amount : vote, commit } };
    }
    case 'compact': {
      return { group, compactTo: Math.max(0, lastIndex - amount) };
    }
    case 'snapshot': {
      const index = Math.max(compacted.index, hardState.commit, lastIndex + amount - 3);
      const isHeld = amount % 2 === 0 && log.term(index) !== undefined;
      const last = { index, term: isHeld ? (log.term(index) ?? 0) : lastTerm + 1 };
      const hard = { term: lastTerm + 2, vote: 0, commit: Math.max(hardState.commit, index) };
      return { group, snapshot: { last, generation: log.generation + 1 }, hardState: hard };
    }
    case 'destroy': {
      return amount === 0 ? { group, destroy: true } : { group, entries: [] };
    }
  }
}

/** A log on files that forget, beside a model of what it should hold. */
class Run {
  #files = new UnsyncedFileSystem();
  #log: SegmentedLog | undefined;
  #model = new MemoryLog();
  readonly #history: (readonly GroupWrite[])[] = [];
  readonly #views = [viewLog(this.#model)];
  /** How many batches are sure to survive a crash, and how many the end of the process. */
  #durable = 0;
  #written = 0;
  #writes: Promise<void>[] = [];
  /** Of the process that has the files. */
  #life = 0;

  async take({ action, sync, moves, seed }: Step): Promise<void> {
    const log = (this.#log ??= await this.#open());
    if (action === 'write') {
      this.#write(log, moves, sync);
      // The files change at each of these, so that a crash comes at any point of a batch.
      for (let turn = 0; turn < seed % 20; turn += 1) await Promise.resolve();
      return undefined;
    }
    if (action === 'wait') return this.#settle();
    if (action === 'close') {
      await this.#settle();
      await log[Symbol.asyncDispose]();
      this.#durable = this.#history.length;
      this.#files = new UnsyncedFileSystem(this.#files.files);
    } else {
      // Whatever the log is doing at this moment, nothing of it reaches the files any more.
      this.#writes = [];
      this.#life += 1;
      if (action === 'kill') this.#durable = Math.max(this.#durable, this.#written);
      else this.#files = new UnsyncedFileSystem(this.#files.crash(seededRandom(seed)));
    }
    await this.#reopen();
  }

  async finish(): Promise<void> {
    const log = (this.#log ??= await this.#open());
    await this.#settle();
    expect(viewLog(log)).toEqual(this.#views.at(-1));
    await this.take({ action: 'crash', sync: false, moves: [], seed: 1 });
    await this.#log[Symbol.asyncDispose]();
  }

  /** The files are taken away from a log whose process is gone. */
  #open(): Promise<SegmentedLog> {
    const life = this.#life;
    const files = new FaultyFileSystem(this.#files, ({ path }) =>
      life === this.#life ? undefined : { error: fileFailure('EBADF', path) },
    );
    return openScriptedLog(files, { segmentBytesMax: 900 });
  }

  #write(log: SegmentedLog, moves: readonly Move[], sync: boolean): void {
    const batch = moves.map((each) => writeOf(each, this.#model.group(each.group)));
    void this.#model.append(batch);
    this.#history.push(batch);
    this.#views.push(viewLog(this.#model));
    const number = this.#history.length;
    const life = this.#life;
    const written = log.append(batch, { sync }).then(() => {
      if (life !== this.#life) return;
      this.#written = Math.max(this.#written, number);
      if (sync) this.#durable = Math.max(this.#durable, number);
    });
    this.#writes.push(written);
    // What is under way when the disk goes is nobody's concern.
    written.catch(() => undefined);
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#writes);
    this.#writes = [];
    const [view] = this.#views.slice(-1);
    expect(this.#log === undefined ? view : viewLog(this.#log)).toEqual(view);
  }

  async #reopen(): Promise<void> {
    this.#log = await this.#open();
    expect(this.#log.recovery.damage).toEqual([]);
    const found = JSON.stringify([...viewLog(this.#log)]);
    const survived = this.#views.findLastIndex((view) => JSON.stringify([...view]) === found);
    expect(survived, found).toBeGreaterThanOrEqual(this.#durable);
    this.#history.length = survived;
    this.#views.length = survived + 1;
    this.#durable = survived;
    this.#written = survived;
    this.#model = new MemoryLog();
    for (const batch of this.#history) await this.#model.append(batch);
  }
}

test('whatever is written, and whenever the machine stops: what was acknowledged is there, in whole batches', async () => {
  const runs = Number(process.env['RUNS'] ?? 60);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const run = new Run();
      for (const each of steps) await run.take(each);
      await run.finish();
    }),
    { numRuns: runs, seed: Number(process.env['SEED'] ?? 5) },
  );
});
