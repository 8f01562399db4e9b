import { VectorDbError } from '../base/error.ts';
import type { Config, ConfigSection } from './config-schema.ts';
import type { ConfigProblem, SettingAssignment, SourceReading } from './config-source.ts';
import { type Environment, readEnvironment } from './environment-source.ts';
import { type FlagReading, type PrintFormat, readFlags } from './flag-source.ts';
import { inconsistencies } from './inconsistencies.ts';
import type { Machine } from './machine.ts';
import { expectedValue, isSettingValue, SETTINGS, type SettingValue } from './setting.ts';
import { readToml } from './toml-source.ts';

/** Where settings come from. */
export interface LoadConfigOptions {
  /** Arguments behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** The UTF-8 text of a file; throws where it cannot be read. */
  readonly readFile: (path: string) => string;
  readonly machine: Machine;
}

/** What the command line asks for. */
export type LoadedConfig =
  | { readonly command: 'help' | 'version' }
  | {
      readonly command: 'run' | 'check' | 'print';
      readonly config: Config;
      readonly printFormat: PrintFormat;
      /** Allowed, but hardly meant. */
      readonly warnings: readonly string[];
    };

/**
 * Puts the settings together: defaults, then the configuration file, then the environment, then flags; a later one wins.
 *
 * @throws {VectorDbError} INVALID_ARGUMENT, with all problems in its message, one a line; `field` is the first setting at fault
 */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const flags = readFlags(options.argv);
  // Who asks for help gets it, whatever else is wrong.
  if (flags.command === 'help' || flags.command === 'version') return { command: flags.command };
  refuse(flags.problems);
  const readings = [readConfigFile(flags, options), readEnvironment(options.env), flags];
  const problems = readings.flatMap((reading) => reading.problems);
  const assignments = readings.flatMap((reading) => reading.assignments);
  const values = new Map<string, SettingValue>();
  for (const assignment of assignments) problems.push(...assign(values, assignment));
  problems.push(...readSecretFiles(values, options.readFile));
  refuse(problems);
  refuse(namelessNode(values));
  const config = build(values, flags.configPath !== undefined, options.machine);
  refuse(inconsistencies(config));
  return {
    command: flags.command,
    config,
    printFormat: flags.printFormat,
    warnings: warningsFor(config),
  };
}

function refuse(problems: readonly ConfigProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const message = problems.map((problem) => problem.message).join('\n');
  throw new VectorDbError('INVALID_ARGUMENT', message, { field: first.field });
}

function readConfigFile(flags: FlagReading, options: LoadConfigOptions): SourceReading {
  const path = flags.configPath;
  if (path === undefined) return { assignments: [], problems: [] };
  let text: string;
  try {
    text = options.readFile(path);
  } catch (error) {
    const message = `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
    return { assignments: [], problems: [{ field: '--config', message }] };
  }
  return readToml(text, path);
}

function assign(
  values: Map<string, SettingValue>,
  { setting, value, source }: SettingAssignment,
): readonly ConfigProblem[] {
  if (isSettingValue(setting, value)) {
    values.set(setting.path, value);
    return [];
  }
  const given = setting.secret ? 'what was given' : describe(value);
  const message = `${setting.path} (${source}): expected ${expectedValue(setting)}, not ${given}`;
  return [{ field: setting.path, message }];
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  return JSON.stringify(value) ?? typeof value;
}

/** Nodes that were not given names would all have the same, and only one of them would be let in. */
function namelessNode(values: ReadonlyMap<string, SettingValue>): readonly ConfigProblem[] {
  const field = 'cluster.node_id';
  if (values.get('cluster.enabled') !== true || values.has(field)) return [];
  return [{ field, message: `${field}: a node of a cluster needs a name of its own` }];
}

/** Fills secrets from the files that are named in their place. */
function readSecretFiles(
  values: Map<string, SettingValue>,
  readFile: (path: string) => string,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const { path: field } of SETTINGS.filter((setting) => setting.secret)) {
    const fileField = `${field}_file`;
    const path = values.get(fileField);
    if (path === undefined || path === '') continue;
    if ((values.get(field) ?? '') !== '') {
      problems.push({ field: fileField, message: `${fileField}: ${field} is given as well` });
      continue;
    }
    try {
      const secret = readFile(String(path)).trim();
      if (secret === '') {
        problems.push({ field: fileField, message: `${fileField}: ${String(path)} is empty` });
      }
      values.set(field, secret);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({
        field: fileField,
        message: `${fileField}: cannot read ${String(path)}: ${reason}`,
      });
    }
  }
  return problems;
}

const MEMORY_SHARE = 0.8;

function build(
  values: ReadonlyMap<string, SettingValue>,
  hasFile: boolean,
  machine: Machine,
): Config {
  const sections: Partial<Record<ConfigSection, Record<string, SettingValue>>> = {};
  for (const setting of SETTINGS) {
    const value = values.get(setting.path) ?? setting.default;
    const section = (sections[setting.section] ??= {});
    section[setting.property] = Array.isArray(value) ? Object.freeze([...value]) : value;
  }
  const { server, storage } = sections as unknown as {
    server: Record<string, SettingValue>;
    storage: Record<string, SettingValue>;
  };
  if (server['host'] === '') server['host'] = hasFile ? '0.0.0.0' : '127.0.0.1';
  if (server['workerThreads'] === 0) server['workerThreads'] = machine.cores;
  if (storage['memoryLimitBytes'] === 0) {
    storage['memoryLimitBytes'] = Math.floor(machine.memoryBytes * MEMORY_SHARE);
  }
  for (const section of Object.values(sections)) Object.freeze(section);
  return Object.freeze(sections) as unknown as Config;
}

function warningsFor({ server, cluster, raft, sharding }: Config): readonly string[] {
  const warnings: string[] = [];
  const local = ['127.0.0.1', '::1', 'localhost'].includes(server.host);
  if (!local && server.apiKey === '') {
    warnings.push(
      `server.host is ${server.host} and no server.api_key is set: anyone who reaches it may do anything`,
    );
  }
  if (!local && server.apiKey !== '' && server.tlsCertPath === '') {
    warnings.push(
      'server.api_key travels unencrypted: set server.tls_cert_path, or put a proxy with TLS in front',
    );
  }
  if (cluster.enabled && !local && cluster.clusterToken === '' && raft.tlsCaPath === '') {
    warnings.push(
      'cluster.cluster_token is not set: whoever reaches the port between nodes may join, and has all data',
    );
  }
  if (cluster.enabled && !local && raft.tlsCertPath === '') {
    warnings.push('raft.tls_cert_path is not set: data travels between nodes unencrypted');
  }
  if (cluster.enabled && sharding.replicaCount % 2 === 0) {
    warnings.push(
      `sharding.replica_count is ${sharding.replicaCount}: one more than half of an even number has to be there, so that one copy less outlives as much`,
    );
  }
  return warnings;
}
