import {
  type ConfigProblem,
  type SettingAssignment,
  type SourceReading,
  unknownName,
} from './config-source.ts';
import { nearestName } from './nearest-name.ts';
import { parseSettingText, SETTINGS } from './setting.ts';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'GRAPE_';

/** Read by the command line, which may share a shell with the server. */
const CLIENT_NAMES: ReadonlySet<string> = new Set(['GRAPE_URL']);

/** What Kubernetes and Docker put into every container for a service that is itself called `grape…`. */
const SERVICE_LINK =
  /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_URL = /^(tcp|udp|sctp):\/\//;

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && SERVICE_LINK_URL.test(value));
}

/** Reads the variables that begin with `GRAPE_`; an empty one counts as not set. */
export function readEnvironment(environment: Environment): SourceReading {
  const settings = new Map(
    SETTINGS.flatMap((setting) => setting.environment.map((name) => [name, setting] as const)),
  );
  const assignments: SettingAssignment[] = [];
  const problems: ConfigProblem[] = [];
  // A short name counts for less than the regular one, whatever order the environment has.
  const names = Object.keys(environment).toSorted((a, b) => rank(settings, a) - rank(settings, b));
  for (const name of names) {
    const text = environment[name] ?? '';
    if (!name.startsWith(PREFIX) || text === '' || CLIENT_NAMES.has(name)) continue;
    const setting = settings.get(name);
    if (setting !== undefined && !SERVICE_LINK_URL.test(text)) {
      const value = parseSettingText(setting, text);
      assignments.push({ setting, value, source: `environment variable ${name}` });
    } else if (!isServiceLink(name, text)) {
      problems.push(unknownName(name, 'environment variable', nearestName(name, settings.keys())));
    }
  }
  return { assignments, problems };
}

function rank(
  settings: ReadonlyMap<string, { environment: readonly string[] }>,
  name: string,
): number {
  return settings.get(name)?.environment[0] === name ? 1 : 0;
}
