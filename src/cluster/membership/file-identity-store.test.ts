import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { seededRandom } from '../../base/random.ts';
import { FileIdentityStore } from './file-identity-store.ts';
import type { Founder, NodeIdentity } from './node-identity.ts';

const FOLDER = 'data/cluster';

const storeOn = (files: MemoryFileSystem, nodeId = 'node-1', seed = 1): FileIdentityStore =>
  new FileIdentityStore({ files, folder: FOLDER, nodeId, random: seededRandom(seed) });

async function identityOf(store: FileIdentityStore): Promise<NodeIdentity> {
  const incarnation = await store.incarnation();
  return { clusterId: 'c'.repeat(32), node: 3, nodeId: 'node-1', incarnation, stage: 'joining' };
}

async function textOf(files: MemoryFileSystem): Promise<string> {
  const file = await files.open(`${FOLDER}/cluster.json`, 'existing');
  const text = new TextDecoder().decode(file.read(0, file.size));
  await file.close();
  return text;
}

async function replaceText(files: MemoryFileSystem, text: string): Promise<void> {
  await files.remove(`${FOLDER}/cluster.json`);
  const file = await files.open(`${FOLDER}/cluster.json`, 'create');
  await file.write(0, new TextEncoder().encode(text));
  await file.close();
}

describe('a new folder', () => {
  test('belongs to no cluster, and draws an incarnation that stays', async () => {
    const files = new MemoryFileSystem();
    expect(await storeOn(files).load()).toBeUndefined();
    const drawn = await storeOn(files).incarnation();
    expect(drawn).toMatch(/^[0-9a-f]{32}$/);
    expect(await storeOn(files, 'node-1', 2).incarnation()).toBe(drawn);
  });

  test('that was wiped draws another one', async () => {
    const drawn = await storeOn(new MemoryFileSystem(), 'node-1', 1).incarnation();
    expect(await storeOn(new MemoryFileSystem(), 'node-1', 2).incarnation()).not.toBe(drawn);
  });
});

describe('an identity', () => {
  test('is there for the next process, and again after its stage changed', async () => {
    const files = new MemoryFileSystem();
    const store = storeOn(files);
    const identity = await identityOf(store);
    await store.save(identity);
    expect(await storeOn(files).load()).toEqual(identity);
    await store.save({ ...identity, stage: 'member' });
    expect(await store.load()).toEqual({ ...identity, stage: 'member' });
    expect(await storeOn(files).load()).toEqual({ ...identity, stage: 'member' });
    expect(await files.list(FOLDER)).toEqual(['cluster.json']);
  });

  test('keeps where the others were, beside the identity', async () => {
    const files = new MemoryFileSystem();
    const store = storeOn(files);
    const identity = await identityOf(store);
    await store.save(identity);
    expect(await storeOn(files).members()).toEqual([]);
    const members = [{ node: 2, nodeId: 'node-2', address: 'b:7000' }];
    await store.saveMembers(members);
    expect(await storeOn(files).members()).toEqual(members);
    expect(await storeOn(files).load()).toEqual(identity);
  });

  test('keeps whom it lets found a cluster, before and after it is in one', async () => {
    const founder = (nodeId: string): Founder => ({ nodeId, incarnation: `first ${nodeId}` });
    const files = new MemoryFileSystem();
    const store = storeOn(files);
    expect(await store.consent()).toBeUndefined();
    const [identity] = await Promise.all([identityOf(store), store.saveConsent(founder('node-2'))]);
    await Promise.all([store.saveConsent(founder('node-3')), store.save(identity)]);
    const next = storeOn(files);
    expect(await next.consent()).toEqual(founder('node-3'));
    expect(await next.load()).toEqual(identity);
    expect(await next.incarnation()).toBe(await store.incarnation());
  });

  test('is written over what a crash left', async () => {
    const files = new MemoryFileSystem();
    const store = storeOn(files);
    await store.load();
    const left = await files.open(`${FOLDER}/cluster.json.next`, 'create');
    await left.write(0, Uint8Array.of(1, 2, 3));
    await left.close();
    const identity = await identityOf(store);
    await store.save(identity);
    expect(await storeOn(files).load()).toEqual(identity);
  });

  test('of a node with another name is refused, and the setting named', async () => {
    const files = new MemoryFileSystem();
    const store = storeOn(files);
    await store.save(await identityOf(store));
    await expect(storeOn(files, 'node-2').load()).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      field: 'cluster.node_id',
      message: expect.stringContaining('belongs to node "node-1"') as string,
    });
  });
});

test('every changed digit, and every cut, of the file is noticed', async () => {
  const files = new MemoryFileSystem();
  const store = storeOn(files);
  await store.save(await identityOf(store));
  const text = await textOf(files);
  const damaged = [
    ...[...text.matchAll(/\d/g)].map(({ index, 0: digit }) => {
      const other = String((Number(digit) + 1) % 10);
      return text.slice(0, index) + other + text.slice(index + 1);
    }),
    ...[0, 1, text.length / 2, text.length - 3].map((length) => text.slice(0, length)),
    'null',
    '[]',
  ];
  for (const each of damaged) {
    await replaceText(files, each);
    await expect(storeOn(files).load(), each).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  }
});
