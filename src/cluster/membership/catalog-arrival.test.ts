import { expect, test } from 'vitest';
import { EagerClock } from '../../../test/support/client/eager-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { CatalogArrival } from './catalog-arrival.ts';

/** A catalog whose barriers fail so often before one passes, on a node that is cut off from the given one on. */
function arrivalOf(failures: number, cutOffFrom = Infinity) {
  let barriers = 0;
  const arrival = new CatalogArrival({
    clock: new EagerClock(),
    host: {
      isCutOff: () => barriers >= cutOffFrom,
      readBarrier: () => {
        barriers += 1;
        if (barriers > failures) return Promise.resolve(7);
        return Promise.reject(new VectorDbError('NOT_LEADER', 'nobody leads yet'));
      },
    },
  });
  return { arrival, barriers: () => barriers };
}

test('the catalog has come once a barrier has passed, and for good', async () => {
  const { arrival, barriers } = arrivalOf(3);
  const { signal } = new AbortController();
  expect(arrival.hasCome).toBe(false);
  await arrival.awaited(signal);
  expect([arrival.hasCome, barriers()]).toEqual([true, 4]);
  await arrival.awaited(signal);
  expect(barriers()).toBe(4);
});

test('a node that is cut off takes the catalog that it has', async () => {
  const { arrival, barriers } = arrivalOf(Infinity, 2);
  await arrival.awaited(new AbortController().signal);
  expect([arrival.hasCome, barriers()]).toEqual([true, 2]);
});

test('whoever gives up waits no longer', async () => {
  const { arrival } = arrivalOf(Infinity);
  const given = new AbortController();
  const waiting = arrival.awaited(given.signal);
  given.abort();
  await waiting;
  expect(arrival.hasCome).toBe(false);
});
