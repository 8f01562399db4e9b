import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import type { GuestHandler } from '../../raft/transport/transport.ts';
import { GuestDesk } from './guest-desk.ts';
import {
  decodeGuestAnswer,
  decodeGuestRequest,
  encodeGuestMessage,
  type GuestAnswer,
  type GuestRequest,
} from './guest-message.ts';
import { parsePeerAddress } from './peer-address.ts';

const MEMBERS = [{ node: 1, nodeId: 'a', address: 'a:1' }];
const WHO: GuestRequest = { kind: 'who', nodeId: 'a', incarnation: 'b', candidate: true };
const REQUESTS: readonly GuestRequest[] = [
  WHO,
  {
    kind: 'register',
    node: {
      nodeId: 'a',
      raftAddress: 'a:1',
      grpcAddress: '',
      restAddress: '',
      zone: 'z',
      incarnation: 'b',
    },
  },
];
const ANSWERS: readonly GuestAnswer[] = [
  {
    kind: 'blank',
    nodeId: 'a',
    incarnation: 'b',
    joins: true,
    consents: false,
    members: MEMBERS,
  },
  { kind: 'founding', nodeId: 'a' },
  { kind: 'member', clusterId: 'c', node: 1, nodeId: 'a', members: MEMBERS },
  { kind: 'registered', clusterId: 'c', node: 2, members: [] },
  { kind: 'refused', retryable: true, message: 'why' },
];

describe('messages of guests', () => {
  test('come back as they were', () => {
    for (const each of REQUESTS) expect(decodeGuestRequest(encodeGuestMessage(each))).toEqual(each);
    for (const each of ANSWERS) expect(decodeGuestAnswer(encodeGuestMessage(each))).toEqual(each);
  });

  test('of any other bytes are refused, not misread', () => {
    const decode = (bytes: Uint8Array): void => {
      for (const each of [decodeGuestRequest, decodeGuestAnswer]) {
        try {
          each(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }
    };
    const json = fc.json().map((text) => new TextEncoder().encode(text));
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), json), decode));
  });

  test.each([
    ['version', { version: 2 }],
    ['candidate', { candidate: 1 }],
    ['nodeId', { nodeId: undefined }],
    ['kind', { kind: 'what' }],
  ])('with a wrong %s are refused', (field, wrong) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ version: 1, ...WHO, ...wrong }));
    expect(() => decodeGuestRequest(bytes)).toThrow(field);
  });

  test('without whole members are refused', () => {
    for (const members of [undefined, [1], [{ node: 0, nodeId: 'a', address: 'b' }]]) {
      const answer = { version: 1, kind: 'registered', clusterId: 'c', node: 1, members };
      const bytes = new TextEncoder().encode(JSON.stringify(answer));
      expect(() => decodeGuestAnswer(bytes)).toThrow('malformed');
    }
  });
});

describe('a desk', () => {
  const serve = (): { desk: GuestDesk; ask: (bytes: Uint8Array) => Promise<GuestAnswer> } => {
    let handler: GuestHandler = () => Promise.reject(new Error('none'));
    const desk = new GuestDesk({
      serveGuests: (given) => {
        handler = given;
      },
      ask: (_, request) => handler(request),
    });
    return { desk, ask: async (bytes) => decodeGuestAnswer(await handler(bytes)) };
  };

  test('tells guests to come again until somebody answers them', async () => {
    const { desk, ask } = serve();
    expect(await ask(encodeGuestMessage(WHO))).toMatchObject({ kind: 'refused', retryable: true });
    desk.answerBy(() => Promise.resolve({ kind: 'founding', nodeId: 'a' }));
    expect(await ask(encodeGuestMessage(WHO))).toEqual({ kind: 'founding', nodeId: 'a' });
    expect(await desk.ask('a:1', WHO, { timeoutMs: 1 })).toMatchObject({ kind: 'founding' });
  });

  test('says what went wrong, where that was to be expected', async () => {
    const { desk, ask } = serve();
    desk.answerBy(() => Promise.reject(new VectorDbError('UNAVAILABLE', 'no leader')));
    expect(await ask(encodeGuestMessage(WHO))).toEqual({
      kind: 'refused',
      retryable: true,
      message: 'no leader',
    });
    expect(await ask(Uint8Array.of(1))).toMatchObject({ kind: 'refused', retryable: false });
    desk.answerBy(() => Promise.reject(new TypeError('a bug')));
    await expect(ask(encodeGuestMessage(WHO))).rejects.toThrow('a bug');
  });
});

test('a peer is a name and an address', () => {
  expect(parsePeerAddress('node-1@host.a:7000', 'cluster.seed_nodes')).toEqual({
    nodeId: 'node-1',
    address: 'host.a:7000',
  });
  expect(parsePeerAddress('a@[::1]:7000', 'x').address).toBe('[::1]:7000');
  for (const text of ['', 'node-1', 'host:7000', 'a@host', 'a@:x', 'a b@host:1', 'a@b@c:1']) {
    expect(() => parsePeerAddress(text, 'cluster.seed_nodes'), text).toThrow('node@host:port');
  }
});
