import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import {
  type ShardResult,
  applyResultOf,
  decodeShardResult,
  encodeShardResult,
} from './shard-result-codec.ts';

const anyResult: fc.Arbitrary<ShardResult> = fc.oneof(
  fc.record({
    kind: fc.constant('applied' as const),
    result: fc.record({ index: fc.maxSafeNat(), changed: fc.nat(0xffff_ffff) }),
  }),
  fc.record({
    kind: fc.constant('refused' as const),
    error: fc.record(
      {
        code: fc.constantFrom('STALE_EPOCH' as const, 'LIMIT_EXCEEDED' as const),
        message: fc.string(),
        field: fc.string(),
      },
      { requiredKeys: ['code', 'message'] },
    ),
  }),
);

describe("a command's result", () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(decodeShardResult(encodeShardResult(result))).toEqual(result);
      }),
    );
  });

  test('has the bytes that docs/formats/shard-command.md describes', () => {
    const applied = encodeShardResult({ kind: 'applied', result: { index: 258, changed: 3 } });
    expect(Buffer.from(applied).toString('hex')).toBe('0101000000000000010200000003');
    const error = { code: 'STALE_EPOCH', message: 'old', field: undefined } as const;
    const refused = Buffer.from(encodeShardResult({ kind: 'refused', error }));
    expect(refused.toString('latin1')).toBe('\x01\x02{"code":"STALE_EPOCH","message":"old"}');
  });

  test('of a refused command is its error', () => {
    const error = { code: 'LIMIT_EXCEEDED', message: 'too large', field: 'payload' } as const;
    const bytes = encodeShardResult({ kind: 'refused', error });
    expect(() => applyResultOf(bytes)).toThrow(expect.objectContaining(error));
  });

  test('with an error code of a newer version is still an error', () => {
    const text = Buffer.from('\x01\x02{"code":"BRAND_NEW","message":"m"}', 'latin1');
    expect(decodeShardResult(text)).toMatchObject({ kind: 'refused', error: { code: 'INTERNAL' } });
  });

  test('of any bytes is decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          decodeShardResult(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(VectorDbError);
          expect(thrown).toMatchObject({ code: 'DATA_CORRUPT' });
        }
      }),
      { numRuns: 2_000, examples: [[Uint8Array.of(1, 2, 0x6e, 0x75, 0x6c, 0x6c)]] },
    );
  });
});
