import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig, type LoadedConfig } from '../../src/config/load-config.ts';
import { readMachine } from '../../src/config/machine.ts';

const root = new URL('../../', import.meta.url);
const FILES = [
  ...readdirSync(new URL('configs', root)).map((name) => `configs/${name}`),
  'containers/single.toml',
];
/** Said of files that carry no secrets. */
const WARNINGS_EXPECTED = /api_key|tls_cert_path/;

type Checked = Extract<LoadedConfig, { config: unknown }>;

function load(file: string): Checked {
  const loaded = loadConfig({
    argv: ['--config', file, '--check-config'],
    env: {},
    readFile: (path) => readFileSync(new URL(path, root), 'utf8'),
    machine: readMachine(),
  });
  if (loaded.command !== 'check') throw new Error(`${file} is not checked`);
  return loaded;
}

test.each(FILES)('%s is right', (file) => {
  const { warnings } = load(file);
  expect(warnings.filter((warning) => !WARNINGS_EXPECTED.test(warning))).toEqual([]);
});

test('nodes of the cluster differ in who they are and whom they look for, and in nothing else', () => {
  const [first, ...others] = [1, 2, 3, 4].map(
    (number) => load(`configs/node${number}.toml`).config,
  );
  expect(first?.cluster.initialPeers).toEqual([
    'node-1@grape-node-1:7000',
    'node-2@grape-node-2:7000',
    'node-3@grape-node-3:7000',
  ]);
  others.forEach((config, at) => {
    const name = `node-${at + 2}`;
    expect(config.cluster).toMatchObject({
      nodeId: name,
      nodeAddress: `grape-${name}:6334`,
      initialPeers: [],
      joinCluster: true,
    });
    expect(config.cluster.seedNodes).toContain('node-1@grape-node-1:7000');
    const { nodeId, nodeAddress, initialPeers, joinCluster, seedNodes } = first?.cluster ?? {};
    const as = { nodeId, nodeAddress, initialPeers, joinCluster, seedNodes };
    expect({ ...config, cluster: { ...config.cluster, ...as } }).toEqual(first);
  });
});
