import type { EntryCache } from './entry-cache.ts';
import { isSameState, newSummary } from './group-summary.ts';
import type { GroupId } from './log-storage.ts';
import { NO_GROUP, type RecordHeader } from './record-header.ts';
import type { Roll } from './roll.ts';
import { SegmentGroupLog } from './segment-group-log.ts';

/** A group while the log is read. */
export interface ReplayedGroup {
  readonly log: SegmentGroupLog;
  /** Whether everything in its summary is sure: no record of it was missed since a roll or since it was created. */
  isKnown: boolean;
  /** Records are missing, and they may be this group's. */
  inDoubt: boolean;
  /** Records that are known to be missing, and are to be found missing again in the sequence of the group's next one. */
  pointed: number;
  /** What was lost first, for people. */
  loss: string | undefined;
}

/**
 * Finds out which groups lack records of a log that is read in order. Records of the log are numbered, so it is known how many are missing; each names the group of
 * the one before, and each group's are numbered and chained by CRC, so that most are found out whose they were. A group is in doubt until its next
 * record continues its chain, until all missing ones are accounted for, or until a roll names its newest record. Whoever is in doubt at
 * the end is corrupt.
 */
export class LossLedger {
  readonly groups = new Map<GroupId, ReplayedGroup>();
  /** What was found, for people; also what did no harm. */
  readonly notes: string[] = [];
  /** Why groups that nobody knows of may have been here. */
  #loss: string | undefined;
  /** Missing records that are not accounted for. */
  #missing = 0;
  #missingText = '';
  readonly #cache: EntryCache;

  constructor(cache: EntryCache) {
    this.#cache = cache;
  }

  /** See {@link Roll.loss}. */
  get loss(): string | undefined {
    return this.#missing > 0 ? this.#missingText : this.#loss;
  }

  /**
   * Records are missing here.
   *
   * @param count - above 0; Infinity: nobody knows how many
   * @param before - the group of the last of them
   */
  lose(count: number, before: GroupId | undefined, text: string): void {
    this.notes.push(text);
    this.#missing += count;
    this.#missingText = text;
    for (const group of this.groups.values()) group.inDoubt = true;
    if (before === undefined) return;
    if (before !== NO_GROUP) {
      const group = this.#groupOf(before);
      group.pointed += 1;
      this.#break(group, text);
    }
    this.#account(1);
  }

  /** A record of a group, before it is carried out. What came between it and the group's last one is missing. */
  meet(header: RecordHeader & { readonly crc: number }, where: string): ReplayedGroup {
    const group = this.#groupOf(header.group);
    const { summary } = group.log;
    const gap = header.sequence - summary.sequence - 1;
    if (gap === 0 && group.pointed === 0 && header.previous === summary.chain) {
      group.inDoubt = false;
    } else {
      const text = `${gap} records of group ${header.group} are missing before ${where}`;
      const isPossible = gap > 0 && gap >= group.pointed;
      if (!isPossible) this.lose(Infinity, undefined, text);
      this.#account(gap - group.pointed);
      this.#break(group, text);
      group.pointed = 0;
    }
    summary.sequence = header.sequence;
    summary.chain = header.crc;
    if (!group.isKnown) summary.replica = header.replica;
    return group;
  }

  /** A record of which the header alone could be read. */
  loseBody(header: RecordHeader & { readonly crc: number }, where: string): void {
    const text = `the record at ${where} is damaged`;
    this.notes.push(text);
    if (header.group !== NO_GROUP) this.#break(this.meet(header, where), text);
  }

  /** How all groups stood at this point: ends every doubt about what came before. */
  confirm(roll: Roll, where: string): void {
    const named = new Set<GroupId>();
    for (const summary of roll.groups) {
      named.add(summary.group);
      const group = this.#groupOf(summary.group);
      const found = group.log.summary;
      const isComplete =
        group.pointed === 0 && found.sequence === summary.sequence && found.chain === summary.chain;
      if (!isComplete)
        this.#break(group, `records of group ${summary.group} are missing before ${where}`);
      const contradicts =
        isComplete && group.isKnown && summary.state !== 'corrupt' && !isSameState(found, summary);
      Object.assign(found, summary);
      group.log.runs.compact(summary.compacted.index);
      group.log.runs.truncate(summary.lastIndex + 1);
      group.isKnown = true;
      group.pointed = 0;
      if (contradicts) group.log.corrupt(`its records contradict ${where}`);
    }
    for (const [number, group] of this.groups) {
      group.inDoubt = false;
      if (!named.has(number)) this.#break(group, `${where} does not know it`);
    }
    this.#missing = 0;
    this.#loss = roll.loss;
  }

  /** Nothing more comes: says of each group whether it can be relied on. */
  judge(): void {
    for (const { log, isKnown, inDoubt, loss } of this.groups.values()) {
      const { summary, runs } = log;
      const gap = runs.firstGap(log.firstIndex, summary.lastIndex + 1);
      if (inDoubt) log.corrupt(this.#missingText);
      else if (!isKnown) log.corrupt(loss ?? 'its records are not complete');
      else if (gap !== undefined)
        log.corrupt(`entry ${gap} is missing; ${loss ?? 'its file is gone'}`);
      if (log.state === 'corrupt') runs.clear();
      Object.assign(log.written, summary);
    }
  }

  #groupOf(number: GroupId): ReplayedGroup {
    let group = this.groups.get(number);
    if (group === undefined) {
      const log = new SegmentGroupLog(newSummary(number), this.#cache);
      // It may be new, or have lost its beginning: its first record tells.
      group = { log, isKnown: true, inDoubt: this.#missing > 0, pointed: 0, loss: undefined };
      this.groups.set(number, group);
    }
    return group;
  }

  #break(group: ReplayedGroup, text: string): void {
    group.loss ??= text;
    group.isKnown = false;
    group.log.runs.clear();
  }

  #account(count: number): void {
    this.#missing = Math.max(0, this.#missing - count);
    if (this.#missing > 0) return;
    for (const group of this.groups.values()) group.inDoubt = false;
  }
}
