import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import {
  encodeKeyValueCommand,
  type KeyValueCommand,
} from '../../../test/support/raft/host-key-value.ts';
import {
  type MemoryMachine,
  MemoryMachines,
} from '../../../test/support/raft/host-memory-machine.ts';
import { must } from '../../base/assert.ts';
import { configurationOf } from '../core/configuration.ts';
import type { Message } from '../core/message.ts';
import type { GroupWrite, LogStorage } from '../log/log-storage.ts';
import { MemoryLog } from '../log/memory-log.ts';
import type { GroupMessage, SnapshotChunk, Transport } from '../transport/transport.ts';
import { CONFIGURATION_KEY, encodeConfigurationRow } from './host-rows.ts';
import { firstWrite, prepareMachine } from './group-birth.ts';
import { GroupCommitter } from './group-committer.ts';
import type { GroupServices } from './group-services.ts';
import { Outbox } from './outbox.ts';
import { NodeContact } from './node-contact.ts';
import { RaftGroup } from './raft-group.ts';
import { DEFAULT_RAFT_HOST_LIMITS } from './raft-host-limits.ts';
import { replicaId } from './replica-id.ts';
import { Slots } from './slots.ts';
import { SnapshotSender } from './snapshot-sender.ts';

const [ME, OTHER, THIRD] = [1, 2, 3].map((node) => replicaId(node, 0)) as [number, number, number];

const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One group whose turns are taken by hand, and whose disk is durable when it is told. */
class Bench {
  readonly log = new MemoryLog();
  readonly clock = new HandClock();
  readonly events: string[] = [];
  readonly sent: Message[] = [];
  readonly writes: GroupWrite[] = [];
  readonly errors: unknown[] = [];
  readonly committer: GroupCommitter;
  readonly outbox: Outbox;
  #group: RaftGroup | undefined;
  #machine: MemoryMachine | undefined;
  readonly #durable: (() => void)[] = [];

  constructor() {
    const storage: Partial<LogStorage> = {
      group: (group) => this.log.group(group),
      append: async (writes, { sync }) => {
        this.events.push(`write${sync ? ' synced' : ''}`);
        this.writes.push(...writes);
        await this.log.append(writes);
        await new Promise<void>((resolve) => this.#durable.push(resolve));
      },
    };
    const transport: Partial<Transport> = {
      send: (_, messages: readonly GroupMessage[]) => {
        for (const { message } of messages) {
          this.events.push(`send ${message.kind}`);
          this.sent.push(message);
        }
      },
    };
    this.outbox = new Outbox({
      transport: transport as Transport,
      clock: this.clock,
      noticeHoldMs: DEFAULT_RAFT_HOST_LIMITS.noticeHoldMs,
    });
    this.committer = new GroupCommitter({
      log: storage as LogStorage,
      clock: this.clock,
      batchesMax: 2,
      wake: () => {},
      onError: (error) => this.errors.push(error),
    });
  }

  get group(): RaftGroup {
    return must(this.#group, 'it was opened');
  }

  get machine(): MemoryMachine {
    return must(this.#machine, 'it was opened');
  }

  async open(limits: object = {}): Promise<void> {
    const birth = {
      group: 1,
      replica: ME,
      configuration: configurationOf([ME, OTHER, THIRD]),
    };
    const machines = new MemoryMachines();
    this.#machine = await machines.open(1, 0);
    await prepareMachine(this.machine, birth);
    await this.log.append([firstWrite(birth)]);
    const all = { ...DEFAULT_RAFT_HOST_LIMITS, electionTicks: 3, heartbeatTicks: 1, ...limits };
    const services: GroupServices = {
      clock: this.clock,
      random: { next: () => 0, below: () => 0 },
      limits: all,
      outbox: this.outbox,
      committer: this.committer,
      sender: new SnapshotSender({
        ...all,
        transport: {} as Transport,
        clock: this.clock,
        nextName: () => 'a',
      }),
      receiving: new Slots(1),
      firstContext: () => 1,
      ticks: () => 0,
      contact: new NodeContact(this.clock, 1_000),
      onLeadership: () => {},
      wake: () => {},
      onError: (_, error) => this.errors.push(error),
      onDigestMismatch: () => {},
    };
    const log = must(this.log.group(1), 'the group is there');
    this.#group = await RaftGroup.open(services, log, this.machine);
  }

  turn(): void {
    this.group.takeTurn();
    this.outbox.flush();
    this.committer.flush();
  }

  /** Everything that was written is durable. */
  async becomesDurable(): Promise<void> {
    await drained();
    for (const resolve of this.#durable.splice(0)) resolve();
    await drained();
  }

  kinds(): readonly string[] {
    return this.sent.map(({ kind }) => kind);
  }

  /** Wins an election of term 2 with the other's votes. */
  async lead(): Promise<void> {
    this.group.tick(3);
    for (let turn = 0; turn < 3; turn += 1) this.turn();
    const committed = { term: 1, index: 1 };
    const reply = { from: OTHER, to: ME, term: 2, granted: true, committed };
    this.group.receive({ kind: 'preVoteReply', ...reply });
    this.turn();
    await this.becomesDurable();
    this.turn();
    this.group.receive({ kind: 'voteReply', ...reply });
    this.turn();
    await this.becomesDurable();
    this.turn();
    this.group.receive({ kind: 'appendAccepted', from: OTHER, to: ME, term: 2, index: 2 });
    this.turn();
    await this.becomesDurable();
    this.turn();
  }
}

const heartbeat = (term: number): Message => ({
  kind: 'heartbeat',
  from: OTHER,
  to: ME,
  term,
  commit: 1,
  context: 0,
});
const set: KeyValueCommand = { kind: 'set', key: 'a', value: '1' };
const command = { kind: 'command', command: encodeKeyValueCommand(set) } as const;

describe('a turn', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  test('takes so many messages, and all of them before a tick', async () => {
    await bench.open({ messagesPerTurnMax: 1, ticksAtOnceMax: 2 });
    bench.group.tick(2);
    bench.turn();
    for (const term of [1, 1, 1, 2]) bench.group.receive(heartbeat(term));
    bench.group.tick(1);
    bench.group.takeTurn();
    expect(bench.group.status.raft).toMatchObject({ role: 'follower', term: 2, leader: OTHER });
    for (const term of [3, 4]) bench.group.receive(heartbeat(term));
    expect(bench.group.takeTurn()).toBe(true);
    expect(bench.group.status.raft.term).toBe(3);
    bench.group.takeTurn();
    expect(bench.group.status.raft.term).toBe(4);
  });

  test('drops messages that find no room, and says how many', async () => {
    await bench.open({ inboxMessagesMax: 2 });
    for (const term of [2, 3, 4]) bench.group.receive(heartbeat(term));
    bench.turn();
    expect(bench.group.status).toMatchObject({ messagesDropped: 1, raft: { term: 3 } });
  });

  test('makes up for a few ticks only', async () => {
    await bench.open({ ticksAtOnceMax: 2 });
    bench.group.tick(2);
    bench.group.tick(2);
    bench.turn();
    expect(bench.group.status.raft.role).toBe('follower');
    bench.group.tick(1);
    bench.turn();
    expect(bench.group.status.raft.role).toBe('preCandidate');
  });
});

describe('what leaves a replica', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.open();
  });

  test('a vote, only when it is durable', async () => {
    const last = { term: 1, index: 1 };
    const vote = { kind: 'vote', from: OTHER, to: ME, term: 5, transfer: true } as const;
    bench.group.receive({ ...vote, last, committed: last });
    bench.turn();
    bench.turn();
    expect(bench.events).toEqual(['write synced']);
    expect(bench.writes).toEqual([
      { group: 1, hardState: expect.objectContaining({ term: 5, vote: OTHER }) },
    ]);
    await bench.becomesDurable();
    bench.turn();
    expect(bench.events).toEqual(['write synced', 'send voteReply']);
  });

  test('an acceptance, only when its entries are durable, also one that adds nothing to the log', async () => {
    const append: Message = {
      kind: 'append',
      from: OTHER,
      to: ME,
      term: 1,
      previous: { term: 1, index: 1 },
      entries: [{ term: 1, index: 2, kind: 'empty', data: new Uint8Array(0) }],
      commit: 1,
    };
    bench.group.receive(append);
    bench.turn();
    bench.group.receive(append);
    bench.turn();
    expect(bench.kinds()).toEqual([]);
    await bench.becomesDurable();
    bench.turn();
    expect(new Set(bench.kinds())).toEqual(new Set(['appendAccepted']));
    expect(bench.sent[0]).toMatchObject({ index: 2 });
  });

  test("a leader's entries, before its own disk has them", async () => {
    await bench.lead();
    expect(bench.group.isLeader).toBe(true);
    bench.group.receive({ kind: 'appendAccepted', from: THIRD, to: ME, term: 2, index: 2 });
    bench.turn();
    bench.events.length = 0;
    const proposal = bench.group.requests.propose(command);
    bench.turn();
    expect(bench.events).toEqual(['send append', 'send append', 'write synced']);
    for (const from of [OTHER, THIRD]) {
      bench.group.receive({ kind: 'appendAccepted', from, to: ME, term: 2, index: 3 });
    }
    bench.turn();
    expect(bench.group.status.raft.appliedIndex).toBe(2);
    await bench.becomesDurable();
    bench.turn();
    await proposal;
    expect(bench.machine.value('a')).toBe('1');
  });
});

describe('a commit index', () => {
  test('alone is not written, and goes out with what is written next', async () => {
    const bench = new Bench();
    await bench.open();
    await bench.lead();
    const before = bench.writes.length;
    const first = bench.group.requests.propose(command);
    bench.turn();
    await bench.becomesDurable();
    bench.group.receive({ kind: 'appendAccepted', from: OTHER, to: ME, term: 2, index: 3 });
    for (let turn = 0; turn < 3; turn += 1) {
      bench.turn();
      await bench.becomesDurable();
    }
    await first;
    expect(bench.writes).toHaveLength(before + 1);
    bench.group.requests.propose(command).catch(() => {});
    bench.turn();
    expect(bench.writes.at(-1)).toMatchObject({
      hardState: { commit: 3 },
      entries: [{ index: 4 }],
    });
  });
});

describe('a staged snapshot', () => {
  /** The state of another replica at (term, 9), in one piece. */
  async function chunkOf(term: number, value: string): Promise<SnapshotChunk> {
    const machine = await new MemoryMachines().open(1, 0);
    const command = encodeKeyValueCommand({ kind: 'set', key: 'a', value });
    const configuration = configurationOf([ME, OTHER, THIRD]);
    await machine.apply({
      commands: [{ term, index: 9, command }],
      last: { term, index: 9 },
      rows: [{ key: CONFIGURATION_KEY, value: encodeConfigurationRow(configuration) }],
    });
    const data = await (await machine.snapshot()).read(0, 1e6);
    return {
      ...{ group: 1, from: OTHER, to: ME, term, snapshot: value, offset: 0, data, last: true },
      meta: { term, index: 9, configuration },
      crc: crc32(data),
    };
  }

  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.open();
  });

  test('takes the place of the state once the log has named it durably, not before', async () => {
    expect(await bench.group.onChunk(await chunkOf(3, 'x'))).toEqual({ kind: 'done' });
    await drained();
    bench.turn();
    expect(bench.writes).toMatchObject([
      { snapshot: { last: { term: 3, index: 9 }, generation: 1 }, hardState: { commit: 9 } },
    ]);
    await drained();
    expect(bench.machine.applied.index).toBe(1);
    await bench.becomesDurable();
    expect(bench.machine.value('a')).toBe('x');
    bench.turn();
    expect(bench.group.status.raft).toMatchObject({ appliedIndex: 9, commitIndex: 9, term: 3 });
    expect(bench.sent.at(-1)).toMatchObject({ kind: 'appendAccepted', index: 9 });
  });

  test('is thrown away where its leader is of the past by then, and another one is taken', async () => {
    await bench.group.onChunk(await chunkOf(3, 'old'));
    await drained();
    const busy = await bench.group.onChunk(await chunkOf(4, 'new'));
    expect(busy.kind).toBe('refused');
    bench.group.receive(heartbeat(4));
    bench.turn();
    await bench.becomesDurable();
    expect(bench.machine.applied.index).toBe(1);
    expect(bench.writes.some(({ snapshot }) => snapshot !== undefined)).toBe(false);
    expect((await bench.group.onChunk(await chunkOf(3, 'old again'))).kind).toBe('refused');
    expect((await bench.group.onChunk(await chunkOf(4, 'new'))).kind).toBe('done');
    await drained();
    bench.turn();
    await bench.becomesDurable();
    expect(bench.machine.value('a')).toBe('new');
    expect((await bench.group.onChunk(await chunkOf(4, 'late'))).kind).toBe('refused');
  });

  test('that a closing group was not offered is thrown away', async () => {
    await bench.group.onChunk(await chunkOf(3, 'x'));
    await drained();
    await bench.group.close('the end');
    expect(bench.machine.applied.index).toBe(1);
    const next = new Bench();
    await next.open();
    const staged = next.group.onChunk(await chunkOf(3, 'x'));
    const closed = next.group.close('the end');
    await staged;
    await closed;
    expect(next.errors).toEqual([]);
  });
});

describe('a group', () => {
  test('whose state and log do not fit is not opened', async () => {
    const bench = new Bench();
    await bench.open();
    await bench.machine.apply({ commands: [], last: { term: 1, index: 5 }, rows: [] });
    const log = must(bench.log.group(1), 'the group is there');
    const opened = RaftGroup.open({} as GroupServices, log, bench.machine);
    await expect(opened).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('that is closed takes nothing and answers nothing', async () => {
    const bench = new Bench();
    await bench.open();
    await bench.lead();
    const proposal = bench.group.requests.propose(command);
    bench.turn();
    const closed = bench.group.close('the end');
    await expect(proposal).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await closed;
    bench.events.length = 0;
    bench.group.receive(heartbeat(9));
    bench.group.tick(3);
    await bench.becomesDurable();
    bench.turn();
    expect(bench.events).toEqual([]);
    expect(bench.errors).toEqual([]);
  });
});
