import { describe, expect, test } from 'vitest';
import { identityOf } from '../../../test/support/raft/raw-peer.ts';
import { encodeFrames } from './message-frames.ts';
import { openFrame } from './frame-codec.ts';
import {
  ClientHandshake,
  type HandshakeIdentity,
  type HandshakeStep,
  ServerHandshake,
} from './handshake.ts';
import { decodeRefusal, encodeProof, type Lane, type RefusalReason } from './handshake-codec.ts';
import { SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';

const nonce = (value: number): Uint8Array => new Uint8Array(32).fill(value);

interface Sides {
  readonly client?: Partial<HandshakeIdentity>;
  readonly server?: Partial<HandshakeIdentity>;
  readonly to?: number;
  readonly lane?: Lane;
  readonly certificateFault?: string;
}

/** Both ends as far as they come; every frame that went between them. */
function shake({ client, server, to = 2, lane = 'messages', certificateFault }: Sides = {}) {
  const asking = new ClientHandshake(identityOf(1, client), to, lane, nonce(1));
  const answering = new ServerHandshake(identityOf(2, server), nonce(2), () =>
    certificateFault === undefined
      ? undefined
      : { reason: 'certificate', detail: certificateFault },
  );
  const frames: Uint8Array[] = [];
  const steps: { client?: HandshakeStep; server?: HandshakeStep } = {};
  let frame: Uint8Array | undefined = asking.hello;
  for (let turn = 0; frame !== undefined; turn += 1) {
    frames.push(frame);
    const side: 'client' | 'server' = turn % 2 === 0 ? 'server' : 'client';
    const step: HandshakeStep = { client: asking, server: answering }[side].step(openFrame(frame));
    steps[side] = step;
    frame = step.kind === 'unexpected' ? undefined : step.send;
  }
  return { ...steps, frames };
}

/** That one side refused, said why, and the other side heard it. */
function expectRefusal(sides: Sides, by: 'client' | 'server', reason: RefusalReason): void {
  const result = shake(sides);
  const other = by === 'client' ? 'server' : 'client';
  expect(result[by]).toMatchObject({ kind: 'refused', by: 'this side', refusal: { reason } });
  expect(result[other]).toMatchObject({
    kind: 'refused',
    by: 'the other side',
    refusal: { reason },
  });
}

describe('a handshake', () => {
  test.each<Lane>(['messages', 'chunks'])('tells each side who the other is, for %s', (lane) => {
    const { client, server, frames } = shake({ lane });
    expect(client).toMatchObject({ kind: 'done', peer: { node: 2, lane, version: 1 } });
    expect(server).toMatchObject({ kind: 'done', peer: { node: 1, lane, version: 1 } });
    expect(frames.map((frame) => openFrame(frame).kind)).toEqual([
      'hello',
      'challenge',
      'proof',
      'welcome',
    ]);
  });

  test('never lets the token travel', () => {
    const token = Buffer.from('a secret of many letters');
    for (const frame of shake().frames) expect(Buffer.from(frame).includes(token)).toBe(false);
  });

  test('takes the newest version that both speak', () => {
    const { client, server } = shake({
      client: { protocol: { min: 1, max: 4 } },
      server: { protocol: { min: 2, max: 3 } },
    });
    expect(client).toMatchObject({ kind: 'done', peer: { version: 3 } });
    expect(server).toMatchObject({ kind: 'done', peer: { version: 3 } });
  });

  test('is refused without a common version', () => {
    const newer = { protocol: { min: 2, max: 3 } };
    expectRefusal({ client: newer }, 'server', 'version');
    expectRefusal({ server: newer }, 'server', 'version');
  });

  test('is refused in another cluster', () => {
    expectRefusal({ client: { cluster: 'another' } }, 'server', 'cluster');
  });

  test('is refused where another node answers, or calls', () => {
    expectRefusal({ to: 3 }, 'server', 'node');
    expectRefusal({ client: { node: 2 } }, 'server', 'node');
    expectRefusal({ client: { node: 0 } }, 'server', 'node');
  });

  test('is refused by one who is not a member yet, unless a guest begins it', () => {
    const blank = { node: 0, cluster: '' };
    expectRefusal({ server: blank }, 'server', 'member');
    for (const server of [blank, {}]) {
      const result = shake({ client: blank, server, to: 0, lane: 'guests' });
      expect(result.server).toMatchObject({ kind: 'done', peer: { node: 0, lane: 'guests' } });
      expect(result.client).toMatchObject({ kind: 'done', peer: { node: 0, lane: 'guests' } });
    }
    expectRefusal(
      { client: { ...blank, token: Buffer.from('x') }, lane: 'guests' },
      'server',
      'token',
    );
  });

  test('is refused with the certificate of another node', () => {
    expectRefusal({ certificateFault: 'it names node-7' }, 'server', 'certificate');
  });

  test('is refused with another token, or none', () => {
    expectRefusal({ client: { token: Buffer.from('guessed') } }, 'server', 'token');
    expectRefusal({ client: { token: Buffer.alloc(0) } }, 'server', 'token');
    expectRefusal({ server: { token: Buffer.alloc(0) } }, 'server', 'token');
  });

  test('gives a stranger nothing that depends on the token', () => {
    const [, challenge] = shake().frames;
    const [, other] = shake({ server: { token: Buffer.from('another') } }).frames;
    expect(challenge).toEqual(other);
  });

  test('is refused by the client when the server does not know the token', () => {
    const asking = new ClientHandshake(identityOf(1), 2, 'messages', nonce(1));
    const server = new ServerHandshake(identityOf(2), nonce(2), () => undefined);
    const challenge = server.step(openFrame(asking.hello));
    const proof = asking.step(openFrame(sent(challenge)));
    // All that a server without the token has: what the client sent, or something made up.
    const echoed = openFrame(sent(proof)).body;
    for (const guess of [echoed, nonce(0)]) {
      const step = asking.step(openFrame(encodeProof('welcome', guess)));
      expect(step).toMatchObject({ kind: 'refused', refusal: { reason: 'token' } });
    }
  });

  test('cannot be repeated: the proof is for one nonce of each side', () => {
    const [hello, , proof] = shake().frames.map((frame) => openFrame(frame));
    const fresh = new ServerHandshake(identityOf(2), nonce(3), () => undefined);
    expect(hello && fresh.step(hello).kind).toBe('continue');
    expect(proof && fresh.step(proof)).toMatchObject({ refusal: { reason: 'token' } });
  });

  test('is refused by the client for a version that it did not offer, and for another node', () => {
    const asking = new ClientHandshake(
      identityOf(1, { protocol: { min: 1, max: 1 } }),
      2,
      'messages',
      nonce(1),
    );
    const newer = new ServerHandshake(identityOf(2), nonce(2), () => undefined);
    const challenge = openFrame(sent(newer.step(openFrame(asking.hello))));
    const changed = challenge.body.slice();
    changed[0] = 9;
    expect(asking.step({ kind: 'challenge', body: changed })).toMatchObject({
      refusal: { reason: 'version' },
    });
    changed[0] = 1;
    changed[1] = 3;
    expect(asking.step({ kind: 'challenge', body: changed })).toMatchObject({
      refusal: { reason: 'node' },
    });
  });

  test('takes no frame out of its order, and no other frame', () => {
    const [hello, challenge, proof, welcome] = shake().frames.map((frame) => openFrame(frame));
    const message = encodeFrames([{ group: 1, message: SAMPLE_MESSAGES.vote }]).map((frame) =>
      openFrame(frame),
    )[0];
    const asking = () => new ClientHandshake(identityOf(1), 2, 'messages', nonce(1));
    const answering = () => new ServerHandshake(identityOf(2), nonce(2), () => undefined);
    for (const [side, first, wrong] of [
      [answering, hello, [challenge, welcome, hello, message]],
      [asking, challenge, [hello, proof, challenge, message]],
    ] as const) {
      for (const frame of wrong) {
        const after = side();
        if (first === undefined || frame === undefined) throw new Error('all frames are there');
        expect(after.step(first).kind).toBe('continue');
        expect(after.step(frame)).toEqual({ kind: 'unexpected' });
      }
    }
    expect(proof && answering().step(proof)).toEqual({ kind: 'unexpected' });
    expect(welcome && asking().step(welcome)).toEqual({ kind: 'unexpected' });
  });

  test('says why in a refusal that names both sides', () => {
    const { frames } = shake({ client: { cluster: 'another' } });
    const last = frames.at(-1);
    expect(last && decodeRefusal(openFrame(last).body).detail).toBe(
      'node 1 belongs to cluster "another", node 2 to "a cluster"',
    );
  });
});

function sent(step: HandshakeStep): Uint8Array {
  if (step.kind === 'unexpected' || step.send === undefined) throw new Error('nothing was sent');
  return step.send;
}
