import type { EntryRun } from './entry-runs.ts';
import { decodeGroupRecord } from './group-record.ts';
import type { GroupId } from './log-storage.ts';
import type { LossLedger, ReplayedGroup } from './loss-ledger.ts';
import { NO_GROUP, RECORD_HEADER_BYTES } from './record-header.ts';
import { decodeRoll } from './roll.ts';
import type { Segment } from './segment.ts';
import type { SegmentHead } from './segment-head.ts';
import type { DamagedRecord, FoundRecord, ScanItem } from './segment-scan.ts';

/**
 * Carries out the records of a log, file by file. A batch above the newest one that is known to be durable counts only as a whole and only when
 * everything before it is there: what else is found from there on was never acknowledged, and is cut off. Anything wrong below is damage, and goes to
 * the ledger.
 */
export class LogReplay {
  readonly #ledger: LossLedger;
  /** Undefined until the first head or record was read. */
  #nextRecord: number | undefined;
  #batch = 0;
  #before: GroupId = NO_GROUP;
  /** Whether the newest batch's last record was carried out. */
  #isBatchWhole = true;
  /** Damaged bytes since the last record or head. */
  #damage: string | undefined;

  constructor(ledger: LossLedger) {
    this.#ledger = ledger;
  }

  /** The group of the record carried out last. */
  get before(): GroupId {
    return this.#before;
  }

  get nextRecord(): number {
    return this.#nextRecord ?? 1;
  }

  get nextBatch(): number {
    return this.#batch + 1;
  }

  /** A file begins. */
  begin(head: SegmentHead, where: string): void {
    const missing = head.nextRecord - (this.#nextRecord ?? head.nextRecord);
    if (missing !== 0) {
      this.#ledger.lose(Math.abs(missing), undefined, this.#gapText(missing, where));
    } else if (this.#damage !== undefined) this.#ledger.notes.push(this.#damage);
    this.#damage = undefined;
    this.#before = NO_GROUP;
    this.#nextRecord = head.nextRecord;
    this.#batch = head.nextBatch - 1;
    this.#isBatchWhole = true;
    this.#ledger.confirm(head.roll, `the head of ${where}`);
  }

  /** A file whose head cannot be read begins: what its records say of their order has to do. */
  beginWithoutHead(where: string): void {
    this.#damage ??= `the head of ${where} is damaged`;
  }

  /**
   * The records of a file.
   *
   * @param durable - the newest batch that is known to be durable
   * @returns where the part that counts ends, when something is cut off
   */
  run(items: Iterable<ScanItem>, segment: Segment, durable: number): number | undefined {
    /** Records of a batch that may not be whole. */
    let pending: FoundRecord[] = [];
    for (const item of items) {
      const start = pending[0]?.position ?? item.position;
      const isUncertain = this.#expectedBatch > durable;
      if (item.what === 'damagedBytes') {
        if (isUncertain) return start;
        this.#damage ??= `bytes ${item.position} to ${item.to - 1} of ${segment.path} are damaged`;
        continue;
      }
      const { header } = item;
      const expected = (this.#nextRecord ?? header.record) + pending.length;
      const isUnknown = this.#nextRecord === undefined && header.record > 1;
      if (header.record !== expected || isUnknown || this.#damage !== undefined) {
        if (isUncertain) return start;
        this.#skipTo(item, segment, header.record - expected, isUnknown);
        if (header.batch > durable && !header.isFirst) {
          this.#ledger.lose(Infinity, undefined, `batch ${header.batch} is not whole`);
          return start;
        }
      }
      if (header.batch <= durable) {
        this.#carryOut(item, segment);
        continue;
      }
      const isBroken = item.what === 'damagedBody' || (pending.length === 0 && !header.isFirst);
      if (isBroken) return start;
      pending.push(item);
      if (!header.isLast) continue;
      for (const record of pending) this.#carryOut(record, segment);
      pending = [];
    }
    return pending[0]?.position;
  }

  /** Something that is known to have been there does not follow. */
  endIsMissing(text: string): void {
    this.#damage ??= text;
  }

  /** No file follows. */
  end(): void {
    if (!this.#isBatchWhole) this.#damage ??= `batch ${this.#batch} has no end`;
    if (this.#damage !== undefined) this.#ledger.lose(Infinity, undefined, this.#damage);
    this.#ledger.judge();
  }

  /** The batch that the next record belongs to. */
  get #expectedBatch(): number {
    return this.#isBatchWhole ? this.#batch + 1 : this.#batch;
  }

  #skipTo(
    item: FoundRecord | DamagedRecord,
    segment: Segment,
    gap: number,
    isUnknown: boolean,
  ): void {
    const { header, position } = item;
    const where = `${segment.path}, byte ${position}`;
    const missing = isUnknown || gap < 0 ? Infinity : gap;
    const before = missing === Infinity ? undefined : header.before;
    if (missing > 0) this.#ledger.lose(missing, before, this.#gapText(missing, where));
    else if (this.#damage !== undefined) this.#ledger.notes.push(this.#damage);
    this.#damage = undefined;
    this.#nextRecord = header.record;
  }

  #gapText(missing: number, where: string): string {
    const count = Number.isFinite(missing) && missing > 0 ? `${missing}` : 'some';
    return `${count} records before ${where} are missing${this.#damage === undefined ? '' : `: ${this.#damage}`}`;
  }

  #carryOut(item: FoundRecord | DamagedRecord, segment: Segment): void {
    const { header, position } = item;
    const where = `${segment.path}, byte ${position}`;
    this.#nextRecord = header.record + 1;
    this.#batch = header.batch;
    this.#before = header.group;
    this.#isBatchWhole = header.isLast;
    if (item.what === 'damagedBody') return this.#ledger.loseBody(header, where);
    if (header.kind === 'roll') {
      const roll = decodeRoll(item.body);
      if (roll === undefined) this.#ledger.loseBody(header, where);
      else this.#ledger.confirm(roll, where);
      return;
    }
    const stored = decodeGroupRecord(item.body);
    if (stored === undefined) return this.#ledger.loseBody(header, where);
    const group = this.#ledger.meet(header, where);
    const { table } = stored;
    const place = {
      segment,
      position: position + RECORD_HEADER_BYTES,
      bytes: header.bodyBytes,
      crc: header.bodyCrc,
    };
    const run: EntryRun | undefined = table && {
      first: table.first,
      term: table.term,
      from: table.first,
      to: table.first + table.count,
      place,
      cached: undefined,
      cachedBytes: 0,
      isLive: false,
    };
    this.#apply(group, item, stored, run);
  }

  #apply(
    group: ReplayedGroup,
    { header }: FoundRecord,
    stored: NonNullable<ReturnType<typeof decodeGroupRecord>>,
    run: EntryRun | undefined,
  ): void {
    if (header.kind === 'moved') {
      if (run !== undefined) group.log.runs.insert(run);
      return;
    }
    group.log.apply({ ...stored, replica: header.replica }, run);
    // Whatever was missed, the group begins or ends here.
    if (stored.create || stored.destroy) group.isKnown = true;
  }
}
