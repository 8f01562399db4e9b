import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { must } from '../base/assert.ts';
import { CONFIG_SCHEMA, type ConfigSection } from './config-schema.ts';

/** The value of a setting. */
export type SettingValue = string | number | boolean | readonly string[];

/** One row of the schema. */
export interface Setting {
  readonly section: ConfigSection;
  /** Name in TypeScript: `restPort`. */
  readonly property: string;
  /** Name in a configuration file: `rest_port`. */
  readonly key: string;
  /** `server.rest_port`: names the setting in messages; with `--` before it, a flag. */
  readonly path: string;
  /** Names in the environment; the regular one first. */
  readonly environment: readonly string[];
  readonly kind: 'integer' | 'number' | 'boolean' | 'text' | 'choice' | 'list';
  readonly choices: readonly string[];
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly default: SettingValue;
  readonly description: string;
  readonly secret: boolean;
  readonly schema: TSchema;
}

interface RawSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: SettingValue;
  readonly description?: string;
  readonly secret?: boolean;
  readonly env?: string;
}

const KINDS: Readonly<Record<string, Setting['kind']>> = {
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  string: 'text',
  array: 'list',
};

const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function settingOf(section: ConfigSection, property: string, schema: TSchema): Setting {
  const raw: RawSchema = schema;
  const key = snakeCase(property);
  return {
    section,
    property,
    key,
    path: `${section}.${key}`,
    environment: [
      `GRAPE_${section}_${key}`.toUpperCase(),
      ...(raw.env === undefined ? [] : [raw.env]),
    ],
    kind: raw.enum === undefined ? must(KINDS[raw.type ?? ''], `kind of ${key}`) : 'choice',
    choices: raw.enum ?? [],
    minimum: raw.minimum,
    maximum: raw.maximum,
    default: must(raw.default, `default of ${key}`),
    description: must(raw.description, `description of ${key}`),
    secret: raw.secret ?? false,
    schema,
  };
}

/** All settings, in the order of the schema. */
export const SETTINGS: readonly Setting[] = Object.entries(CONFIG_SCHEMA.properties).flatMap(
  ([section, { properties }]) =>
    Object.entries(properties).map(([property, schema]) =>
      settingOf(section as ConfigSection, property, schema),
    ),
);

/** What the setting takes, in words: `an integer from 0 to 65535`. */
export function expectedValue(setting: Setting): string {
  const range = `from ${setting.minimum} to ${setting.maximum}`;
  switch (setting.kind) {
    case 'integer':
      return `an integer ${range}`;
    case 'number':
      return `a number ${range}`;
    case 'boolean':
      return 'true or false';
    case 'text':
      return 'a string';
    case 'choice':
      return `one of ${setting.choices.map((choice) => `"${choice}"`).join(', ')}`;
    case 'list':
      return 'a list of strings';
  }
}

/** Whether `value` is one that the setting takes. */
export function isSettingValue(setting: Setting, value: unknown): value is SettingValue {
  return Check(setting.schema, value);
}

/**
 * A value of the environment or of a flag in the setting's type; text that cannot be one stays text, which {@link isSettingValue} then
 * refuses. A list is a JSON array, or values with commas between them.
 */
export function parseSettingText(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'integer':
    case 'number':
      return /^[+-]?(\d[\d_]*)(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim())
        ? Number(text.trim().replaceAll('_', ''))
        : text;
    case 'boolean':
      return { true: true, '1': true, false: false, '0': false }[text.trim().toLowerCase()] ?? text;
    case 'text':
    case 'choice':
      return text;
    case 'list':
      return parseList(text);
  }
}

function parseList(text: string): unknown {
  if (text.trim().startsWith('[')) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
