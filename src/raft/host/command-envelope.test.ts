import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CommandEnvelope, decodeEnvelope, encodeEnvelope } from './command-envelope.ts';

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const bytes = fc.uint8Array({ maxLength: 40 });
const stamp = fc.record({ session: number, sequence: number, respondedUpTo: number });
const anyEnvelope: fc.Arbitrary<CommandEnvelope> = fc.oneof(
  fc.record({ kind: fc.constant('command' as const), command: bytes }),
  fc.record({ kind: fc.constant('command' as const), command: bytes, stamp }),
  fc.record({
    kind: fc.constant('openSession' as const),
    sessionsMax: fc.integer({ min: 1, max: 2 ** 40 }),
  }),
  fc.record({ kind: fc.constant('closeSession' as const), session: number }),
  fc.record({ kind: fc.constant('digest' as const) }),
  fc.record({ kind: fc.constant('digestReport' as const), index: number, digest: fc.string() }),
);

test('what is proposed comes back as it was', () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
    }),
  );
});

test('a command is read in place, wherever its bytes lie', () => {
  const encoded = encodeEnvelope({
    kind: 'command',
    command: Uint8Array.of(7, 8),
    stamp: { session: 1, sequence: 2, respondedUpTo: 3 },
  });
  const buffer = new Uint8Array(encoded.length + 5);
  buffer.set(encoded, 5);
  const decoded = decodeEnvelope(buffer.subarray(5));
  expect(decoded).toMatchObject({ command: Uint8Array.of(7, 8), stamp: { respondedUpTo: 3 } });
  expect((decoded as { command: Uint8Array }).command.buffer).toBe(buffer.buffer);
});

test('the bytes of a command with a session are fixed', () => {
  const encoded = encodeEnvelope({
    kind: 'command',
    command: Uint8Array.of(0xaa),
    stamp: { session: 258, sequence: 3, respondedUpTo: 2 },
  });
  expect(Buffer.from(encoded).toString('hex')).toBe(
    ['01', '02', '0000000000000102', '0000000000000003', '0000000000000002', 'aa'].join(''),
  );
});

test('no other bytes are an envelope, nor an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
      const decoded = decodeEnvelope(garbage);
      if (decoded !== undefined) expect(garbage[0]).toBe(1);
    }),
  );
  const stamped = encodeEnvelope({
    kind: 'command',
    command: new Uint8Array(0),
    stamp: { session: 1, sequence: 1, respondedUpTo: 0 },
  });
  for (let length = 0; length < stamped.length; length += 1) {
    expect(decodeEnvelope(stamped.subarray(0, length))).toBeUndefined();
  }
  const huge = Uint8Array.of(1, 4, 255, 255, 255, 255, 255, 255, 255, 255);
  expect(decodeEnvelope(huge)).toBeUndefined();
});
