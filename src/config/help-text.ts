import { expectedValue, SETTINGS, type Setting } from './setting.ts';

/** What `--help` prints: commands, then every setting. Ends with a newline. */
export function helpText(): string {
  const lines = [
    'Usage: grape-vector-db-server [--config PATH] [--section.key value ...]',
    '',
    '  --config PATH          read settings from a TOML file',
    '  --check-config         say whether the settings are right, and end',
    '  --print-config[=json]  print the settings, secrets left out, and end',
    '  --version              print the version, and end',
    '  --help                 print this, and end',
    '',
    'A setting is taken from a flag, else from the environment, else from the file, else it has its default.',
  ];
  let section = '';
  for (const setting of SETTINGS) {
    if (setting.section !== section) {
      section = setting.section;
      lines.push('', `[${section}]`);
    }
    lines.push(...settingLines(setting));
  }
  return `${lines.join('\n')}\n`;
}

function settingLines(setting: Setting): readonly string[] {
  const fallback = setting.secret ? '' : `, default ${JSON.stringify(setting.default)}`;
  return [
    `  --${setting.path}  (${setting.environment.join(', ')})`,
    `      ${setting.description.replaceAll('`', '')}`,
    `      ${expectedValue(setting)}${fallback}`,
  ];
}
