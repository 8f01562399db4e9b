import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { LOG_START } from '../core/entry.ts';
import type { GroupLog, GroupWrite } from './log-storage.ts';

/** Groups are numbered below this. */
export const GROUP_LIMIT = 2 ** 32;

/**
 * Looks whether the writes of one `append` fit what the log holds; every log does so before it changes anything.
 *
 * @throws {VectorDbError} FAILED_PRECONDITION when a group is not there, is corrupt or destroyed, or would be created again under a replica id that was used
 * @throws {InvariantError} when a write breaks the order of a log: a bug of the caller
 */
export function checkGroupWrites(
  writes: readonly GroupWrite[],
  find: (group: number) => GroupLog | undefined,
): void {
  const seen = new Set<number>();
  for (const write of writes) {
    const { group } = write;
    assert(Number.isSafeInteger(group) && group >= 0 && group < GROUP_LIMIT, 'a group number');
    assert(!seen.has(group), `group ${group} has two writes in one batch`);
    seen.add(group);
    checkGroupWrite(write, find(group));
  }
}

function checkGroupWrite(write: GroupWrite, log: GroupLog | undefined): void {
  checkPresence(write, log);
  const isNew = write.create !== undefined;
  let compacted = isNew || log === undefined ? LOG_START : log.compacted;
  let last = isNew || log === undefined ? 0 : log.lastIndex;
  let lastTerm = isNew ? 0 : (log?.term(last) ?? 0);
  const prior = isNew || log === undefined ? undefined : log.hardState;
  const { snapshot, hardState, entries = [], compactTo } = write;
  if (snapshot !== undefined) {
    const { index, term } = snapshot.last;
    assert(Number.isSafeInteger(index) && index >= compacted.index, 'a snapshot goes forward');
    assert(Number.isSafeInteger(snapshot.generation), 'a generation');
    const follows = !isNew && log !== undefined && log.term(index) === term;
    assert(follows || index >= (prior?.commit ?? 0), 'a snapshot keeps what is committed');
    if (!follows) [last, lastTerm] = [index, term];
    compacted = snapshot.last;
  }
  if (hardState !== undefined && prior !== undefined) {
    assert(hardState.term >= prior.term, `a term never falls: ${prior.term}, ${hardState.term}`);
    const keepsVote =
      hardState.term > prior.term || prior.vote === 0 || hardState.vote === prior.vote;
    assert(keepsVote, `a vote in term ${prior.term} is never changed`);
  }
  for (const [offset, { index, term }] of entries.entries()) {
    if (offset === 0) {
      assert(
        index > compacted.index && index <= last + 1,
        `entry ${index} does not follow ${last}`,
      );
      assert(index > (prior?.commit ?? 0), `entry ${index} would replace a committed one`);
      if (index <= last) {
        lastTerm = index - 1 === compacted.index ? compacted.term : (log?.term(index - 1) ?? 0);
      }
      last = index - 1;
    }
    assert(index === last + 1, `entries ${last} and ${index} are not in order`);
    assert(Number.isSafeInteger(term) && term >= lastTerm, `terms never fall: entry ${index}`);
    [last, lastTerm] = [index, term];
  }
  if (compactTo !== undefined) assert(compactTo <= last, `nothing to compact at ${compactTo}`);
}

function checkPresence({ group, create, destroy }: GroupWrite, log: GroupLog | undefined): void {
  const refuse = (why: string): never => {
    throw new VectorDbError('FAILED_PRECONDITION', `the log of group ${group} ${why}`);
  };
  if (create !== undefined) {
    assert(Number.isSafeInteger(create) && create > 0, 'a replica id is above 0');
    if (log !== undefined && log.state !== 'destroyed') refuse('is there already');
    if (log !== undefined && create <= log.replica) {
      refuse(`had replica ${log.replica}; replica ${create} may not come back`);
    }
    return;
  }
  if (log === undefined || log.state === 'destroyed') return refuse('is not there');
  if (log.state === 'corrupt' && destroy === undefined) refuse(`is corrupt: ${log.damage}`);
}
