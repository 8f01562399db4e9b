import { parse } from '@iarna/toml';
import {
  type ConfigProblem,
  type SettingAssignment,
  type SourceReading,
  unknownName,
} from './config-source.ts';
import { nearestName } from './nearest-name.ts';
import { SETTINGS } from './setting.ts';

/** Reads the text of a configuration file; `path` names it in messages. */
export function readToml(text: string, path: string): SourceReading {
  let sections: Record<string, unknown>;
  try {
    sections = parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      assignments: [],
      problems: [{ field: path, message: `${path} is not TOML: ${reason}` }],
    };
  }
  const assignments: SettingAssignment[] = [];
  const problems: ConfigProblem[] = [];
  const known = new Set<string>(SETTINGS.map(({ section }) => section));
  for (const [section, keys] of Object.entries(sections)) {
    if (!known.has(section)) {
      problems.push(unknownName(section, path, nearestSection(section, known)));
    } else if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
      problems.push({
        field: section,
        message: `${section} (${path}) is a section: write [${section}]`,
      });
    } else {
      readSection(section, keys as Record<string, unknown>, path, assignments, problems);
    }
  }
  return { assignments, problems };
}

function nearestSection(name: string, sections: ReadonlySet<string>): string | undefined {
  // A key that slipped out of its section is the likelier mistake where a section has a key of that very name.
  const misplaced = SETTINGS.find(({ key }) => key === name);
  if (misplaced !== undefined) return `${misplaced.key} in [${misplaced.section}]`;
  const section = nearestName(name, sections);
  return section === undefined ? undefined : `[${section}]`;
}

function readSection(
  section: string,
  keys: Readonly<Record<string, unknown>>,
  path: string,
  assignments: SettingAssignment[],
  problems: ConfigProblem[],
): void {
  for (const [key, value] of Object.entries(keys)) {
    const field = `${section}.${key}`;
    const setting = SETTINGS.find((candidate) => candidate.path === field);
    if (setting === undefined) {
      problems.push(unknownName(field, path, nearestKey(section, key)));
    } else {
      assignments.push({ setting, value, source: path });
    }
  }
}

function nearestKey(section: string, key: string): string | undefined {
  const elsewhere = SETTINGS.find((setting) => setting.key === key);
  if (elsewhere !== undefined) return elsewhere.path;
  const nearest = nearestName(
    key,
    SETTINGS.filter((setting) => setting.section === section).map((setting) => setting.key),
  );
  return nearest === undefined ? undefined : `${section}.${nearest}`;
}
