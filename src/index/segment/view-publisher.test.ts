import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { collectionSchema, LocalIndex } from '../../../test/support/local-index.ts';
import { deferred, type Deferred } from '../../base/deferred.ts';
import type { IndexView } from './index-view.ts';
import { MANIFEST_FILE } from './segment-manifest.ts';

/** Search threads that take their time: views they were given, and their adoptions, which the test resolves. */
function slowThreads() {
  const views: IndexView[] = [];
  const adoptions: Deferred<void>[] = [];
  const publish = (view: IndexView): Promise<void> => {
    const adoption = deferred<void>();
    views.push(view);
    adoptions.push(adoption);
    return adoption.promise;
  };
  const adoptAll = (): void => {
    for (const adoption of adoptions) adoption.resolve();
  };
  return { views, adoptions, publish, adoptAll };
}

const tag = { kind: 'keyword' } as const;
const size = { kind: 'integer' } as const;
const TAGGED = collectionSchema({ payloadIndexes: { tag } });
const UNTAGGED = collectionSchema();

/** Whether the files of the payload indexes that a view names are there. */
function hasFields(view: IndexView | undefined): boolean[] {
  return (view?.sealed ?? []).flatMap(({ directory, fields }) =>
    Object.values(fields).map((name) => existsSync(join(directory, name))),
  );
}

test('files of a dropped collection stay until every thread has adopted the views that name them', async () => {
  // A search thread with a view still to adopt opened files that were gone, and ended.
  const { adoptions, publish } = slowThreads();
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

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Turns of the event loop until all is done; `each` is called in each of them. */
async function turnsUntil(done: Promise<unknown>, each: () => void): Promise<void> {
  const state = { isDone: false };
  const ended = done.finally(() => Object.assign(state, { isDone: true }));
  while (!state.isDone) {
    await turn();
    each();
  }
  await ended;
  await turn();
}

test('a payload index that comes again is not removed with the one before it', async () => {
  // A search thread that had not adopted the view in between yet opened a file that was gone, and ended.
  const { views, publish, adoptAll } = slowThreads();
  await using local = await LocalIndex.open(TAGGED, { publish });
  local.put(1, [1, 2, 3, 4], { tag: 'a' });
  local.index.commit([[0, 1]]);
  await local.index.flush();
  adoptAll();
  expect(hasFields(views.at(-1))).toEqual([true]);

  await local.index.updateSchema(UNTAGGED);
  await turnsUntil(local.index.updateSchema(TAGGED), adoptAll);
  expect(hasFields(views.at(-1))).toEqual([true]);
});

test('a build of one payload index does not bring another back that has gone meanwhile', async () => {
  const builds: Deferred<void>[] = [];
  const { views, publish, adoptAll } = slowThreads();
  await using local: LocalIndex = await LocalIndex.open(TAGGED, {
    publish,
    build: async (job) => {
      const built = await local.build(job);
      if (job.kind === 'segment') return built;
      const end = deferred<void>();
      builds.push(end);
      await end.promise;
      return built;
    },
  });
  local.put(1, [1, 2, 3, 4], { tag: 'a', size: 1 });
  local.index.commit([[0, 1]]);
  await local.index.flush();
  adoptAll();

  const changes = [local.index.updateSchema(collectionSchema({ payloadIndexes: { tag, size } }))];
  while (builds.length === 0) {
    adoptAll();
    await turn();
  }
  for (const payloadIndexes of [{ size }, { size, tag }]) {
    changes.push(local.index.updateSchema(collectionSchema({ payloadIndexes })));
    adoptAll();
    await turn();
  }
  await turnsUntil(Promise.all(changes), () => {
    adoptAll();
    for (const end of builds) end.resolve();
  });
  expect(hasFields(views.at(-1))).toEqual([true, true]);
});
