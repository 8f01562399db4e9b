import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLogger, type Logger, type LoggerOptions } from './logger.ts';

function logInto(options: Partial<LoggerOptions> = {}): { logger: Logger; text: () => string } {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = createLogger({
    level: 'info',
    nodeId: 'n1',
    pretty: false,
    destination,
    ...options,
  });
  return { logger, text: () => text };
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('logger', () => {
  test('writes one JSON object a line', () => {
    const { logger, text } = logInto();
    logger.info({ collection: 'a\nb' }, 'created');
    logger.child({ part: 'index' }).warn({}, 'slow');
    expect(lines(text())).toMatchObject([
      { level: 'info', service: 'grape', node: 'n1', collection: 'a\nb', message: 'created' },
      { level: 'warn', part: 'index', message: 'slow' },
    ]);
    expect(lines(text())[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('leaves out what is below its level', () => {
    const { logger, text } = logInto({ level: 'warn' });
    logger.info({}, 'quiet');
    logger.error({}, 'loud');
    expect(lines(text())).toHaveLength(1);
  });

  test('writes errors with their causes', () => {
    const { logger, text } = logInto();
    logger.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    expect(lines(text())[0]?.['error']).toMatchObject({
      type: 'Error',
      message: 'outer',
      cause: { message: 'inner' },
    });
  });

  test('never writes keys and tokens, wherever they stand', () => {
    const { logger, text } = logInto();
    logger.info({ apiKey: 'hidden', config: { server: { apiKey: 'hidden' } } }, 'a');
    logger.info({ request: { headers: { authorization: 'hidden', 'api-key': 'hidden' } } }, 'b');
    logger.child({ cluster_token: 'hidden' }).info({ cluster: { clusterToken: 'hidden' } }, 'c');
    expect(lines(text())).toHaveLength(3);
    expect(text()).not.toContain('hidden');
  });

  test('writes for people where asked to', () => {
    const { logger, text } = logInto({ pretty: true });
    logger.info({ points: 3 }, 'loaded');
    expect(text()).toContain('loaded');
    expect(text()).not.toMatch(/^\{/);
  });
});
