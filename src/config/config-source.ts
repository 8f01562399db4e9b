import type { Setting } from './setting.ts';

/** A value for a setting, and where it was written. */
export interface SettingAssignment {
  readonly setting: Setting;
  /** Not checked yet. */
  readonly value: unknown;
  /** For messages: `config.toml`, `environment variable GRAPE_NODE_ID`, `flag --server.host`. */
  readonly source: string;
}

/** What one source (file, environment, flags) says, and what is wrong with it. */
export interface SourceReading {
  readonly assignments: readonly SettingAssignment[];
  readonly problems: readonly ConfigProblem[];
}

/** Something wrong in a source. */
export interface ConfigProblem {
  /** The setting at fault, as `section.key`, or the name that is not known. */
  readonly field: string;
  readonly message: string;
}

/** The problem of a name that is no setting. */
export function unknownName(
  field: string,
  source: string,
  nearest: string | undefined,
): ConfigProblem {
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return { field, message: `${field} (${source}) is not known${hint}` };
}
