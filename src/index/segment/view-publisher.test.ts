import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { collectionSchema, LocalIndex } from '../../../test/support/local-index.ts';
import { deferred, type Deferred } from '../../base/deferred.ts';
import { MANIFEST_FILE } from './segment-manifest.ts';

test('files of a dropped collection stay until every thread has adopted the views that name them', async () => {
  // A search thread with a view still to adopt opened files that were gone, and ended.
  const adoptions: Deferred<void>[] = [];
  const publish = (): Promise<void> => {
    const adoption = deferred<void>();
    adoptions.push(adoption);
    return adoption.promise;
  };
  const local = await LocalIndex.open(collectionSchema(), { publish });
  local.put(1, [1, 2, 3, 4]);
  local.index.commit([[0, 1]]);
  await local.index.flush();
  const [segment] = local.index.describe().filter(({ kind }) => kind === 'sealed');
  expect(segment).toBeDefined();

  const dropped = local.index.drop();
  for (const adoption of adoptions.slice(0, -1)) adoption.resolve();
  await new Promise((resolve) => void setImmediate(resolve));
  expect(existsSync(join(local.directory, MANIFEST_FILE))).toBe(true);
  adoptions.at(-1)?.resolve();
  await dropped;
  expect(existsSync(local.directory)).toBe(false);
});
