import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LocalCluster } from './cluster/local-cluster.ts';
import { localNodes } from './cluster/local-node.ts';

/** Runs a cluster on this machine, from the configuration files of several, until Ctrl-C. */

const root = fileURLToPath(new URL('..', import.meta.url));
const NODES_MAX = 9;
const PORT_OFFSET_MAX = 50_000;
const USAGE_EXIT_CODE = 2;
const FAILURE_EXIT_CODE = 1;

const HELP = `npm run cluster -- [options] [-- flags for every node]

  --nodes N         how many nodes (3); those beyond the third take node 3's file
  --fresh           empties their data first
  --data FOLDER     where the data is (data/cluster)
  --port-offset P   added to every port (0)

For example: npm run cluster -- --nodes 4 -- --server.worker_threads=2
`;

/** A whole number from `min` to `max`; undefined: it is none. */
function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function options(): ReturnType<typeof parse> | undefined {
  try {
    return parse();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return undefined;
  }
}

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '3' },
      fresh: { type: 'boolean', default: false },
      data: { type: 'string', default: `${root}data/cluster` },
      'port-offset': { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  const count = wholeNumber(values.nodes, 1, NODES_MAX);
  const portOffset = wholeNumber(values['port-offset'], 0, PORT_OFFSET_MAX);
  if (count === undefined) throw new Error(`--nodes takes a number from 1 to ${NODES_MAX}`);
  if (portOffset === undefined)
    throw new Error(`--port-offset takes a number from 0 to ${PORT_OFFSET_MAX}`);
  return { ...values, data: resolve(values.data), count, portOffset, extraFlags: positionals };
}

async function run(given: ReturnType<typeof parse>): Promise<void> {
  const nodes = localNodes({
    count: given.count,
    portOffset: given.portOffset,
    dataDirectory: given.data,
    configurations: `${root}configs`,
    extraFlags: given.extraFlags,
  });
  if (given.fresh) {
    for (const { dataDirectory } of nodes)
      await rm(dataDirectory, { recursive: true, force: true });
  }
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const cluster = new LocalCluster({ nodes, main: `${root}src/main.ts`, write });
  const stop = Promise.withResolvers<void>();
  let signals = 0;
  // A terminal that is closed hangs up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) cluster.kill();
      else stop.resolve();
    });
  }
  write(`\n${cluster.table()}\n`);
  void cluster.ready().then((isReady) => {
    if (!isReady || signals > 0) return;
    write(
      `\n${cluster.table()}\n\nready: all ${nodes.length} nodes take requests; Ctrl-C stops them\n`,
    );
  });
  const first = await Promise.race([
    stop.promise.then(() => 'stop' as const),
    cluster.ended().then(() => 'ended' as const),
  ]);
  if (first === 'ended') {
    write('no node is left');
    process.exitCode = FAILURE_EXIT_CODE;
    return;
  }
  write('\nstopping the nodes, the last one first; once more to kill them\n');
  await cluster.stop();
}

const given = options();
if (given === undefined) process.exitCode = USAGE_EXIT_CODE;
else if (given.help) process.stdout.write(HELP);
else await run(given);
