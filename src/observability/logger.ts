import type { Writable } from 'node:stream';
import { pino } from 'pino';
import { build } from 'pino-pretty';

/** Facts that go with a message; an `error` is written with stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the program tells what it does. */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to every message. */
  child(fields: LogFields): Logger;
}

/** Collaborators of {@link createLogger}. */
export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly nodeId: string;
  /** For people at a terminal: one coloured line a message instead of one JSON object. */
  readonly pretty: boolean;
  readonly destination: Writable;
}

/** Names whose values are never written, at the top of a message or one or two levels down. */
const SECRET_NAMES = [
  'apiKey',
  'api_key',
  'readOnlyApiKey',
  'read_only_api_key',
  'clusterToken',
  'cluster_token',
  'authorization',
  '["api-key"]',
  '["x-api-key"]',
  'token',
  'password',
] as const;

const member = (parent: string, name: string): string =>
  name.startsWith('[') ? `${parent}${name}` : `${parent}.${name}`;

const REDACTED_PATHS: readonly string[] = SECRET_NAMES.flatMap((name) => [
  name,
  member('*', name),
  member('*.*', name),
]);

/**
 * One JSON object a line: `level`, `time` (ISO 8601, UTC), `service`, `node`, the fields, `message`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.pretty
    ? build({
        colorize: true,
        messageKey: 'message',
        ignore: 'service,node',
        destination: options.destination,
      })
    : options.destination;
  return pino(
    {
      level: options.level,
      messageKey: 'message',
      errorKey: 'error',
      base: { service: 'grape', node: options.nodeId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: pino.stdSerializers.errWithCause },
      redact: { paths: [...REDACTED_PATHS], censor: '[redacted]' },
    },
    destination,
  );
}
