import { expect, test } from 'vitest';
import { describeStateMachine } from '../../../test/contracts/state-machine.contract.ts';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { UnsyncedFileSystem } from '../../../test/support/raft/file-unsynced.ts';
import { seededRandom } from '../../base/random.ts';
import { LOG_START } from '../../raft/core/entry.ts';
import { configurationOf } from '../../raft/core/configuration.ts';
import type { FileSystem } from '../../raft/log/file-system.ts';
import type { StateMachine } from '../../raft/host/state-machine.ts';
import { CatalogMachines } from './catalog-machines.ts';
import type { ClusterCommand } from './cluster-command.ts';
import { encodeClusterCommand } from './cluster-command-codec.ts';
import { decodeClusterResult } from './cluster-result-codec.ts';
import { CATALOG_GROUP, type ClusterState, EMPTY_CLUSTER } from './cluster-state.ts';

const FOLDER = 'data/catalog';

const founding: ClusterCommand = {
  kind: 'foundCluster',
  clusterId: 'grapes',
  settings: { shardCount: 4, replicaCount: 3 },
  founder: {
    nodeId: 'node-1',
    raftAddress: 'a:7000',
    grpcAddress: '',
    restAddress: '',
    zone: '',
    incarnation: 'i1',
  },
};

/** The first one founds the cluster, so that the others have an effect. */
const numbered = (number: number): Uint8Array =>
  encodeClusterCommand(number === 1 ? founding : { kind: 'setReplicaCount', count: number + 10 });

describeStateMachine('the catalog', () => {
  const fileSystem = new MemoryFileSystem();
  const machines = (): CatalogMachines => new CatalogMachines({ fileSystem, folder: FOLDER });
  return {
    factory: machines(),
    crash: () => Promise.resolve(machines()),
    command: numbered,
  };
});

for (const seed of [1, 2, 3]) {
  describeStateMachine(`the catalog on a disk that forgets, ${seed},`, () => {
    const fileSystem = new UnsyncedFileSystem();
    const machines = (files: FileSystem): CatalogMachines =>
      new CatalogMachines({ fileSystem: files, folder: FOLDER });
    return {
      factory: machines(fileSystem),
      crash: () =>
        Promise.resolve(machines(new UnsyncedFileSystem(fileSystem.crash(seededRandom(seed))))),
      command: numbered,
    };
  });
}

const apply = (machine: StateMachine, index: number, ...commands: readonly Uint8Array[]) =>
  machine.apply({
    commands: commands.map((command, place) => ({ term: 1, index: index + place, command })),
    last: { term: 1, index: index + commands.length - 1 },
    rows: [],
  });

test('a crash at any moment of a flush leaves the state before it or after it', async () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed);
    let crashed: ReadonlyMap<string, Uint8Array> | undefined;
    let countdown = random.below(12);
    const inner = new UnsyncedFileSystem();
    const tick = (): void => {
      countdown -= 1;
      if (countdown === 0) crashed = inner.crash(random);
    };
    const fileSystem = watched(inner, tick);
    const machines = new CatalogMachines({ fileSystem, folder: FOLDER });
    const machine = await machines.open(CATALOG_GROUP, 0);
    await apply(machine, 1, numbered(1));
    await machine.flush();
    countdown = 1 + random.below(8);
    crashed = undefined;
    await apply(machine, 2, numbered(2));
    await machine.flush();
    const next = new CatalogMachines({
      fileSystem: new UnsyncedFileSystem(crashed ?? inner.crash(random)),
      folder: FOLDER,
    });
    const again = await next.open(CATALOG_GROUP, 0);
    const { index } = again.applied;
    seen.add(index);
    expect(index).toBeGreaterThanOrEqual(1);
    expect(next.state.settings.replicaCount).toBe(index === 1 ? 3 : 12);
    // Whatever the crash left behind is not in the way.
    await apply(again, index + 1, numbered(3));
    expect(await again.flush()).toBe(index + 1);
  }
  expect(seen).toEqual(new Set([1, 2]));
});

test('a bit that flips in the file is noticed at the next start', async () => {
  const fileSystem = new MemoryFileSystem();
  const machine = await new CatalogMachines({ fileSystem, folder: FOLDER }).open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(1));
  await machine.flush();
  const [[path, bytes] = ['', new Uint8Array()]] = fileSystem.files;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const machines = new CatalogMachines({
      fileSystem: new MemoryFileSystem(new Map([[path, damaged]])),
      folder: FOLDER,
    });
    await expect(machines.open(CATALOG_GROUP, 0)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  }
});

test('a state that the log names and the disk has not is damage, not a new beginning', async () => {
  const machines = new CatalogMachines({ fileSystem: new MemoryFileSystem(), folder: FOLDER });
  await expect(machines.open(CATALOG_GROUP, 3)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
});

test('a flush that finds the disk full fails, keeps what was there, and works once there is room', async () => {
  const inner = new MemoryFileSystem();
  let isFull = false;
  const fileSystem = watched(inner, (what) => {
    if (isFull && what === 'write') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  const machine = await new CatalogMachines({ fileSystem, folder: FOLDER }).open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(1));
  isFull = true;
  await expect(machine.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
  isFull = false;
  expect(await machine.flush()).toBe(1);
  expect([...inner.files.keys()]).toEqual([`${FOLDER}/${CATALOG_GROUP}-0.catalog`]);
});

test('a state that was staged and is not named goes at the next start, and its number is not given again', async () => {
  const fileSystem = new MemoryFileSystem();
  const machines = (): CatalogMachines => new CatalogMachines({ fileSystem, folder: FOLDER });
  const machine = await machines().open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(1));
  await machine.flush();
  const snapshot = await machine.snapshot();
  const staged = await machine.stage({ ...snapshot.last, configuration: configurationOf([1]) });
  await staged.write(await snapshot.read(0, 1e6));
  await staged.finish();
  expect(fileSystem.files.size).toBe(2);
  const next = await machines().open(CATALOG_GROUP, 0);
  expect([...fileSystem.files.keys()]).toEqual([`${FOLDER}/${CATALOG_GROUP}-0.catalog`]);
  const other = await next.stage({ ...snapshot.last, configuration: configurationOf([1]) });
  expect(other.generation).toBeGreaterThan(staged.generation);
  await expect(next.activate(staged.generation)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
});

test('flushes side by side write what is newest and never go back', async () => {
  const fileSystem = new MemoryFileSystem();
  const machine = await new CatalogMachines({ fileSystem, folder: FOLDER }).open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(1));
  const first = machine.flush();
  await apply(machine, 2, numbered(2));
  const [, second] = await Promise.all([first, machine.flush(), machine.flush()]);
  expect(second).toBe(2);
  const next = await new CatalogMachines({ fileSystem, folder: FOLDER }).open(CATALOG_GROUP, 0);
  expect(next.applied.index).toBe(2);
});

test('listeners hear of changes, of a state from elsewhere and of what a restart finds, and of nothing else', async () => {
  const heard: [number, number][] = [];
  const onChange = (state: ClusterState, previous: ClusterState): void => {
    heard.push([previous.version, state.version]);
  };
  const fileSystem = new MemoryFileSystem();
  const machines = new CatalogMachines({ fileSystem, folder: FOLDER, onChange });
  expect(machines.state).toBe(EMPTY_CLUSTER);
  const machine = await machines.open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(2));
  expect(heard).toEqual([]);
  await apply(machine, 2, numbered(1), numbered(2), numbered(3));
  await apply(machine, 5, numbered(3));
  expect(heard).toEqual([[0, 3]]);
  expect(machines.state.settings.replicaCount).toBe(13);

  const other = new CatalogMachines({ fileSystem: new MemoryFileSystem(), folder: FOLDER });
  const source = await other.open(CATALOG_GROUP, 0);
  await apply(source, 1, ...[1, 2, 3, 4, 5].map(numbered));
  const snapshot = await source.snapshot();
  const meta = { ...snapshot.last, configuration: configurationOf([1]) };
  const staged = await machine.stage(meta);
  await staged.write(await snapshot.read(0, 1e6));
  await staged.finish();
  await machine.activate(staged.generation);
  expect(heard.at(-1)).toEqual([3, 5]);
  await machine[Symbol.asyncDispose]();

  heard.length = 0;
  const next = new CatalogMachines({ fileSystem, folder: FOLDER, onChange });
  await next.open(CATALOG_GROUP, staged.generation);
  expect(heard).toEqual([[0, 5]]);
  await next.destroy(CATALOG_GROUP);
  expect(next.state).toBe(EMPTY_CLUSTER);
  expect((await next.open(CATALOG_GROUP, 0)).applied).toEqual(LOG_START);
});

test('a committed command that cannot be read changes nothing and is answered with the same words', async () => {
  const machines = new CatalogMachines({ fileSystem: new MemoryFileSystem(), folder: FOLDER });
  const machine = await machines.open(CATALOG_GROUP, 0);
  const cut = numbered(1).subarray(0, 9);
  const results = await apply(machine, 1, new Uint8Array(), Uint8Array.of(0, 1), cut);
  for (const result of results) {
    expect(decodeClusterResult(result)).toEqual({
      kind: 'refused',
      code: 'DATA_CORRUPT',
      message: 'the command cannot be read',
    });
  }
  expect(machine.applied.index).toBe(3);
  expect(machines.state).toBe(EMPTY_CLUSTER);
});

test('a command of a later program stops this one before it disagrees with the others', async () => {
  const machines = new CatalogMachines({ fileSystem: new MemoryFileSystem(), folder: FOLDER });
  const machine = await machines.open(CATALOG_GROUP, 0);
  await apply(machine, 1, numbered(1));
  const later = numbered(2).with(0, 2);
  await expect(apply(machine, 2, numbered(3), later)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
  });
  expect(machine.applied.index).toBe(1);
  expect(machines.state.settings.replicaCount).toBe(3);
});

/** Calls `tick` before each change of the disk. */
function watched(inner: FileSystem, tick: (what: 'write' | 'other') => void): FileSystem {
  return {
    makeFolder: (path) => inner.makeFolder(path),
    list: (path) => inner.list(path),
    async open(path, how) {
      if (how === 'create') tick('other');
      const file = await inner.open(path, how);
      return {
        get size() {
          return file.size;
        },
        async write(position, bytes) {
          tick('write');
          await file.write(position, bytes);
        },
        async sync() {
          tick('other');
          await file.sync();
        },
        read: (position, length) => file.read(position, length),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
      };
    },
    async rename(from, to) {
      tick('other');
      await inner.rename(from, to);
    },
    remove: (path) => inner.remove(path),
    async syncFolder(path) {
      tick('other');
      await inner.syncFolder(path);
    },
  };
}
