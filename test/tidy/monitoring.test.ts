import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MetricDeclaration } from '../../src/observability/metric-declaration.ts';
import { METRIC_TABLE } from '../../src/observability/metric-table.ts';

const root = new URL('../../', import.meta.url);
const DASHBOARDS = 'grafana/dashboards';

const TABLE: readonly MetricDeclaration[] = Object.values(METRIC_TABLE);
/** Of Prometheus itself, and of Node's own metrics those that are shown. */
const FOREIGN = new Set(['up', 'process_cpu_seconds_total']);
/** Labels that Prometheus adds, or that a kind of metric has. */
const LABELS_ADDED = ['instance', 'job', 'le', 'quantile'];

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
}

function dashboards(): readonly Dashboard[] {
  return readdirSync(new URL(DASHBOARDS, root))
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(`${DASHBOARDS}/${name}`, root), 'utf8')));
}

function alertExpressions(): readonly string[] {
  const text = readFileSync(new URL('alert_rules.yml', root), 'utf8');
  // One line, or the lines of a block that are indented deeper than the key.
  return [...text.matchAll(/^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*)$)/gm)].map(
    ([, block, line]) => block ?? line ?? '',
  );
}

/** What is wrong with the metrics and labels of an expression. */
function faults(expression: string): readonly string[] {
  const bare = expression.replaceAll(/"[^"]*"/g, '""');
  const names = [...bare.matchAll(/\b(?:grape|process|nodejs)_\w+|\bup\b/g)].map(([name]) => name);
  const declared = names.map((name) => ({ name, declaration: declarationOf(name) }));
  const unknown = declared.filter(({ declaration }) => declaration === undefined);
  const labels = new Set([
    ...LABELS_ADDED,
    ...declared.flatMap(({ declaration }) => declaration?.labels ?? []),
  ]);
  const used = [
    ...[...bare.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',')),
    ...[...bare.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*""/g)].map(([, label = '']) => label),
  ]
    .map((label) => label.trim())
    .filter((label) => label !== '');
  return [
    ...(names.length === 0 ? ['names no metric'] : []),
    ...unknown.map(({ name }) => `no metric ${name}`),
    ...used.filter((label) => !labels.has(label)).map((label) => `no label ${label}`),
  ];
}

function declarationOf(name: string): Pick<MetricDeclaration, 'labels'> | undefined {
  if (FOREIGN.has(name)) return { labels: [] };
  return TABLE.find((each) => {
    if (each.type === 'histogram')
      return ['_bucket', '_sum', '_count'].some((end) => name === `${each.name}${end}`);
    if (each.type === 'summary')
      return ['', '_sum', '_count'].some((end) => name === `${each.name}${end}`);
    return name === each.name;
  });
}

describe('metrics that are asked for exist', () => {
  test.each([
    ['sum by (le) (rate(grape_query_duration_histogram_seconds_bucket[1m]))', []],
    ['grape_query_duration_seconds{quantile="0.95"} > 0.1', []],
    ['sum by (shard) (grape_shard_pints)', ['no metric grape_shard_pints', 'no label shard']],
    ['rate(grape_commit_duration_seconds[1m])', ['no metric grape_commit_duration_seconds']],
    ['max by (shrad) (grape_shard_points)', ['no label shrad']],
    ['grape_raft_term{grp="catalog"}', ['no label grp']],
    ['1 + 1', ['names no metric']],
  ])('%s', (expression, expected) => {
    expect(faults(expression)).toEqual(expected);
  });

  test('in every alert', () => {
    const expressions = alertExpressions();
    expect(expressions.length).toBe(
      readFileSync(new URL('alert_rules.yml', root), 'utf8').match(/- alert: /g)?.length,
    );
    for (const expression of expressions) expect(faults(expression), expression).toEqual([]);
  });

  test('in every panel of every dashboard', () => {
    const found = dashboards();
    expect(found.map(({ uid }) => uid).toSorted()).toEqual([
      'grape-cluster',
      'grape-data',
      'grape-requests',
      'grape-resources',
    ]);
    for (const { uid, panels } of found)
      for (const { title, targets } of panels)
        for (const { expr } of targets) expect(faults(expr), `${uid}: ${title}`).toEqual([]);
  });
});
