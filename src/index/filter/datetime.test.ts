import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDatetime, parseDatetime } from './datetime.ts';

test.each([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01t00:00:00z', 0],
  ['1970-01-01 00:00:01', 1e6],
  ['1970-01-01T00:01', 60e6],
  ['1970-01-02', 86_400e6],
  ['1970-01-01T00:00:00.5Z', 500_000],
  ['1970-01-01T00:00:00.1234567Z', 123_456],
  ['1970-01-01T01:00:00+01:00', 0],
  ['1969-12-31T23:30:00-0030', 0],
  ['1970-01-01T02:00:00+02', 0],
  ['1969-12-31T23:59:59.999999Z', -1],
  ['2024-02-29', Date.UTC(2024, 1, 29) * 1000],
  ['0001-01-01', Date.parse('0001-01-01') * 1000],
  ['1998-12-31T23:59:60Z', Date.UTC(1999, 0, 1) * 1000],
])('%s is %d microseconds', (text, micros) => {
  expect(parseDatetime(text)).toBe(micros);
});

test.each([
  '', 'x', '2024', '2024-1-1', '2024-13-01', '2024-00-01', '2023-02-29', '2024-04-31', '2024-01-01T24:00:00Z',
  '2024-01-01T00:60:00Z', '2024-01-01T00:00:61Z', '2024-01-01T', '2024-01-01Z', '2024-01-01T00Z', '2024-01-01T00:00:00+24:00',
  '2024-01-01T00:00:00Zx', ' 2024-01-01', '2024/01/01', '20240101',
])('%s is no date', (text) => {
  expect(parseDatetime(text)).toBeUndefined();
}); // prettier-ignore

test('a formatted time parses to itself', () => {
  const micros = fc.integer({ min: Date.UTC(1900) * 1000, max: Date.UTC(2200) * 1000 });
  fc.assert(
    fc.property(micros, (time) => {
      expect(parseDatetime(formatDatetime(time))).toBe(time);
    }),
  );
});
