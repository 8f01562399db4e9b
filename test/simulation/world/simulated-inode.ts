import { GrowableBytes } from './growable-bytes.ts';
import type { RandomStream } from './random-streams.ts';

const SECTOR_BYTES = 512;

/** A change of a file that is not durable yet. */
type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/**
 * What becomes of changes that no sync made durable when the power goes: none of them is there, all are, the first ones are and the next one
 * is torn, or each sector has its own luck.
 */
export const CRASH_FATES = ['lost', 'kept', 'prefix', 'sectors'] as const;
export type CrashFate = (typeof CRASH_FATES)[number];

function change(bytes: GrowableBytes, one: Change): void {
  if (one.kind === 'truncate') bytes.resize(one.size);
  else bytes.write(one.position, one.bytes);
}

/** A file without a name: what a running process reads, and what is sure to be there after a crash. */
export class SimulatedInode {
  readonly number: number;
  readonly live = new GrowableBytes();
  readonly #durable = new GrowableBytes();
  /** Issued, in order; the first `#done` are in `live`. */
  #changes: Change[] = [];
  #done = 0;
  /** Bytes written so far, those on their way included. */
  size = 0;
  /** When the last issued change is done. */
  busyUntilMs = 0;
  /** Changes that became durable, ever. */
  changesMadeDurable = 0;
  /** Where what the newest sync made durable begins. */
  #newestWriteAt = 0;

  constructor(number: number) {
    this.number = number;
  }

  get durableSize(): number {
    return this.#durable.size;
  }

  /** Of the changes that no sync made durable. */
  get unsyncedChanges(): number {
    return this.#changes.length;
  }

  issueWrite(position: number, bytes: Uint8Array): void {
    this.#changes.push({ kind: 'write', position, bytes: bytes.slice() });
    this.size = Math.max(this.size, position + bytes.length);
  }

  issueTruncate(size: number): void {
    this.#changes.push({ kind: 'truncate', size });
    this.size = size;
  }

  /** The oldest change on its way has come to be seen. */
  complete(): void {
    const next = this.#changes[this.#done];
    this.#done += 1;
    if (next !== undefined) change(this.live, next);
  }

  /** The first `count` changes, all of which are done, are durable. */
  makeDurable(count: number): void {
    if (count <= 0) return;
    const durable = this.#changes.slice(0, count);
    for (const each of durable) change(this.#durable, each);
    const first = durable.find(({ kind }) => kind === 'write');
    if (first?.kind === 'write') this.#newestWriteAt = first.position;
    this.#changes = this.#changes.slice(count);
    this.changesMadeDurable += count;
    this.#done -= count;
  }

  /** The power goes. */
  crash(fate: CrashFate, random: RandomStream): void {
    const survivor = this.#durable;
    const kept =
      fate === 'lost' ? 0 : fate === 'kept' ? this.#changes.length : this.#keptPrefix(random);
    for (const [at, each] of this.#changes.entries()) {
      if (fate === 'sectors') scatter(survivor, each, random);
      else if (at < kept) change(survivor, each);
      else if (at === kept && fate === 'prefix') tear(survivor, each, random);
    }
    this.live.become(survivor);
    this.#changes = [];
    this.#done = 0;
    this.size = survivor.size;
    this.busyUntilMs = 0;
    this.#newestWriteAt = Math.min(this.#newestWriteAt, survivor.size);
  }

  #keptPrefix(random: RandomStream): number {
    return random.below(this.#changes.length + 1);
  }

  /** Bytes that can go bad and must be noticed: of the newest file all before what came with its newest sync, since nothing behind that tells that it was ever whole. */
  rottableBytes(isNewest: boolean): number {
    return isNewest ? Math.min(this.#newestWriteAt, this.#durable.size) : this.#durable.size;
  }

  /** A bit flips, or a sector is zero; false: the bytes were zero before. */
  rot(position: number, how: 'bit' | 'sector', random: RandomStream): boolean {
    const start = how === 'bit' ? position : position - (position % SECTOR_BYTES);
    const before = this.#durable.read(start, how === 'bit' ? 1 : SECTOR_BYTES);
    const bytes = before.slice();
    if (how === 'bit') bytes[0] = (bytes[0] ?? 0) ^ (1 << random.below(8));
    else bytes.fill(0);
    this.#durable.write(start, bytes);
    this.live.write(start, bytes);
    return bytes.some((byte, at) => byte !== before[at]);
  }
}

/** The first bytes of a change are there. */
function tear(bytes: GrowableBytes, one: Change, random: RandomStream): void {
  if (one.kind === 'write') {
    bytes.write(one.position, one.bytes.subarray(0, random.below(one.bytes.length + 1)));
  }
}

/** Some sectors of a change are there. */
function scatter(bytes: GrowableBytes, one: Change, random: RandomStream): void {
  if (one.kind === 'truncate') {
    if (random.happens(0.5)) bytes.resize(one.size);
    return;
  }
  for (let from = 0; from < one.bytes.length;) {
    const to = Math.min(
      one.bytes.length,
      from + SECTOR_BYTES - ((one.position + from) % SECTOR_BYTES),
    );
    if (random.happens(0.5)) bytes.write(one.position + from, one.bytes.subarray(from, to));
    from = to;
  }
}
