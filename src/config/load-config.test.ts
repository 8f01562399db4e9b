import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import type { Config } from './config-schema.ts';
import { loadConfig, type LoadConfigOptions } from './load-config.ts';
import { printConfig } from './print-config.ts';
import { type Setting, SETTINGS, type SettingValue } from './setting.ts';
import { helpText } from './help-text.ts';

const MACHINE = { cores: 3, memoryBytes: 1000 };

interface Sources {
  readonly toml?: string;
  readonly env?: LoadConfigOptions['env'];
  readonly flags?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

function options({ toml, env = {}, flags = [], files = {} }: Sources): LoadConfigOptions {
  const all: Readonly<Record<string, string>> = {
    ...files,
    ...(toml === undefined ? {} : { 'node.toml': toml }),
  };
  return {
    argv: [...(toml === undefined ? [] : ['--config', 'node.toml']), ...flags],
    env,
    machine: MACHINE,
    readFile(path) {
      const text = all[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
  };
}

function load(sources: Sources): Config {
  const loaded = loadConfig(options(sources));
  if (!('config' in loaded)) throw new Error(`no settings after ${loaded.command}`);
  return loaded.config;
}

function refusal(sources: Sources): VectorDbError {
  try {
    loadConfig(options(sources));
  } catch (error) {
    if (error instanceof VectorDbError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

const valueOf = (config: Config, setting: Setting): unknown =>
  (config[setting.section] as Readonly<Record<string, unknown>>)[setting.property];

/** Values that rules between settings tie to others; given together with what they need. */
const NODE_TLS = ['raft.tls_cert_path', 'raft.tls_key_path', 'raft.tls_ca_path'];
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'server.read_only_api_key': ['server.api_key'],
  'server.tls_cert_path': ['server.tls_key_path'],
  'server.tls_key_path': ['server.tls_cert_path'],
  'cluster.enabled': ['cluster.node_id', 'cluster.initial_peers'],
  'cluster.join_cluster': ['cluster.seed_nodes'],
  'server.read_only_api_key_file': ['server.api_key'],
  ...Object.fromEntries(NODE_TLS.map((path) => [path, NODE_TLS])),
};
const FILES = { 'a-file': 'from-a-file\n' };

/** A right value that differs from the default. */
function otherValue(setting: Setting): SettingValue {
  if (setting.path.endsWith('_file')) return 'a-file';
  if (setting.key.endsWith('_address')) return 'some-host:1234';
  switch (setting.kind) {
    case 'integer': {
      const halved = Math.floor(Number(setting.default) / 2);
      return (
        [halved, Number(setting.default) + 1].find(
          (value) =>
            value >= Number(setting.minimum) &&
            value !== setting.default &&
            setting.path !== 'raft.election_timeout_ms' &&
            !RAISED.has(setting.path),
        ) ?? Number(setting.default) + 1
      );
    }
    case 'number':
      return Number(setting.default) / 2;
    case 'boolean':
      return setting.default !== true;
    case 'text':
      return `other-${setting.key.replaceAll('_', '-')}`;
    case 'choice':
      return setting.choices.find((choice) => choice !== setting.default && choice !== '') ?? '';
    case 'list':
      return ['node-1@host:7000', 'node-2@host:7000'];
  }
}
/** Halving these breaks a rule between settings. */
const RAISED = new Set([
  'limits.ef_max',
  'limits.dimension_max',
  'index.max_segment_points',
  'limits.body_bytes_max',
  'limits.write_queue_bytes_max',
  'vector.dimension',
]);
const ADJUSTED: Readonly<Record<string, SettingValue>> = {
  'limits.dimension_max': 1000,
  'cluster.node_id': 'node-2',
  'cluster.host_overlay': ['host-1=127.0.0.1', 'host-2:7000=127.0.0.1:7001'],
  'vector.dimension': 5,
};

const chosenValue = (setting: Setting): SettingValue =>
  ADJUSTED[setting.path] ?? otherValue(setting);
const asText = (value: SettingValue): string =>
  typeof value === 'object' ? value.join(',') : String(value);

function assignmentsFor(setting: Setting): readonly (readonly [Setting, SettingValue])[] {
  const companions = SETTINGS.filter(
    ({ path }) => path !== setting.path && COMPANIONS[setting.path]?.includes(path),
  );
  return [setting, ...companions].map((each) => [each, chosenValue(each)] as const);
}

describe.each(SETTINGS.map((setting) => [setting.path, setting] as const))('%s', (_, setting) => {
  const expected = chosenValue(setting);
  const assignments = assignmentsFor(setting);

  test('can be set in the file', () => {
    const toml = assignments
      .map(([each, value]) => `${each.path} = ${JSON.stringify(value)}`)
      .join('\n');
    expect(valueOf(load({ toml, files: FILES }), setting)).toEqual(expected);
  });

  test.each(setting.environment)('can be set by the environment as %s', (name) => {
    const env = Object.fromEntries(
      assignments.map(([each, value], index) => [
        index === 0 ? name : (each.environment[0] as string),
        asText(value),
      ]),
    );
    expect(valueOf(load({ env, files: FILES }), setting)).toEqual(expected);
  });

  test('can be set by a flag, in both forms', () => {
    const apart = assignments.flatMap(([each, value]) => [`--${each.path}`, asText(value)]);
    const together = assignments.map(([each, value]) => `--${each.path}=${asText(value)}`);
    expect(valueOf(load({ flags: apart, files: FILES }), setting)).toEqual(expected);
    expect(valueOf(load({ flags: together, files: FILES }), setting)).toEqual(expected);
  });

  test('is explained by --help', () => {
    expect(helpText()).toContain(`--${setting.path}  (${setting.environment.join(', ')})`);
  });

  test('refuses a value of another type, and names key and source', () => {
    const wrong = setting.kind === 'text' || setting.kind === 'choice' ? '7' : '"wrong"';
    const error = refusal({ toml: `${setting.path} = ${wrong}` });
    expect(error.field).toBe(setting.path);
    expect(error.message).toContain(`${setting.path} (node.toml): expected `);
  });
});

test.each(
  SETTINGS.filter((setting) => setting.maximum !== undefined).map(
    (each) => [each.path, each] as const,
  ),
)('%s refuses values out of its range', (_, setting) => {
  for (const value of [Number(setting.minimum) - 1, Number(setting.maximum) + 2]) {
    expect(refusal({ flags: [`--${setting.path}=${value}`] }).message).toContain(
      `${setting.path} (flag --${setting.path}): expected `,
    );
  }
});

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const toml = '[index]\nm = 5\nef_search = 6\nef_construction = 7';
  const env = { GRAPE_INDEX_EF_SEARCH: '60', GRAPE_INDEX_EF_CONSTRUCTION: '70' };
  const config = load({ toml, env, flags: ['--index.ef_construction', '700'] });
  expect(config.index).toMatchObject({ m: 5, efSearch: 60, efConstruction: 700, mergeFanIn: 4 });
});

test('the regular name wins over the short one', () => {
  for (const env of [
    { GRAPE_NODE_ID: 'short', GRAPE_CLUSTER_NODE_ID: 'regular' },
    { GRAPE_CLUSTER_NODE_ID: 'regular', GRAPE_NODE_ID: 'short' },
  ]) {
    expect(load({ env }).cluster.nodeId).toBe('regular');
  }
});

test('listens on loopback without a configuration file, else on all interfaces', () => {
  expect(load({}).server.host).toBe('127.0.0.1');
  expect(load({ toml: '' }).server.host).toBe('0.0.0.0');
  expect(load({ toml: '', flags: ['--server.host=::1'] }).server.host).toBe('::1');
});

test('takes threads and memory from the machine where they are not given', () => {
  expect(load({}).server.workerThreads).toBe(3);
  expect(load({}).storage.memoryLimitBytes).toBe(800);
});

test('the settings are frozen at every depth', () => {
  const config = load({ toml: '[cluster]\nseed_nodes = ["a@b:1"]' });
  for (const part of [config, ...Object.values(config), config.cluster.seedNodes]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test.each<[string, Sources, string]>([
  [
    'a key of the file',
    { toml: '[server]\nrest_prot = 1' },
    'server.rest_prot (node.toml) is not known; did you mean server.rest_port?',
  ],
  [
    'a key in the wrong section',
    { toml: '[server]\nshard_count = 1' },
    'did you mean sharding.shard_count?',
  ],
  ['a key in no section', { toml: 'rest_port = 1' }, 'did you mean rest_port in [server]?'],
  [
    'a section',
    { toml: '[sever]\nhost = "x"' },
    'sever (node.toml) is not known; did you mean [server]?',
  ],
  [
    'an environment variable',
    { env: { GRAPE_SERVER_REST_PROT: '1' } },
    'did you mean GRAPE_SERVER_REST_PORT?',
  ],
  [
    'a variable like nothing else',
    { env: { GRAPE_COLOUR: '1' } },
    'GRAPE_COLOUR (environment variable) is not known',
  ],
  ['a flag without its section', { flags: ['--data_dir', 'x'] }, 'mean --server.data_dir?'],
  ['a flag', { flags: ['--server.rest-port', '1'] }, 'did you mean --server.rest_port?'],
  ['a word that is no flag', { flags: ['serve'] }, 'serve (flag) is not known'],
  [
    'a value for a command',
    { flags: ['--check-config=yes'] },
    '--check-config=yes (flag) is not known',
  ],
])('refuses %s that is not known', (_, sources, message) => {
  expect(refusal(sources).message).toContain(message);
});

test('leaves the variables of other programs and of service links alone', () => {
  const env = {
    PATH: '/bin',
    GRAPE_URL: 'http://localhost:6333',
    GRAPE_SERVICE_HOST: '10.0.0.1',
    GRAPE_SERVICE_PORT_REST: '6333',
    GRAPE_PORT: 'tcp://10.0.0.1:6333',
    GRAPE_PORT_6333_TCP_ADDR: '10.0.0.1',
    GRAPE_SERVER_PORT: 'tcp://10.0.0.1:6333',
    GRAPE_SERVER_REST_PORT: '',
  };
  expect(load({ env })).toEqual(load({}));
});

test.each<[string, Sources, string]>([
  ['broken TOML', { toml: '[server' }, 'node.toml is not TOML'],
  ['a value in the place of a section', { toml: 'server = 1' }, 'server (node.toml) is a section'],
  [
    'an integer too large to be exact',
    { toml: '[storage]\nmemory_limit_bytes = 9223372036854775807' },
    'not 9223372036854775807',
  ],
  [
    'a file that is not there',
    { flags: ['--config', 'gone.toml'] },
    'cannot read gone.toml: no such file',
  ],
  ['a missing path', { flags: ['--config'] }, '--config needs a path'],
  [
    'a missing value',
    { flags: ['--server.host', '--check-config'] },
    '--server.host needs a value',
  ],
  ['a format that is not known', { flags: ['--print-config=xml'] }, 'takes toml or json, not xml'],
  [
    'a key next to its file',
    { flags: ['--server.api_key=k', '--server.api_key_file=a-file'], files: FILES },
    'server.api_key is given as well',
  ],
  ['an empty key file', { flags: ['--server.api_key_file=f'], files: { f: '\n' } }, 'f is empty'],
  ['a key file that is not there', { flags: ['--server.api_key_file=f'] }, 'cannot read f'],
  ['half of a key pair', { flags: ['--server.tls_cert_path=f'] }, 'go together'],
  ['a reader without a writer', { flags: ['--server.read_only_api_key=k'] }, 'needs api_key'],
  [
    'two keys that are one',
    { flags: ['--server.read_only_api_key=k', '--server.api_key=k'] },
    'must differ',
  ],
  ['no folder', { flags: ['--server.data_dir='] }, 'must name a folder'],
  [
    'one port twice',
    { flags: ['--server.grpc_port=6333'] },
    'is the same port as server.rest_port (6333)',
  ],
  ['slow heartbeats', { flags: ['--raft.heartbeat_interval_ms=501'] }, 'at most half'],
  [
    'two quantizations',
    { flags: ['--vector.binary_quantization', '--vector.quantization=int8'] },
    'contradicts',
  ],
  [
    'too many dimensions',
    { flags: ['--limits.dimension_max=100'] },
    'above limits.dimension_max (100)',
  ],
  ['too large an ef', { flags: ['--limits.ef_max=100'] }, 'above limits.ef_max (100)'],
  [
    'segments that are never full',
    { flags: ['--index.max_segment_points=100'] },
    'below growing_rows',
  ],
  [
    'payloads larger than bodies',
    { flags: ['--limits.body_bytes_max=1000'] },
    'above body_bytes_max',
  ],
  [
    'bodies larger than their queue',
    { flags: ['--limits.write_queue_bytes_max=1000'] },
    'below body_bytes_max',
  ],
  ['a node id with a space', { flags: ['--cluster.node_id=a b'] }, 'cluster.node_id'],
  ['an address without a port', { env: { GRAPE_RAFT_ADDRESS: 'host' } }, 'is not host:port'],
  [
    'a peer without a name',
    { flags: ['--cluster.initial_peers=host:7000'] },
    'is not node@host:port',
  ],
  ['joining nobody', { flags: ['--cluster.join_cluster'] }, 'needs seed_nodes'],
  [
    'joining and founding',
    {
      flags: [
        '--cluster.join_cluster',
        '--cluster.seed_nodes=a@b:1',
        '--cluster.initial_peers=a@b:1',
      ],
    },
    'founds a cluster or joins one',
  ],
  ['a port that there is none of', { env: { GRAPE_RAFT_ADDRESS: 'host:70000' } }, 'not host:port'],
  [
    'a peer twice',
    { flags: ['--cluster.initial_peers=node-1@a:1,node-1@b:1'] },
    'names node-1 twice',
  ],
  [
    'first members without this one',
    { flags: ['--cluster.initial_peers=node-2@a:1,node-3@b:1'] },
    'does not have this node (node-1)',
  ],
  [
    'a cluster that nobody is named of',
    { flags: ['--cluster.enabled', '--cluster.node_id=node-1'] },
    'needs initial_peers, or join_cluster',
  ],
  [
    'a node of a cluster without a name',
    { flags: ['--cluster.enabled', '--cluster.initial_peers=node-1@a:1'] },
    'cluster.node_id: a node of a cluster needs a name of its own',
  ],
  ['a place of nothing', { flags: ['--cluster.host_overlay=host'] }, 'is not name=place'],
  [
    'encryption between nodes without authorities',
    { flags: ['--raft.tls_cert_path=a', '--raft.tls_key_path=b'] },
    'goes together with tls_key_path and tls_ca_path',
  ],
])('refuses %s', (_, sources, message) => {
  const error = refusal(sources);
  expect(error.code).toBe('INVALID_ARGUMENT');
  expect(error.field).toBeDefined();
  expect(error.message).toContain(message);
});

test('tells all problems at once', () => {
  const error = refusal({
    toml: '[server]\nrest_port = -1\nhots = "x"',
    env: { GRAPE_INDEX_M: 'x' },
  });
  expect(error.message.split('\n')).toHaveLength(3);
});

test('two free ports do not meet', () => {
  const flags = ['--server.rest_port=0', '--server.grpc_port=0', '--monitoring.prometheus_port=0'];
  expect(load({ flags }).server.grpcPort).toBe(0);
});

test('a secret comes from a file, without the line end', () => {
  const flags = ['--server.api_key_file', 'a-file'];
  expect(load({ flags, files: FILES }).server.apiKey).toBe('from-a-file');
});

test('a switch alone means true, before another flag and at the end', () => {
  const flags = [
    '--cluster.enabled',
    '--cluster.node_id=node-1',
    '--cluster.initial_peers=node-1@a:1',
    '--vector.binary_quantization',
  ];
  const config = load({ flags });
  expect([config.cluster.enabled, config.vector.binaryQuantization]).toEqual([true, true]);
});

test('lists may be JSON', () => {
  const env = { GRAPE_CLUSTER_SEED_NODES: '["a@b:1", "c@d:2"]' };
  expect(load({ env }).cluster.seedNodes).toEqual(['a@b:1', 'c@d:2']);
  expect(refusal({ env: { GRAPE_CLUSTER_SEED_NODES: '[1]' } }).field).toBe('cluster.seed_nodes');
  expect(refusal({ env: { GRAPE_CLUSTER_SEED_NODES: '[' } }).field).toBe('cluster.seed_nodes');
});

test.each([
  [['--help'], 'help'],
  [['-h', '--nonsense'], 'help'],
  [['--version'], 'version'],
  [['--check-config'], 'check'],
  [['--print-config'], 'print'],
  [['--print-config', '--help', '--check-config'], 'help'],
  [[], 'run'],
])('%j means %s', (flags, command) => {
  expect(loadConfig(options({ flags })).command).toBe(command);
});

test('what is printed can be read again and means the same', () => {
  const flags = [
    '--cluster.seed_nodes=a@b:1,c@d:2',
    '--server.data_dir=a "b"',
    '--limits.body_bytes_max=123456789',
  ];
  const config = load({ flags });
  expect(load({ toml: printConfig(config, 'toml') })).toEqual(config);
  const json = JSON.parse(printConfig(config, 'json')) as Record<string, Record<string, unknown>>;
  expect(json['limits']?.['body_bytes_max']).toBe(123_456_789);
});

test('secrets are not printed and stand in no message', () => {
  const secrets = SETTINGS.filter((setting) => setting.secret);
  expect(secrets.map(({ path }) => path)).toEqual([
    'server.api_key',
    'server.read_only_api_key',
    'cluster.cluster_token',
  ]);
  const config = load({ flags: secrets.map(({ path }) => `--${path}=hidden-${path}`) });
  expect(printConfig(config, 'toml') + printConfig(config, 'json')).not.toContain('hidden');
  expect(refusal({ toml: 'server.api_key = ["hidden"]' }).message).not.toContain('hidden');
});

test('warns of what is allowed but hardly meant', () => {
  const warned = (...flags: string[]): (string | undefined)[] => {
    const loaded = loadConfig(
      options({ flags: [...flags, '--cluster.node_id=a', '--cluster.initial_peers=a@b:1'] }),
    );
    return 'warnings' in loaded ? loaded.warnings.map((text) => text.split(' ')[0]) : [];
  };
  const isOpen = ['--server.host=0.0.0.0', '--cluster.enabled'];
  const tls = ['cert', 'key', 'ca'].map((name) => `--raft.tls_${name}_path=${name}`);
  expect(warned()).toEqual([]);
  expect(warned('--cluster.enabled')).toEqual([]);
  expect(warned(...isOpen)).toEqual(['server.host', 'cluster.cluster_token', 'raft.tls_cert_path']);
  expect(warned(...isOpen, ...tls)).toEqual(['server.host']);
  expect(warned('--cluster.enabled', '--sharding.replica_count=2')).toEqual([
    'sharding.replica_count',
  ]);
});
