import type { Entry } from '../../../src/raft/core/entry.ts';
import type { GroupLog, LogStorage } from '../../../src/raft/log/log-storage.ts';

/** An entry whose data tell which one it is. */
export function logEntry(index: number, term: number, text = `${index}@${term}`): Entry {
  return { term, index, kind: 'command', data: new Uint8Array(Buffer.from(text)) };
}

/** Entries `from` up to, not including, `to`. */
export function logEntries(from: number, to: number, term: number): readonly Entry[] {
  return Array.from({ length: to - from }, (_, place) => logEntry(from + place, term));
}

/** Everything that can be seen of a group; of one that is not open, its state alone. */
export function viewGroup(log: GroupLog): unknown {
  const { group, replica, state, hardState, generation, compacted, firstIndex, lastIndex } = log;
  if (state === 'corrupt') return { group, state };
  const around = [firstIndex - 2, firstIndex - 1, lastIndex, lastIndex + 1];
  return {
    group,
    replica,
    state,
    damage: log.damage,
    hardState: [hardState.term, hardState.vote, hardState.commit],
    generation,
    compacted: [compacted.index, compacted.term],
    firstIndex,
    lastIndex,
    terms: around.map((index) => log.term(index)),
    entries: log
      .entries(firstIndex, lastIndex + 1, Infinity)
      .map(
        ({ term, index, kind, data }) =>
          `${index}@${term} ${kind} ${Buffer.from(data).toString('latin1')}`,
      ),
  };
}

/** A text for each group, by its number: equal where nothing that can be seen differs. */
export function viewLog(log: LogStorage): ReadonlyMap<number, string> {
  return new Map(log.groups.map((group) => [group.group, JSON.stringify(viewGroup(group))]));
}
