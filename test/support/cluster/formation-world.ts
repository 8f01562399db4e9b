import { must } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type {
  ClusterCommand,
  ClusterCommandResult,
} from '../../../src/cluster/catalog/cluster-command.ts';
import type { ClusterState, MemberNode } from '../../../src/cluster/catalog/cluster-state.ts';
import { EMPTY_CLUSTER } from '../../../src/cluster/catalog/cluster-state.ts';
import { drawName } from '../../../src/cluster/membership/file-identity-store.ts';
import { Formation, type Formed } from '../../../src/cluster/membership/formation.ts';
import { GuestDesk } from '../../../src/cluster/membership/guest-desk.ts';
import {
  decodeGuestRequest,
  type MemberAddress,
} from '../../../src/cluster/membership/guest-message.ts';
import type {
  Founder,
  IdentityStore,
  NodeIdentity,
} from '../../../src/cluster/membership/node-identity.ts';
import { Registrar } from '../../../src/cluster/membership/registrar.ts';
import type { GuestHandler, GuestPort } from '../../../src/raft/transport/transport.ts';
import { HandClock } from '../hand-clock.ts';

/** Settings of a node, by names of nodes. */
export interface PeerNames {
  readonly initialPeers: readonly string[];
  readonly joinCluster: boolean;
  readonly seedNodes?: readonly string[];
}

interface Disk {
  identity: NodeIdentity | undefined;
  incarnation: string | undefined;
  consent: Founder | undefined;
  members: readonly MemberAddress[];
}

interface Process {
  readonly formation: Formation;
  readonly stop: AbortController;
  handler: GuestHandler | undefined;
  formed: Formed | undefined;
  failure: unknown;
}

const STEP_MS = 50;
const addressOf = (name: string): string => `${name}:7000`;

/** Processes that form clusters over a network of guests in memory; who has founded is the catalog, as far as its node can be reached. */
export class FormationWorld {
  /** Members take nobody in. */
  refuseRegistrations = false;
  /** Nodes with another cluster token than the rest. */
  readonly strangers = new Set<string>();
  readonly #clock = new HandClock();
  readonly #random: Random;
  readonly #settings: Readonly<Record<string, PeerNames>>;
  readonly #disks = new Map<string, Disk>();
  readonly #processes = new Map<string, Process>();
  readonly #cut = new Set<string>();
  /** By cluster: its nodes, by incarnation. */
  readonly #catalogs = new Map<string, Map<string, MemberNode>>();
  #loss = { kind: '', count: 0 };

  constructor(settings: Readonly<Record<string, PeerNames>>, seed = 1) {
    this.#settings = settings;
    this.#random = seededRandom(seed);
  }

  static asGiven(seed?: number): FormationWorld {
    const names = ['node-1', 'node-2', 'node-3'];
    const joins = { initialPeers: [], joinCluster: true, seedNodes: names };
    const founds = { initialPeers: names, joinCluster: false };
    return new FormationWorld({ 'node-1': founds, 'node-2': joins, 'node-3': joins }, seed);
  }

  /** Ids of all clusters that were ever founded and are not wiped off every disk. */
  clusters(): readonly string[] {
    const ids = [...this.#disks.values()].flatMap(({ identity }) => identity?.clusterId ?? []);
    return [...new Set([...ids, ...this.#catalogs.keys()])];
  }

  identity(name: string): NodeIdentity | undefined {
    return this.#disks.get(name)?.identity;
  }

  reasons(name: string): readonly string[] {
    return this.#processes.get(name)?.formation.reasons ?? [];
  }

  failure(name: string): unknown {
    return this.#processes.get(name)?.failure;
  }

  /** Nodes that were ever taken into a cluster. */
  get registered(): number {
    return [...this.#catalogs.values()].reduce((sum, nodes) => sum + nodes.size, 0);
  }

  start(name: string): void {
    if (this.#processes.has(name)) return;
    const { initialPeers, joinCluster, seedNodes = [] } = must(this.#settings[name], 'settings');
    const disk = this.#disks.get(name) ?? {
      identity: undefined,
      incarnation: undefined,
      consent: undefined,
      members: [],
    };
    this.#disks.set(name, disk);
    const peer = (nodeId: string) => ({ nodeId, address: addressOf(nodeId) });
    const desk = new GuestDesk(this.#port(name, () => process));
    const formation = new Formation({
      self: {
        nodeId: name,
        raftAddress: addressOf(name),
        grpcAddress: '',
        restAddress: '',
        zone: '',
      },
      initialPeers: initialPeers.map(peer),
      joinCluster,
      seedNodes: seedNodes.map(peer),
      identities: this.#identities(disk, () => process),
      desk,
      clock: this.#clock,
      random: this.#random,
      log: () => {},
    });
    const handler = this.#early.get(name);
    const process: Process = {
      formation,
      stop: new AbortController(),
      handler,
      formed: undefined,
      failure: undefined,
    };
    this.#processes.set(name, process);
    void this.#form(process, desk);
  }

  /** The process dies; what it was writing may be there or not. */
  crash(name: string): void {
    this.#processes.get(name)?.stop.abort();
    this.#processes.delete(name);
  }

  /** The process dies, and its disk with it. */
  wipe(name: string): void {
    this.crash(name);
    this.#disks.delete(name);
  }

  cut(one: string, other: string): void {
    this.#cut.add([one, other].toSorted().join());
  }

  mend(): void {
    this.#cut.clear();
  }

  /** So many answers to a kind of request do not arrive. */
  loseNextAnswers(kind: string, count: number): void {
    this.#loss = { kind, count };
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; ; passed += STEP_MS) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (passed >= ms) return;
      this.#clock.pass(STEP_MS);
    }
  }

  async #form(process: Process, desk: GuestDesk): Promise<void> {
    try {
      const formed = await process.formation.form(process.stop.signal);
      if (process.stop.signal.aborted) return;
      process.formed = formed;
      const { clusterId, stage } = formed.identity;
      if (stage === 'founding' && !this.#catalogs.has(clusterId)) {
        await this.#pass(process, 100);
        this.#register(clusterId, formed.introduction);
      }
      const registrar = new Registrar({
        identity: formed.identity,
        addresses: formed.addresses,
        state: () => this.#state(clusterId),
        change: (command) => this.#change(process, clusterId, command),
      });
      desk.answerBy((request) => registrar.answer(request));
    } catch (error) {
      process.failure = error;
    }
  }

  #state(clusterId: string): ClusterState {
    const nodes = [...(this.#catalogs.get(clusterId)?.values() ?? [])];
    if (nodes.length === 0) return EMPTY_CLUSTER;
    return {
      ...EMPTY_CLUSTER,
      clusterId,
      nodes: new Map(nodes.map((each) => [each.number, each])),
    };
  }

  /** The catalog answers where its founder can be reached. */
  async #change(
    process: Process,
    clusterId: string,
    command: ClusterCommand,
  ): Promise<ClusterCommandResult> {
    const own = must(process.formed, 'it is formed').introduction.nodeId;
    const founder = [...(this.#catalogs.get(clusterId)?.values() ?? [])].find(
      ({ number }) => number === 1,
    );
    const isThere = founder !== undefined && this.#reaches(own, founder.nodeId);
    if (!isThere || this.refuseRegistrations || command.kind !== 'registerNode') {
      throw new VectorDbError('UNAVAILABLE', 'the catalog has no leader');
    }
    await this.#pass(process, 50);
    return { kind: 'registered', version: 1, node: this.#register(clusterId, command.node) };
  }

  #register(clusterId: string, node: Formed['introduction']): number {
    const nodes = this.#catalogs.get(clusterId) ?? new Map<string, MemberNode>();
    this.#catalogs.set(clusterId, nodes);
    const number = nodes.get(node.incarnation)?.number ?? nodes.size + 1;
    nodes.set(node.incarnation, { ...node, number, state: 'member' });
    return number;
  }

  #reaches(from: string, to: string): boolean {
    return from === to || !this.#cut.has([from, to].toSorted().join());
  }

  readonly #early = new Map<string, GuestHandler>();

  #port(name: string, process: () => Process): GuestPort {
    return {
      serveGuests: (handler) => {
        this.#early.set(name, handler);
      },
      ask: async (address, request, { timeoutMs }) => {
        const to = address.replace(/:.*/, '');
        const { kind } = decodeGuestRequest(request);
        await this.#pass(process(), this.#random.below(30));
        const other = this.#processes.get(to);
        if (other?.handler === undefined || !this.#reaches(name, to)) {
          await this.#pass(process(), this.#random.below(2) * timeoutMs);
          throw new VectorDbError('UNAVAILABLE', `${to} does not answer`);
        }
        if (this.strangers.has(name) !== this.strangers.has(to)) {
          throw new VectorDbError('PERMISSION_DENIED', `${to} has another cluster token`);
        }
        const late = this.#pass(process(), timeoutMs);
        const answer = await Promise.race([other.handler(request), late]);
        if (answer === undefined) throw new VectorDbError('UNAVAILABLE', `${to} is late`);
        await this.#pass(process(), this.#random.below(30));
        const isLost = kind === this.#loss.kind && this.#loss.count > 0;
        if (isLost) this.#loss.count -= 1;
        if (isLost || other.stop.signal.aborted || !this.#reaches(name, to)) {
          throw new VectorDbError('UNAVAILABLE', `the answer of ${to} did not arrive`);
        }
        return answer;
      },
    };
  }

  #identities(disk: Disk, process: () => Process): IdentityStore {
    const write = async (change: () => void): Promise<void> => {
      const { signal } = process().stop;
      const isWritten = this.#random.below(2) === 0;
      if (isWritten && !signal.aborted) change();
      await this.#pass(process(), this.#random.below(60));
      change();
    };
    return {
      load: () => Promise.resolve(disk.identity),
      save: (identity) =>
        write(() => {
          disk.identity = identity;
        }),
      consent: () => Promise.resolve(disk.consent),
      saveConsent: (founder) =>
        write(() => {
          disk.consent = founder;
        }),
      members: () => Promise.resolve(disk.members),
      saveMembers: (members) =>
        write(() => {
          disk.members = members;
        }),
      incarnation: async () => {
        if (disk.incarnation === undefined) {
          const drawn = drawName(this.#random);
          await write(() => {
            disk.incarnation = drawn;
          });
        }
        return must(disk.incarnation, 'it was drawn');
      },
    };
  }

  /** Time that a process waits; one that died meanwhile never goes on. */
  #pass(process: Process, ms: number): Promise<void> {
    const { signal } = process.stop;
    return new Promise((resolve) => {
      if (signal.aborted) return;
      this.#clock.after(ms, () => {
        if (!signal.aborted) resolve();
      });
    });
  }
}
