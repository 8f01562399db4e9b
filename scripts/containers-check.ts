import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Drill } from './containers/drill.ts';
import { Engine } from './containers/engine.ts';

/** Builds the image, runs docker-compose.yml in a folder of its own, and shows what a cluster in containers has to do. */

const root = fileURLToPath(new URL('..', import.meta.url));
const IMAGE = 'grape-vector-db:latest';
/** What an operator copies to run the cluster. */
const FILES = [
  'docker-compose.yml',
  'configs',
  'containers',
  'nginx.conf',
  'prometheus.yml',
  'alert_rules.yml',
  'grafana',
];
const FAILURE_EXIT_CODE = 1;

const HELP = `npm run check:containers -- [options]

  --docker CLIENT      the engine's client (docker)
  --network NAME       network for building the image, such as host
  --built              takes the image that is there
  --keep               leaves the containers and their data for a look

Takes the ports of docker-compose.yml and about ten minutes. Without a container engine nothing is checked.
`;

const { values } = parseArgs({
  options: {
    docker: { type: 'string', default: 'docker' },
    network: { type: 'string', default: 'default' },
    built: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const startedAt = performance.now();

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

async function check(engine: Engine, folder: string): Promise<boolean> {
  const drill = new Drill({ engine, folder, say: (text) => say(`      ${text}`) });
  try {
    for (const [what, step] of drill.steps) {
      say(`  ... ${what}`);
      await step();
      say(`  ok  ${what}`);
    }
    return true;
  } catch (error) {
    say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
    for (const number of [1, 2, 3, 4]) {
      const { output } = await engine.tryDocker('logs', '--tail', '15', `grape-node-${number}`);
      say(`the end of node ${number}'s log:\n${output}`);
    }
    return false;
  } finally {
    await drill[Symbol.asyncDispose]();
  }
}

async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'grape-cluster-'));
  for (const name of FILES) await cp(join(root, name), join(folder, name), { recursive: true });
  const engine = await Engine.find({ docker: values.docker, folder });
  if (typeof engine === 'string') {
    say(`SKIPPED: ${engine}; nothing was checked`);
    await rm(folder, { recursive: true, force: true });
    return;
  }
  const there = await engine.docker('ps', '-a', '--filter', 'name=grape-node-', '-q');
  if (there !== '') {
    say(
      'REFUSED: containers named grape-node-… are there already, and this would take their place',
    );
    process.exitCode = FAILURE_EXIT_CODE;
    return;
  }
  if (!values.built) {
    say(`building ${IMAGE}`);
    await engine.docker('build', '--network', values.network, '-t', IMAGE, root);
  }
  const isRight = await check(engine, folder);
  if (values.keep) say(`kept: ${folder}`);
  else {
    await engine.compose('--profile', 'grow', 'down', '-v', '--timeout', '40');
    await rm(folder, { recursive: true, force: true });
  }
  say(isRight ? 'all is as it should be' : 'something is not as it should be');
  if (!isRight) process.exitCode = FAILURE_EXIT_CODE;
}

if (values.help) process.stdout.write(HELP);
else await run();
