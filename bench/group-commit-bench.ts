import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import type { DataFile, FileSystem } from '../src/raft/log/file-system.ts';
import type { GroupWrite } from '../src/raft/log/log-storage.ts';
import { nodeFileSystem } from '../src/raft/log/node-file-system.ts';
import { SegmentedLog } from '../src/raft/log/segmented-log.ts';
import type { Benchmark, BenchOptions } from './benchmark.ts';
import { median } from './load-generator.ts';
import { report } from './report.ts';

const GROUPS = 17;
const ENTRY_BYTES = 1024;
const BATCHES = [1, 4, 16, 64, 256] as const;
const CLIENTS = [1, 4, 16, 64, 256, 1024] as const;
const RATIO_MIN = 0.6;
const ROUNDS = 5;
/** Of one way in one round. */
const TIME_MS = 400;
const QUICK_TIME_MS = 30;

/** The Raft log of all groups, beside a loop that appends the same bytes to one file and syncs it. */
export const groupCommitBench: Benchmark = {
  name: 'group-commit',
  summary: `entries a second in the Raft log by batch and by clients; fails below ${RATIO_MIN} of append and fdatasync (1 min)`,
  run: measureGroupCommit,
};

async function measureGroupCommit(options: BenchOptions): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/grape-bench-`);
  try {
    const timeMs = options.quick ? QUICK_TIME_MS : TIME_MS;
    const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
    const ratios = await measureBatches(folder, timeMs, rounds, options);
    await measureClients(folder, timeMs * 2, rounds, options);
    const worst = Math.min(...ratios);
    if (!options.quick && worst < RATIO_MIN) {
      throw new Error(`the log reaches ${worst.toFixed(2)} of append and fdatasync`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ENTRY = new Uint8Array(ENTRY_BYTES).map((_, place) => place * 7);

/** A log of all groups, which compacts as it goes so that its files come and go. */
class BenchLog {
  readonly #log: SegmentedLog;
  readonly #disk: CountedFileSystem;
  #next = 0;

  static async open(folder: string): Promise<BenchLog> {
    const disk = new CountedFileSystem();
    const log = await SegmentedLog.open({
      files: disk.files,
      folder,
      node: 1,
      clock: systemClock,
      random: systemRandom,
    });
    const groups = Array.from({ length: GROUPS }, (_, group) => group);
    await log.append(
      groups.map((group) => ({ group, create: 1 })),
      { sync: true },
    );
    return new BenchLog(log, disk);
  }

  private constructor(log: SegmentedLog, disk: CountedFileSystem) {
    this.#log = log;
    this.#disk = disk;
  }

  get syncs(): number {
    return this.#disk.syncs;
  }

  /** Appends entries, as evenly over the groups as they can be, and waits until they are durable. */
  async append(count: number): Promise<void> {
    await this.write(this.prepare(count));
  }

  /** What {@link append} writes. */
  prepare(count: number): readonly GroupWrite[] {
    const writes = new Map<number, number>();
    for (let entry = 0; entry < count; entry += 1) {
      const group = this.#next % GROUPS;
      writes.set(group, (writes.get(group) ?? 0) + 1);
      this.#next += 1;
    }
    return [...writes].map(([group, entries]) => this.#write(group, entries));
  }

  write(writes: readonly GroupWrite[]): Promise<void> {
    return this.#log.append(writes, { sync: true });
  }

  close(): PromiseLike<void> {
    return this.#log[Symbol.asyncDispose]();
  }

  #write(group: number, count: number): GroupWrite {
    const { lastIndex = 0, firstIndex = 1 } = this.#log.group(group) ?? {};
    const entries = Array.from({ length: count }, (_, place) => ({
      term: 1,
      index: lastIndex + 1 + place,
      kind: 'command' as const,
      data: ENTRY,
    }));
    const isLong = lastIndex - firstIndex > 10_000;
    return { group, entries, ...(isLong ? { compactTo: lastIndex - 1000 } : {}) };
  }
}

/** The machine's files, counting syncs of those that hold records. */
class CountedFileSystem {
  syncs = 0;

  readonly files: FileSystem = {
    ...nodeFileSystem,
    open: async (path, how): Promise<DataFile> => {
      const file = await nodeFileSystem.open(path, how);
      const sync = file.sync.bind(file);
      file.sync = () => {
        this.syncs += 1;
        return sync();
      };
      return file;
    },
  };
}

async function measureBatches(
  folder: string,
  timeMs: number,
  rounds: number,
  options: BenchOptions,
): Promise<readonly number[]> {
  const rows: number[][] = [];
  for (const batch of BATCHES) {
    const measured: Rates[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(await batchRates(`${folder}/${batch}-${round}`, batch, timeMs));
    }
    const log = median(measured.map((rates) => rates.log));
    rows.push([
      batch,
      median(measured.map((rates) => rates.plain)),
      log,
      (log * ENTRY_BYTES) / 1e6,
      median(measured.map((rates) => rates.log / rates.plain)),
    ]);
  }
  report(
    {
      name: 'group-commit',
      command: options.command,
      columns: [
        { title: 'entries a batch', digits: 0 },
        { title: 'append + fdatasync, entries/s', digits: 0 },
        { title: 'Raft log, entries/s', digits: 0 },
        { title: 'Raft log, MB/s', digits: 1 },
        { title: 'ratio', digits: 2 },
      ],
      rows,
      notes: notesOf(rounds, options),
      plot: {
        kind: 'line',
        title: 'Durable entries a second by batch',
        x: 'entries a batch',
        series: ['append + fdatasync, entries/s', 'Raft log, entries/s'],
        yTitle: 'entries/s',
        logX: true,
      },
    },
    options.out,
  );
  return rows.map((row) => row[4] ?? 0);
}

async function measureClients(
  folder: string,
  timeMs: number,
  rounds: number,
  options: BenchOptions,
): Promise<void> {
  const rows: number[][] = [];
  for (const clients of CLIENTS) {
    const measured: { readonly rate: number; readonly share: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(await clientRate(`${folder}/clients-${clients}-${round}`, clients, timeMs));
    }
    rows.push([
      clients,
      median(measured.map(({ rate }) => rate)),
      median(measured.map(({ share }) => share)),
    ]);
  }
  report(
    {
      name: 'group-commit-clients',
      command: options.command,
      columns: [
        { title: 'clients', digits: 0 },
        { title: 'entries/s', digits: 0 },
        { title: 'entries an fsync', digits: 1 },
      ],
      rows,
      notes: notesOf(rounds, options),
      plot: {
        kind: 'line',
        title: 'Durable entries a second by clients that wait for one each',
        x: 'clients',
        series: ['entries/s'],
        logX: true,
      },
    },
    options.out,
  );
}

const notesOf = (rounds: number, { quick }: BenchOptions): Record<string, string | number> => ({
  groups: GROUPS,
  'bytes an entry': ENTRY_BYTES,
  rounds,
  figures: 'medians of rounds; of the ratio too',
  quick: String(quick),
});

/** Entries a second of both ways. */
interface Rates {
  readonly plain: number;
  readonly log: number;
}

/**
 * Entries a second of a loop that puts batches of entries together, writes them to the end of a file and syncs each, and of the log with the same batches: one call of each in turn, so
 * that what else the machine and its disk do falls on both.
 */
async function batchRates(path: string, batch: number, timeMs: number): Promise<Rates> {
  const bytes = new Uint8Array(batch * ENTRY_BYTES);
  const file = await nodeFileSystem.open(`${path}.plain`, 'create');
  const log = await BenchLog.open(`${path}.log`);
  const spent = { plain: 0, log: 0 };
  let calls = 0;
  const start = performance.now();
  while (performance.now() - start < 2 * timeMs) {
    const writes = log.prepare(batch);
    const before = performance.now();
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) bytes.set(ENTRY, at);
    await file.write(file.size, bytes);
    await file.sync();
    const between = performance.now();
    await log.write(writes);
    const after = performance.now();
    calls += 1;
    // The first ones warm up.
    if (calls <= 10) continue;
    spent.plain += between - before;
    spent.log += after - between;
  }
  await log.close();
  await file.close();
  await rm(`${path}.plain`);
  await rm(`${path}.log`, { recursive: true });
  const entries = Math.max(1, calls - 10) * batch * 1000;
  return { plain: entries / spent.plain, log: entries / spent.log };
}

/** Clients that each append one entry, wait, and append the next. */
async function clientRate(
  path: string,
  clients: number,
  timeMs: number,
): Promise<{ readonly rate: number; readonly share: number }> {
  const log = await BenchLog.open(path);
  const before = log.syncs;
  const start = performance.now();
  let entries = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - start < timeMs) {
      await log.append(1);
      entries += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const rate = (entries * 1000) / (performance.now() - start);
  const share = entries / (log.syncs - before);
  await log.close();
  await rm(path, { recursive: true });
  return { rate, share };
}
