import { stringify } from '@iarna/toml';
import type { Config } from './config-schema.ts';
import type { PrintFormat } from './flag-source.ts';
import { SETTINGS, type SettingValue } from './setting.ts';

const REDACTED = '[redacted]';

/** The settings as a configuration file, or as JSON of the same shape; secrets are redacted. Ends with a newline. */
export function printConfig(config: Config, format: PrintFormat): string {
  const sections: Record<string, Record<string, SettingValue>> = {};
  for (const setting of SETTINGS) {
    const values: Readonly<Record<string, SettingValue>> = config[setting.section];
    const value = values[setting.property] ?? setting.default;
    const printed = setting.secret && value !== '' ? REDACTED : value;
    const section = (sections[setting.section] ??= {});
    section[setting.key] = typeof printed === 'object' ? [...printed] : printed;
  }
  if (format === 'json') return `${JSON.stringify(sections, null, 2)}\n`;
  // The writer puts underscores between the digits of large numbers; not all readers of TOML take them.
  return stringify(sections as never).replaceAll(/(?<=^\w+ = \d[\d_]*)_(?=\d)/gm, '');
}
