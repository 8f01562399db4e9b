import type { BenchOptions } from './benchmark.ts';
import { type BenchNode, searchAll } from './bench-node.ts';
import { median, runLoad } from './load-generator.ts';
import type { NodeClient, SearchOptions } from './node-client.ts';
import type { Rescoring } from './raw-libraries.ts';
import type { RawProcess } from './raw-process.ts';
import { report } from './report.ts';
import { RestClient } from './rest-client.ts';
import { type EfReading, smallestEf } from './smallest-ef.ts';
import { RECALL_LIMIT, recallOf, type Truth, truthOf } from './truth.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

const RECALL = 0.99;
const REST_MAX = 1.8;
const GRPC_MAX = 2.2;
const CONCURRENCY = 8;
/** Searches over each interface before any is measured: servers run for long, and these have their code compiled. */
const WARM_CALLS = 10_000;

/** Something that searches all queries and says what that took. */
interface Contender extends EfReading {
  readonly name: string;
  /** Ratio to the raw loop that it may have at most. */
  readonly ratioMax?: number;
  /** Microseconds of processor time for one search. */
  measure(): Promise<number>;
  /** To be called once, before all measuring. */
  warmUp?(calls: number): Promise<void>;
}

/** What the searches of the cost benchmark are measured with. */
export interface SearchSetting {
  readonly node: BenchNode;
  readonly collection: string;
  readonly set: VectorSet;
  readonly truth: Truth;
  /** The library of the default engine. */
  readonly raw: RawProcess;
  readonly others: readonly { readonly process: RawProcess; readonly how: Rescoring }[];
  readonly rounds: number;
}

/**
 * Processor time of one search: the server's, and that of a plain loop around the library, at the least ef that finds 99 %. All take turns, round
 * after round, and ratios are taken within a round, since a machine is not always equally fast.
 *
 * @returns the server's least ef
 */
export async function measureSearches(
  setting: SearchSetting,
  options: BenchOptions,
): Promise<EfReading> {
  const { node, raw, others, rounds } = setting;
  const kernel = await rawContender(raw, 'kernel');
  const plain = rawAt(raw, 'plain', kernel);
  const served = await smallestEf(RECALL, (ef) => servedRecall(node.grpc, ef, setting));
  const contenders: Contender[] = [plain, kernel];
  if (served.ef !== plain.ef) {
    const { recall } = await raw.ask({ kind: 'search', ef: served.ef, how: 'kernel' });
    contenders.push(rawAt(raw, 'plain', { ef: served.ef, recall }));
  }
  for (const { process, how } of others) contenders.push(await rawContender(process, how));
  contenders.push(...servedContenders(setting, served));
  const readings = contenders.map((): number[] => []);
  for (const each of contenders) await each.warmUp?.(options.quick ? 0 : WARM_CALLS);
  // The first round fills caches.
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const microseconds = await contender.measure();
      if (round >= 0) readings[index]?.push(microseconds);
    }
  }
  reportSearches(contenders, readings, setting, options);
  return served;
}

async function rawContender(process: RawProcess, how: Rescoring): Promise<Contender> {
  const reading = await smallestEf(
    RECALL,
    async (ef) => (await process.ask({ kind: 'search', ef, how })).recall,
  );
  return rawAt(process, how, reading);
}

function rawAt(process: RawProcess, how: Rescoring, { ef, recall }: EfReading): Contender {
  const rescoring = { none: '', plain: ', rescored by a loop', kernel: ', rescored by kernels' };
  return {
    name: `raw ${process.kind}${rescoring[how]}`,
    ef,
    recall,
    async measure() {
      const { microseconds, count } = await process.ask({ kind: 'search', ef, how });
      return microseconds / count;
    },
  };
}

async function servedRecall(
  client: NodeClient,
  ef: number,
  { collection, set, truth }: SearchSetting,
): Promise<number> {
  const found = await searchAll(client, set, { collection, limit: RECALL_LIMIT, ef });
  return recallOf(found, (query) => truthOf(truth, query));
}

function servedContenders(setting: SearchSetting, reading: EfReading): Contender[] {
  const { node, collection, set } = setting;
  const search: SearchOptions = { collection, limit: RECALL_LIMIT, ef: reading.ef };
  const queries = countOf(set, 'queries');
  const served = (
    name: string,
    call: (query: number) => Promise<unknown>,
    ratioMax?: number,
  ): Contender => {
    const load = async (calls: number): Promise<void> => {
      const every = (index: number): Promise<unknown> => call(index % queries);
      const options = { concurrency: CONCURRENCY, calls, call: every };
      const { failures, firstFailure } = await runLoad(options);
      if (failures > 0) throw new Error(`${failures} searches failed: ${firstFailure}`);
    };
    return {
      name,
      ...reading,
      ...(ratioMax === undefined ? {} : { ratioMax }),
      async measure() {
        const before = node.processorSeconds();
        await load(queries);
        return ((node.processorSeconds() - before) * 1e6) / queries;
      },
      warmUp: load,
    };
  };
  const bodies = (client: RestClient, options: SearchOptions): string[] =>
    Array.from({ length: countOf(set, 'queries') }, (_, query) =>
      client.searchBody(vectorOf(set, 'queries', query), options),
    );
  const overRest = (name: string, texts: readonly string[], ratioMax?: number): Contender =>
    served(name, (query) => node.rest.send('POST', '/vectors/search', texts[query]), ratioMax);
  const overGrpc = (name: string, options: SearchOptions, ratioMax?: number): Contender =>
    served(name, (query) => node.grpc.search(vectorOf(set, 'queries', query), options), ratioMax);
  using short = new RestClient(node.restUrl, 1, 'single');
  return [
    overRest('REST', bodies(node.rest, search), REST_MAX),
    overRest('REST, numbers of 9 digits', bodies(short, search)),
    overRest('REST, payloads answered', bodies(node.rest, { ...search, payload: true })),
    overGrpc('gRPC', search, GRPC_MAX),
    overGrpc('gRPC, payloads answered', { ...search, payload: true }),
  ];
}

function reportSearches(
  contenders: readonly Contender[],
  readings: readonly (readonly number[])[],
  { set, rounds, node }: SearchSetting,
  { command, out, quick }: BenchOptions,
): void {
  const [plain, kernel] = readings as [number[], number[]];
  const ratioTo = (base: readonly number[], index: number): number =>
    median((readings[index] ?? []).map((value, round) => value / (base[round] as number)));
  const verdict = ({ ratioMax, recall }: Contender, index: number): string => {
    if (ratioMax === undefined) return '';
    const isReached = ratioTo(plain, index) <= ratioMax && recall >= RECALL;
    return `${isReached ? 'yes' : 'NO'} (<= ${ratioMax})`;
  };
  const rows = contenders.map((contender, index) => [
    contender.name,
    contender.ef,
    contender.recall,
    median(readings[index] ?? []),
    ratioTo(plain, index),
    ratioTo(kernel, index),
    verdict(contender, index),
  ]);
  const columns = [
    { title: 'search' },
    { title: 'ef', digits: 0 },
    { title: 'recall@10', digits: 4 },
    { title: 'CPU us', digits: 1 },
    { title: 'to raw', digits: 2 },
    { title: 'to raw with kernels', digits: 2 },
    { title: 'reached' },
  ];
  const first = vectorOf(set, 'queries', 0);
  const notes = {
    data: set.name,
    queries: countOf(set, 'queries'),
    parameters:
      'default engine, cosine, m 32, efConstruction 400, one sealed segment; i8, f32 and hnswlib: m 16, efConstruction 100',
    rounds,
    warmUpCalls: quick ? 0 : WARM_CALLS,
    concurrency: CONCURRENCY,
    restBodyBytes: node.rest.searchBody(first, { collection: '', limit: RECALL_LIMIT }).length,
    quick: String(quick),
  };
  const plot = {
    kind: 'bar',
    title: `Processor time of a search at recall@10 >= ${RECALL}, ${set.name}`,
    x: 'search',
    series: ['CPU us'],
    yTitle: 'microseconds',
  } as const;
  report({ name: 'cost-search', command, columns, rows, notes, plot }, out);
  if (!quick && rows.some((row) => String(row.at(-1)).startsWith('NO'))) process.exitCode = 1;
}
