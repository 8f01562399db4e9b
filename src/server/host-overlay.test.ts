import { describe, expect, test } from 'vitest';
import { HostOverlay } from './host-overlay.ts';

describe('an overlay of hosts', () => {
  test('says where an address is, by host and port before the host alone', () => {
    const overlay = new HostOverlay(['a=127.0.0.1', 'a:7000=127.0.0.1:7010', '[::1]=[::2]']);
    expect(overlay.resolve('a:7000')).toBe('127.0.0.1:7010');
    expect(overlay.resolve('a:6334')).toBe('127.0.0.1:6334');
    expect(overlay.resolve('[::1]:7000')).toBe('[::2]:7000');
    expect(overlay.resolve('b:7000')).toBe('b:7000');
  });

  test.each(['', 'a', '=b', 'a=', 'a=b=c'])('refuses %j and names the setting', (pair) => {
    expect(() => new HostOverlay(['x=y', pair])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', field: 'cluster.host_overlay[1]' }),
    );
  });
});
