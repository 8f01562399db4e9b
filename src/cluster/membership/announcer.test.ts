import { expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import type { NodeIntroduction } from '../catalog/cluster-command.ts';
import type { ClusterState, MemberNode } from '../catalog/cluster-state.ts';
import { AddressBook } from './address-book.ts';
import { Announcer } from './announcer.ts';
import type { GuestDesk } from './guest-desk.ts';
import type { GuestAnswer } from './guest-message.ts';

const OWN = 'own';
const introduction = { nodeId: 'node-1', raftAddress: 'one:1' } as NodeIntroduction;

const member = (clusterId: string, node: number): GuestAnswer => ({
  ...{ kind: 'member', clusterId, node, nodeId: `node-${node}`, members: [] },
});

/** Node 1 of a cluster, and what others answer, by address: nothing where they have none. */
class Bench {
  readonly asked: string[] = [];
  readonly foreign: string[] = [];
  readonly answers: Record<string, GuestAnswer | VectorDbError>;
  isReached = true;
  known: Partial<MemberNode> = introduction;
  readonly announcer: Announcer;

  constructor(answers: Record<string, GuestAnswer | VectorDbError>) {
    this.answers = answers;
    const desk: Pick<GuestDesk, 'ask'> = {
      ask: async (address, { kind }) => {
        this.asked.push(`${kind} ${address}`);
        const answer = this.answers[address] ?? new VectorDbError('UNAVAILABLE', 'nobody');
        if (answer instanceof VectorDbError) throw answer;
        return answer;
      },
    };
    this.announcer = new Announcer({
      formed: {
        identity: { clusterId: OWN, node: 1, stage: 'member', nodeId: 'node-1', incarnation: 'a' },
        introduction,
        addresses: new AddressBook(),
      },
      desk: desk as GuestDesk,
      peers: ['two:1', 'three:1'],
      state: () => ({ nodes: new Map([[1, this.known]]) }) as unknown as ClusterState,
      isCatalogReached: () => this.isReached,
      onForeign: (why) => this.foreign.push(why),
      log: () => {},
    });
  }

  async pass(): Promise<readonly string[]> {
    await this.announcer.pass(new AbortController().signal);
    return this.announcer.reasons;
  }
}

test('looks once whose peers they are, and no more where one is of its own cluster', async () => {
  const bench = new Bench({ 'two:1': member(OWN, 2), 'three:1': member('other', 3) });
  expect(await bench.pass()).toEqual([]);
  expect(bench.asked).toEqual(['who two:1', 'who three:1']);
  await bench.pass();
  expect(bench.asked).toHaveLength(2);
  expect(bench.foreign).toEqual([]);
});

test('asks again while nobody answers, without a complaint where it is known', async () => {
  const bench = new Bench({});
  expect(await bench.pass()).toEqual([]);
  await bench.pass();
  expect(bench.asked).toHaveLength(4);
});

test('is not to serve where its peers are of another cluster and nobody is of its own', async () => {
  const bench = new Bench({ 'two:1': member('other', 2) });
  expect(await bench.pass()).toEqual(['node-2 at two:1 belongs to another cluster']);
  expect(bench.foreign).toEqual([
    "the data folder is another cluster's: node-2 at two:1 belongs to another cluster",
  ]);
});

test('goes on where its own cluster may only be out of reach', async () => {
  const bench = new Bench({ 'two:1': member('other', 2) });
  bench.isReached = false;
  expect(await bench.pass()).toEqual(['node-2 at two:1 belongs to another cluster']);
  expect(bench.foreign).toEqual([]);
  // It turns out to be a cluster by itself.
  bench.isReached = true;
  await bench.pass();
  expect(bench.foreign).toHaveLength(1);
});

test('says that the token differs', async () => {
  const bench = new Bench({ 'two:1': new VectorDbError('PERMISSION_DENIED', 'token') });
  bench.isReached = false;
  expect(await bench.pass()).toEqual(['two:1: cluster_token differs']);
});

test('tells where it is now, to one that takes it', async () => {
  const bench = new Bench({ 'two:1': member(OWN, 2) });
  bench.known = { ...introduction, raftAddress: 'one:2' };
  await bench.pass();
  expect(bench.asked).toEqual(['who two:1', 'who three:1', 'register two:1']);
});
