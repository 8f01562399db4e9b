import { styleText } from 'node:util';

const LEVEL_WIDTH = 5;
const LEVEL_STYLES = {
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
} as const;
/** Told by the prefix, or by every line alike. */
const LEFT_OUT = new Set(['level', 'time', 'service', 'node', 'message', 'event']);
const CLOCK_FROM = 'YYYY-MM-DDT'.length;
const CLOCK_TO = CLOCK_FROM + 'hh:mm:ss.mmm'.length;

/** One line of a node's log for people: time, level, message and fields. A line that is no JSON object stays as it is. */
export function logLine(line: string): string {
  const record = parse(line);
  if (record === undefined) return line;
  const { level, time, message } = record;
  const name = String(level).toUpperCase().padEnd(LEVEL_WIDTH);
  const style = LEVEL_STYLES[String(level) as keyof typeof LEVEL_STYLES];
  const fields = Object.entries(record)
    .filter(([key]) => !LEFT_OUT.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [
    styleText('dim', String(time).slice(CLOCK_FROM, CLOCK_TO)),
    style === undefined ? name : styleText(style, name),
    String(message),
    ...(fields.length === 0 ? [] : [styleText('dim', fields.join(' '))]),
  ].join(' ');
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return 'level' in record && 'message' in record ? record : undefined;
  } catch {
    return undefined;
  }
}
