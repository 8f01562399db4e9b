import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freePort } from '../support/cluster-process/free-port.ts';
import { NodeLinks } from '../support/cluster-process/node-links.ts';
import type { PointInput, PointOutput } from '../support/cluster-process/workload/point-model.ts';
import { RequestLog } from '../support/cluster-process/workload/request-log.ts';
import { historyFault } from '../support/cluster-process/workload/verdict.ts';
import type { Operation } from '../simulation/linearizability/operation.ts';

type Act = Operation<PointInput, PointOutput>;
const act = (
  from: number,
  to: number | undefined,
  input: PointInput,
  output: PointOutput,
): Act => ({
  client: 'a',
  calledAt: from,
  input,
  returned: to === undefined ? undefined : { at: to, output },
});
const write = (from: number, to: number | undefined, text: string): Act =>
  act(from, to, { kind: 'write', key: 1, text }, { changed: 1 });
const read = (from: number, to: number, value?: string): Act =>
  act(from, to, { kind: 'read', key: 1 }, value === undefined ? {} : { seen: { value, note: '' } });

test('a lost write, an old answer and a wrong count are seen in a history', () => {
  expect(historyFault([write(1, 2, 'v1'), read(3, 4, 'v1')])).toBeUndefined();
  expect(historyFault([write(1, 2, 'v1'), read(3, 4)])).toContain('violation');
  expect(historyFault([write(1, 2, 'v1'), write(3, 4, 'v2'), read(5, 6, 'v1')])).toContain(
    'violation',
  );
  const nothing = act(1, 2, { kind: 'delete', key: 1 }, { changed: 1 });
  expect(historyFault([nothing])).toContain('violation');
});

test('a write of unknown outcome may be seen, or not, but not undone once seen', () => {
  expect(historyFault([write(1, undefined, 'v1'), read(3, 4), read(5, 6, 'v1')])).toBeUndefined();
  expect(historyFault([write(1, undefined, 'v1'), read(3, 4, 'v1'), read(5, 6)])).toContain(
    'violation',
  );
});

test('the longest time without a success is told, from first to last', () => {
  const log = new RequestLog();
  const add = (endMs: number, code: 'OK' | 'UNSENT'): void =>
    log.add({ what: 'write', isPatient: false, asked: '', startMs: endMs, endMs, code });
  for (const at of [0, 10, 20]) add(at, 'OK');
  add(300, 'UNSENT');
  for (const at of [500, 510]) add(at, 'OK');
  expect(log.longestGap(() => true)).toBe(480);
  expect(log.longestGap(() => true, 490, 1_510)).toBe(1_000);
  expect(log.codes()).toEqual({ OK: 5, UNSENT: 1 });
});

test('what is cut arrives when it is healed, and what is reset is gone', async () => {
  const target = await freePort();
  const got: string[] = [];
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on('data', (bytes) => void got.push(String(bytes)));
    socket.on('error', () => undefined);
  }).listen(target, '127.0.0.1');
  await using links = await NodeLinks.start([await freePort(), target]);
  const socket = connect(links.port(1, 2), '127.0.0.1');
  const arrived = async (text: string): Promise<void> => {
    for (let tries = 0; tries < 500 && got.join('') !== text; tries += 1) await wait(10);
    expect(got.join('')).toBe(text);
  };
  socket.write('a');
  await arrived('a');
  links.mute(1);
  socket.write('b');
  const back = once(socket, 'data');
  accepted[0]?.write('the other way is open');
  expect(String((await back)[0])).toBe('the other way is open');
  expect(got).toEqual(['a']);
  links.heal();
  await arrived('ab');
  expect(links.bytes(1, 2)).toBe(2);
  links.reset(1, 2);
  const [failure] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(failure.code).toBe('ECONNRESET');
  server.close();
});
