import {
  type ConfigProblem,
  type SettingAssignment,
  type SourceReading,
  unknownName,
} from './config-source.ts';
import { nearestName } from './nearest-name.ts';
import { parseSettingText, type Setting, SETTINGS } from './setting.ts';

/** What the program is to do. */
export type Command = 'run' | 'check' | 'print' | 'help' | 'version';

/** How settings are printed. */
export type PrintFormat = 'toml' | 'json';

/** The command line, read. */
export interface FlagReading extends SourceReading {
  readonly command: Command;
  readonly printFormat: PrintFormat;
  /** Of the configuration file, where one is named. */
  readonly configPath: string | undefined;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  '--check-config': 'check',
  '--print-config': 'print',
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
};
const SOURCE = 'flag';

interface Progress {
  command: Command;
  printFormat: PrintFormat;
  configPath: string | undefined;
  readonly assignments: SettingAssignment[];
  readonly problems: ConfigProblem[];
}

/**
 * Reads the arguments behind the program's name: `--config PATH`, `--check-config`, `--print-config[=json]`, `--help`, `--version` and
 * `--section.key value`. A value may also follow `=`; a switch alone means true.
 */
export function readFlags(argv: readonly string[]): FlagReading {
  const settings = new Map(SETTINGS.map((setting) => [`--${setting.path}`, setting]));
  const progress: Progress = {
    command: 'run',
    printFormat: 'toml',
    configPath: undefined,
    assignments: [],
    problems: [],
  };
  for (let at = 0; at < argv.length;) at += readFlag(argv, at, settings, progress);
  return progress;
}

/** Reads the flag at `at` and tells how many arguments it took. */
function readFlag(
  argv: readonly string[],
  at: number,
  settings: ReadonlyMap<string, Setting>,
  progress: Progress,
): number {
  const argument = argv[at] ?? '';
  const equals = argument.indexOf('=');
  const name = equals < 0 ? argument : argument.slice(0, equals);
  const inline = equals < 0 ? undefined : argument.slice(equals + 1);
  const next = argv[at + 1];
  const following = next === undefined || next.startsWith('--') ? undefined : next;
  const setting = settings.get(name);
  if (setting !== undefined) {
    return readSetting(setting, name, inline, following, progress);
  }
  if (name === '--config') {
    progress.configPath = inline ?? following;
    if (progress.configPath === undefined || progress.configPath === '') {
      progress.problems.push({ field: name, message: `${name} needs a path` });
    }
    return inline === undefined && following !== undefined ? 2 : 1;
  }
  const command = COMMANDS[name];
  if (command === undefined || (inline !== undefined && command !== 'print')) {
    const names = [...settings.keys(), '--config', ...Object.keys(COMMANDS)];
    progress.problems.push(
      unknownName(argument, SOURCE, nearestName(name, names) ?? withSection(name, names)),
    );
    return 1;
  }
  // Help wins over everything, so that it can be added to any command line.
  if (progress.command !== 'help') progress.command = command;
  if (inline === 'json' || inline === 'toml') progress.printFormat = inline;
  else if (inline !== undefined) {
    progress.problems.push({ field: name, message: `${name} takes toml or json, not ${inline}` });
  }
  return 1;
}

function readSetting(
  setting: Setting,
  name: string,
  inline: string | undefined,
  following: string | undefined,
  progress: Progress,
): number {
  const text = inline ?? following ?? (setting.kind === 'boolean' ? 'true' : undefined);
  if (text === undefined) {
    progress.problems.push({ field: setting.path, message: `${SOURCE} ${name} needs a value` });
    return 1;
  }
  const value = parseSettingText(setting, text);
  progress.assignments.push({ setting, value, source: `${SOURCE} ${name}` });
  return inline === undefined && following !== undefined ? 2 : 1;
}

/** The flag that has this key in some section. */
function withSection(name: string, names: readonly string[]): string | undefined {
  return names.find((candidate) => candidate.endsWith(`.${name.replace(/^--/, '')}`));
}
