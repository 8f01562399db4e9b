import { MEASUREMENTS_PATH, measurementsPage } from '../bench/cluster/measurements-page.ts';
import { CONFIG_SCHEMA } from '../src/config/config-schema.ts';
import { expectedValue, type Setting, SETTINGS } from '../src/config/setting.ts';
import { ERROR_CODES, GRPC_STATUS } from '../src/base/error-codes.ts';
import type { MetricDeclaration } from '../src/observability/metric-declaration.ts';
import { METRIC_TABLE } from '../src/observability/metric-table.ts';

/** A file that is made from others and committed. */
export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly content: string;
}

const NOTICE = '<!-- Made by `npm run generate`; do not edit. -->';

/** The reference pages that follow from tables in the sources, and from what was measured. */
export async function generateDocuments(): Promise<GeneratedFile[]> {
  return [
    { path: 'docs/configuration.md', content: configurationPage() },
    { path: 'docs/errors.md', content: errorsPage() },
    { path: 'docs/metrics.md', content: metricsPage() },
    { path: MEASUREMENTS_PATH, content: measurementsPage() },
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    NOTICE,
    '',
    'Every setting has a default; none must be given. A setting is taken from a flag, else from the environment, else from the file that `--config` names, else it has its default:',
    '',
    '- file (TOML): `rest_port = 6333` in the section `[server]`',
    '- environment: `GRAPE_SERVER_REST_PORT=6333`; an empty variable counts as not set',
    '- flag: `--server.rest_port 6333` or `--server.rest_port=6333`; a switch alone means true',
    '',
    'A list is written with commas, or as a JSON array, in the environment and in flags. Names that are not known, values of another type and values out of range refuse the start, all named at once, with the nearest known name. `--check-config` only checks; `--print-config` (or `--print-config=json`) prints what came out, without secrets; `--help` prints this list.',
    '',
  ];
  for (const [section, schema] of Object.entries(CONFIG_SCHEMA.properties)) {
    const description = (schema as { readonly description?: string }).description;
    lines.push(`## [${section}]`, '', description ?? '', '');
    const settings = SETTINGS.filter((setting) => setting.section === section);
    lines.push(
      ...table(['Key', 'Takes', 'Default', 'Environment', 'Meaning'], settings.map(settingRow)),
      '',
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function settingRow(setting: Setting): readonly string[] {
  return [
    `\`${setting.key}\``,
    expectedValue(setting),
    `\`${JSON.stringify(setting.default)}\``,
    setting.environment.map((name) => `\`${name}\``).join(', '),
    setting.secret ? `${setting.description} Secret: never printed.` : setting.description,
  ];
}

function errorsPage(): string {
  const grpcNames = new Map<number, string>(
    Object.entries(GRPC_STATUS).map(([name, status]) => [status, name]),
  );
  const rows = Object.entries(ERROR_CODES).map(([code, { http, grpc, retryable, description }]) => [
    `\`${code}\``,
    String(http),
    `${grpcNames.get(grpc) ?? ''} (${grpc})`,
    retryable ? 'yes' : 'no',
    description,
  ]);
  return [
    '# Errors',
    '',
    NOTICE,
    '',
    'Every refusal has one of these codes, the same in REST, gRPC and embedded. Codes are part of the interface and stay; messages are for people and may change. "Again" tells whether the same request, unchanged, may succeed later.',
    '',
    ...table(['Code', 'HTTP', 'gRPC', 'Again', 'Meaning'], rows),
    '',
  ].join('\n');
}

function metricsPage(): string {
  const rows = Object.values<MetricDeclaration>(METRIC_TABLE).map(
    ({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ],
  );
  return [
    '# Metrics',
    '',
    NOTICE,
    '',
    "Served in Prometheus's text format at `/metrics` on `[monitoring] prometheus_port` (9090). Beside these, Node and the process show their own metrics, with the prefixes `nodejs_` and `process_`.",
    '',
    'A histogram has `_bucket`, `_sum` and `_count`; a summary has quantiles, `_sum` and `_count`. Quantiles of several nodes cannot be added up: use the histogram for that.',
    '',
    ...table(['Name', 'Type', 'Labels', 'Meaning'], rows),
    '',
  ].join('\n');
}
