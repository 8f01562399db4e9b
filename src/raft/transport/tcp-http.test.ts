import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { RawPeer } from '../../../test/support/raft/raw-peer.ts';
import { TcpWorld } from '../../../test/support/raft/tcp-world.ts';
import { TransportInbox, until } from '../../../test/support/raft/transport-inbox.ts';
import { SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import { replicaId } from '../host/replica-id.ts';
import type { TcpTransport } from './tcp-transport.ts';

const TEXT = '# TYPE grape_raft_term gauge\ngrape_raft_term 7\n';

let world: TcpWorld;
let clock: HandClock;
let node: TcpTransport;

beforeEach(async () => {
  world = new TcpWorld();
  clock = new HandClock();
  node = await world.start(1, { clock, metrics: { text: () => TEXT } });
});

afterEach(() => world[Symbol.asyncDispose]());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  port = node.port,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('over HTTP on the port of the nodes', () => {
  test('metrics are served', async () => {
    const { status, headers, body } = await ask('GET', '/raft/metrics?from=prometheus');
    expect([status, body]).toEqual([200, TEXT]);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['connection']).toBe('close');
    expect(node.statistics.httpRequests).toBe(1);
  });

  test('a HEAD has the same head and no body', async () => {
    const { status, headers, body } = await ask('HEAD', '/raft/metrics');
    expect([status, body]).toEqual([200, '']);
    expect(headers['content-length']).toBe(String(TEXT.length));
  });

  test('every other path is unknown, and every other method of this one', async () => {
    expect((await ask('GET', '/')).status).toBe(404);
    expect((await ask('GET', '/raft/metrics/more')).status).toBe(404);
    expect((await ask('POST', '/vectors')).status).toBe(404);
    const { status, headers } = await ask('POST', '/raft/metrics');
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  test('a request may come in pieces, the first one of a single byte', async () => {
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: node.port });
    let answer = '';
    peer.socket.removeAllListeners('data').on('data', (piece) => {
      answer += piece.toString();
    });
    peer.socket.write('G');
    await until(() => peer.socket.bytesWritten === 1);
    peer.socket.write('ET /raft/met');
    peer.socket.write('rics HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => peer.hasEnded);
    expect(answer).toContain('HTTP/1.1 200 OK');
    expect(answer.endsWith(TEXT)).toBe(true);
  });

  test('a request that never ends is cut off', async () => {
    const peer = await RawPeer.connect({ host: '127.0.0.1', port: node.port });
    peer.socket.write('GET /raft/metrics HTTP/1.1\r\n');
    await until(() => {
      clock.pass(100);
      peer.socket.write('x: y\r\n');
      return peer.hasEnded;
    });
  });

  test('a token is asked for where one is set', async () => {
    const locked = await world.start(2, {
      metrics: { text: () => Promise.resolve(TEXT), token: 'open sesame' },
    });
    const status = async (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      (await ask('GET', '/raft/metrics', headers, locked.port)).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'Bearer open' })).toBe(401);
    expect(await status({ authorization: 'open sesame' })).toBe(401);
    expect(await status({ authorization: 'Bearer open sesame' })).toBe(200);
  });

  test('there are none where none are given, or they cannot be read', async () => {
    const none = await world.start(2);
    expect((await ask('GET', '/raft/metrics', {}, none.port)).status).toBe(404);
    const broken = await world.start(3, {
      metrics: { text: () => Promise.reject(new Error('no word of this')) },
    });
    const { status, body } = await ask('GET', '/raft/metrics', {}, broken.port);
    expect(status).toBe(500);
    expect(body).not.toContain('word');
  });

  test('nobody is in the way of the nodes', async () => {
    const inbox = new TransportInbox();
    node.listen(inbox);
    const other = await world.start(2);
    await ask('GET', '/raft/metrics');
    other.send(1, [{ group: 1, message: { ...SAMPLE_MESSAGES.vote, from: replicaId(2, 0) } }]);
    await until(() => inbox.messages.length === 1);
    expect((await ask('GET', '/raft/metrics')).status).toBe(200);
  });
});
