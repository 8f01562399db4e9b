import { VectorDbError } from '../../base/error.ts';
import type { Configuration, ReplicaId } from '../core/configuration.ts';
import type { EntryId } from '../core/entry.ts';
import type { GroupId, GroupLog, GroupWrite } from '../log/log-storage.ts';
import type { NodeNumber } from '../transport/transport.ts';
import { CONFIGURATION_KEY, encodeConfigurationRow } from './host-rows.ts';
import { nodeOf } from './replica-id.ts';
import type { StateMachine } from './state-machine.ts';

/** A group that begins, or a replica of one that exists. */
export interface GroupBirth {
  readonly group: GroupId;
  /** This node's: larger than any that the group ever had here. */
  readonly replica: ReplicaId;
  /** The initial one, the same on all its members; without voters: the group exists, and a snapshot will tell. */
  readonly configuration: Configuration;
}

/**
 * What a group has applied before anything was proposed: its initial configuration. It counts as a snapshot that nobody has to send to the
 * first members, and that everyone who joins later must be sent, for no log holds it.
 */
export const FIRST_ENTRY: EntryId = { term: 1, index: 1 };

/**
 * Looks whether a group may begin here.
 *
 * @param log - what the node's log knows of the group
 * @throws {VectorDbError} INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION where the replica was given up before
 */
export function checkBirth(
  { group, replica, configuration }: GroupBirth,
  node: NodeNumber,
  log: GroupLog | undefined,
): void {
  const refuse = (code: VectorDbError['code'], why: string): never => {
    throw new VectorDbError(code, `group ${group}: ${why}`);
  };
  if (nodeOf(replica) !== node) refuse('INVALID_ARGUMENT', `replica ${replica} is another node's`);
  const { voters, learners } = configuration;
  if (voters.length > 0 && !voters.includes(replica) && !learners.includes(replica)) {
    refuse('INVALID_ARGUMENT', `replica ${replica} is not in the initial configuration`);
  }
  if (log === undefined) return;
  if (log.state !== 'destroyed') refuse('ALREADY_EXISTS', 'it is on this node');
  if (replica <= log.replica) {
    refuse('FAILED_PRECONDITION', `replica ${log.replica} was destroyed here; take a larger one`);
  }
}

/** Gives a new, empty state machine what the group begins with, durably. */
export async function prepareMachine(machine: StateMachine, birth: GroupBirth): Promise<void> {
  const { configuration } = birth;
  if (configuration.voters.length === 0) return;
  const value = encodeConfigurationRow(configuration);
  await machine.apply({
    commands: [],
    last: FIRST_ENTRY,
    rows: [{ key: CONFIGURATION_KEY, value }],
  });
  await machine.flush();
}

/** The log's first record of the group; from it on, the group is on this node. */
export function firstWrite({ group, replica, configuration }: GroupBirth): GroupWrite {
  if (configuration.voters.length === 0) return { group, create: replica };
  const { term, index } = FIRST_ENTRY;
  return {
    group,
    create: replica,
    snapshot: { last: FIRST_ENTRY, generation: 0 },
    hardState: { term, vote: 0, commit: index },
  };
}
