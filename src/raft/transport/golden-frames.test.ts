import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SAMPLE_CHUNK, SAMPLE_MESSAGES } from '../../../test/support/raft/transport-messages.ts';
import { ALIVE_FRAME } from './alive-frame.ts';
import {
  decodeAnswer,
  decodeCall,
  decodeCancel,
  decodeFailure,
  decodeRest,
  encodeAnswer,
  encodeCall,
  encodeCancel,
  encodeFailure,
  encodeRest,
} from './call-codec.ts';
import { clusterProof } from './cluster-proof.ts';
import { openFrame } from './frame-codec.ts';
import {
  bodyOf,
  decodeChallenge,
  decodeHello,
  decodeProof,
  decodeRefusal,
  encodeChallenge,
  encodeHello,
  encodeProof,
  encodeRefusal,
  type Hello,
} from './handshake-codec.ts';
import { isHeartbeat } from './heartbeat-rows.ts';
import { decodeLogEnds, encodeLogEnds } from './log-ends-codec.ts';
import { decodeFrame, encodeFrames } from './message-frames.ts';
import {
  type ChunkOutcome,
  decodeChunk,
  decodeOutcome,
  encodeChunk,
  encodeOutcome,
} from './snapshot-chunk-codec.ts';
import type { GroupMessage } from './transport.ts';

const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/raft-frames-v1.json', import.meta.url), 'utf8'),
) as Record<string, string>;

const messages: readonly GroupMessage[] = Object.values(SAMPLE_MESSAGES).map((message) => ({
  group: 3,
  message,
}));
const outcomes: readonly ChunkOutcome[] = [
  { kind: 'next', offset: 65_540 },
  { kind: 'done' },
  { kind: 'refused', reason: 'an older term' },
  { kind: 'failed', reason: 'the disk is full' },
];
const hello: Hello = {
  protocol: { min: 1, max: 2 },
  cluster: 'grape',
  from: 1,
  to: 2,
  lane: 'chunks',
  nonce: new Uint8Array(32).fill(0xaa),
};
const challenge = { version: 1, node: 2, nonce: new Uint8Array(32).fill(0xbb) };
const refusal = { reason: 'cluster', detail: 'another cluster' } as const;
const call = { number: 300, remainingMs: 5000, total: 70_000, data: Uint8Array.of(1, 2, 3) };
const answer = { number: 300, total: 3, data: Uint8Array.of(4, 5, 6) };
const rest = { number: 300, data: Uint8Array.of(7, 8) };
const failures = [
  { number: 300, failure: 'failed', reason: 'the disk is full' },
  { number: 300, failure: 'overloaded', reason: 'busy' },
] as const;
const endsQuestion = { kind: 'question', number: 300 } as const;
const endsAnswer = {
  kind: 'answer',
  number: 300,
  ends: [
    { group: 0, replica: 2 ** 20 + 1, index: 70_000 },
    { group: 3, replica: 2 ** 20, index: 0 },
  ],
} as const;
const guestHello: Hello = { ...hello, cluster: '', from: 0, to: 0, lane: 'guests' };
const proofOf = (side: 'client' | 'server'): Uint8Array =>
  clusterProof(
    Buffer.from('secret'),
    side,
    bodyOf(encodeHello(hello)),
    bodyOf(encodeChallenge(challenge)),
  );

const written: Readonly<Record<string, Uint8Array | undefined>> = {
  ...Object.fromEntries(messages.map((each) => [each.message.kind, encodeFrames([each])[0]])),
  chunk: encodeChunk({ number: 5, chunk: SAMPLE_CHUNK }),
  ...Object.fromEntries(
    outcomes.map((outcome) => [
      `chunkReply ${outcome.kind}`,
      encodeOutcome({ number: 5, outcome }),
    ]),
  ),
  alive: ALIVE_FRAME,
  call: encodeCall(call),
  callRest: encodeRest('callRest', rest),
  answer: encodeAnswer(answer),
  answerRest: encodeRest('answerRest', rest),
  'callFailure failed': encodeFailure(failures[0]),
  'callFailure overloaded': encodeFailure(failures[1]),
  callCancel: encodeCancel(300),
  endsQuestion: encodeLogEnds(endsQuestion),
  endsAnswer: encodeLogEnds(endsAnswer),
  hello: encodeHello(hello),
  'hello of a guest': encodeHello(guestHello),
  challenge: encodeChallenge(challenge),
  proof: encodeProof('proof', proofOf('client')),
  welcome: encodeProof('welcome', proofOf('server')),
  refusal: encodeRefusal(refusal),
};

const frame = (name: string): Buffer => Buffer.from(golden[name] ?? '', 'hex');

describe('frames of version 1', () => {
  test('are all kept', () => {
    expect(Object.keys(golden)).toEqual(Object.keys(written));
  });

  test.each(Object.keys(written))('are written as ever: %s', (name) => {
    expect(Buffer.from(written[name] ?? []).toString('hex')).toBe(golden[name]);
  });

  test.each(messages)('are read as ever: $message.kind', (message) => {
    const { kind } = message.message;
    expect(decodeFrame(frame(kind))).toEqual([message]);
    expect(openFrame(frame(kind)).kind).toBe(isHeartbeat(message) ? 'heartbeats' : 'messages');
  });

  test('are read as ever: chunks and what is answered', () => {
    expect(decodeChunk(openFrame(frame('chunk')).body)).toEqual({ number: 5, chunk: SAMPLE_CHUNK });
    for (const outcome of outcomes) {
      const { body } = openFrame(frame(`chunkReply ${outcome.kind}`));
      expect(decodeOutcome(body)).toEqual({ number: 5, outcome });
    }
  });

  test('are read as ever: calls and what is answered', () => {
    const body = (name: string): Uint8Array => openFrame(frame(name)).body;
    expect(decodeCall(body('call'))).toEqual(call);
    expect(decodeRest(body('callRest'))).toEqual(rest);
    expect(decodeAnswer(body('answer'))).toEqual(answer);
    expect(decodeRest(body('answerRest'))).toEqual(rest);
    for (const failure of failures) {
      expect(decodeFailure(body(`callFailure ${failure.failure}`))).toEqual(failure);
    }
    expect(decodeCancel(body('callCancel'))).toBe(300);
  });

  test('are read as ever: where logs end', () => {
    expect(decodeLogEnds(openFrame(frame('endsQuestion')))).toEqual(endsQuestion);
    expect(decodeLogEnds(openFrame(frame('endsAnswer')))).toEqual(endsAnswer);
  });

  test('are read as ever: the handshake', () => {
    const body = (name: string): Uint8Array => openFrame(frame(name)).body;
    expect(decodeHello(body('hello'))).toEqual(hello);
    expect(decodeHello(body('hello of a guest'))).toEqual(guestHello);
    expect(decodeChallenge(body('challenge'))).toEqual(challenge);
    expect(decodeProof(body('proof'))).toEqual(proofOf('client'));
    expect(decodeProof(body('welcome'))).toEqual(proofOf('server'));
    expect(decodeRefusal(body('refusal'))).toEqual(refusal);
  });
});
