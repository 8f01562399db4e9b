import { type Clock, pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import type { NodeIntroduction } from '../catalog/cluster-command.ts';
import { AddressBook } from './address-book.ts';
import { drawName } from './file-identity-store.ts';
import type { GuestDesk } from './guest-desk.ts';
import type { GuestAnswer, GuestRequest, MemberAddress } from './guest-message.ts';
import type { MembershipLog } from './membership-log.ts';
import type { Founder, IdentityStore, NodeIdentity } from './node-identity.ts';
import type { PeerAddress } from './peer-address.ts';

/** What the settings say of how a node finds its cluster. */
export interface FormationSettings {
  /** How the node introduces itself; the incarnation comes from its folder. */
  readonly self: Omit<NodeIntroduction, 'incarnation'>;
  /** `initial_peers`. */
  readonly initialPeers: readonly PeerAddress[];
  /** `join_cluster`: never founds. */
  readonly joinCluster: boolean;
  /** `seed_nodes`. */
  readonly seedNodes: readonly PeerAddress[];
}

export interface FormationOptions extends FormationSettings {
  readonly identities: IdentityStore;
  readonly desk: GuestDesk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: MembershipLog;
}

/** A node that knows who it is. */
export interface Formed {
  readonly identity: NodeIdentity;
  readonly introduction: NodeIntroduction;
  readonly addresses: AddressBook;
}

const ASK_TIMEOUT_MS = 1_000;
const REGISTER_TIMEOUT_MS = 5_000;
const ROUND_MS = 250;
const ROUND_MAX_MS = 2_000;

type MemberAnswer = Extract<GuestAnswer, { kind: 'member' }>;
type BlankAnswer = Extract<GuestAnswer, { kind: 'blank' }>;

/** What one round of questions came to. */
interface Round {
  /** Who answered, by the address it was asked at. */
  readonly answers: ReadonlyMap<string, GuestAnswer>;
  /** What is to be said of who did not, by address. */
  readonly silent: ReadonlyMap<string, string>;
}

const NO_ANSWER = 'does not answer';

/**
 * How a node comes to its cluster: it has been in one; or it joins the one that its peers know; or it founds one. Only the first of `initial_peers` that may
 * found does, and only with the consent of a majority of the others, blank as well, which they give once and keep. Two majorities of the others have a node in
 * common, whatever the founder itself has forgotten; so there are never two clusters.
 */
export class Formation {
  readonly #options: FormationOptions;
  #reasons: readonly string[] = ['the node is starting'];
  /** The node that may found a cluster as far as this one is concerned; undefined: nobody asked yet. */
  #consentedTo: Founder | undefined;
  #consentSaved: Promise<void> = Promise.resolve();
  /** Members of a cluster that blank askers are told of. */
  #heardOf: readonly MemberAddress[] = [];
  #incarnation = '';

  constructor(options: FormationOptions) {
    this.#options = options;
  }

  /** Why the node is in no cluster yet; empty once it is. */
  get reasons(): readonly string[] {
    return this.#reasons;
  }

  /**
   * Resolves once the node has its identity, durably: at once where it had one, otherwise as soon as peers permit, however long that takes.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION where the settings name nobody, or the folder is another node's; DATA_CORRUPT; CANCELLED by the signal
   */
  async form(signal: AbortSignal): Promise<Formed> {
    const { identities, self, log } = this.#options;
    const held = await identities.load();
    this.#incarnation = await identities.incarnation();
    this.#consentedTo = await identities.consent();
    const introduction = { ...self, incarnation: this.#incarnation };
    // What its own catalog says comes later, and never where that is damaged.
    if (held !== undefined) return this.#formed(held, introduction, await identities.members());
    this.#assertPeers();
    this.#options.desk.answerBy((request) => this.#answer(request));
    for (let round = 0; !signal.aborted; round += 1) {
      const formed = await this.#round(introduction, signal);
      if (formed !== undefined) {
        const { clusterId, node, stage } = formed.identity;
        log('info', stage === 'founding' ? 'founds a cluster' : 'joined a cluster', {
          clusterId,
          node,
        });
        return formed;
      }
      await this.#pause(round, signal);
    }
    throw new VectorDbError('CANCELLED', 'the node is stopping before it was in a cluster');
  }

  async #round(introduction: NodeIntroduction, signal: AbortSignal): Promise<Formed | undefined> {
    const known = await this.#askAll(false, signal);
    const members = clusterIn(known);
    if (members === 'several') {
      this.#tell(['peers belong to different clusters: seed_nodes or initial_peers are wrong']);
      return undefined;
    }
    if (members.length > 0) {
      this.#heardOf = members;
      return this.#register(introduction, [...known.answers], members, signal);
    }
    const objections = this.#objections(known);
    if (objections.length > 0) return this.#tell(objections);
    const founder = await this.#consent(introduction);
    if (!isSame(founder, introduction)) {
      return this.#tell([
        `${founder.nodeId} was to found the cluster: the settings differ; where it is not to be any more, delete this node's data folder, which is empty yet`,
      ]);
    }
    const asked = await this.#askAll(true, signal);
    const missing = this.#missingConsent(asked);
    if (missing.length > 0) return this.#tell(missing);
    const clusterId = drawName(this.#options.random);
    return this.#settle({ clusterId, node: 1, stage: 'founding' }, introduction, []);
  }

  /** What speaks against founding a cluster here, before anybody's consent is asked for. */
  #objections({ answers, silent }: Round): readonly string[] {
    const { joinCluster, initialPeers, self } = this.#options;
    const place = initialPeers.findIndex(({ nodeId }) => nodeId === self.nodeId);
    if (joinCluster || place < 0) {
      const nobody = [...answers.values()].map(
        (answer) => `${nameOf(answer)} is in no cluster yet either`,
      );
      return [
        'waits for a cluster to join',
        ...nobody,
        ...[...silent].map(([address, why]) => `${address} ${why}`),
      ];
    }
    return initialPeers.slice(0, place).flatMap(({ nodeId, address }) => {
      const answer = answers.get(address);
      if (answer?.kind === 'blank' && answer.joins) return [];
      return [
        answer === undefined
          ? `waits for ${nodeId}, which is to found the cluster and ${silent.get(address) ?? NO_ANSWER} at ${address}`
          : `waits for ${nodeId} to found the cluster`,
      ];
    });
  }

  /** Why a majority of the initial peers does not stand behind this node yet. */
  #missingConsent({ answers, silent }: Round): readonly string[] {
    const { initialPeers, self } = this.#options;
    const others = initialPeers.filter(({ nodeId }) => nodeId !== self.nodeId);
    const standing = others.map(({ nodeId, address }) => {
      const answer = answers.get(address);
      if (answer === undefined) {
        return `${nodeId} ${silent.get(address) ?? NO_ANSWER} at ${address}`;
      }
      if (answer.kind !== 'blank') return `${nodeId} is not blank any more`;
      if (answer.nodeId !== nodeId) return `at ${address} is ${answer.nodeId}, not ${nodeId}`;
      return answer.consents
        ? ''
        : `${nodeId} expects another node to found the cluster, or this one before it lost its data folder; where that is wrong, delete the data folder of ${nodeId}, which is empty yet`;
    });
    const changed = [...answers.values()].some(({ kind }) => kind !== 'blank');
    const consenting = standing.filter((objection) => objection === '').length;
    const needed = others.length === 0 ? 0 : Math.floor(others.length / 2) + 1;
    if (!changed && consenting >= needed) return [];
    return [
      `founds a cluster once ${1 + needed} of its ${initialPeers.length} initial peers are there`,
      ...standing.filter((objection) => objection !== ''),
    ];
  }

  async #register(
    introduction: NodeIntroduction,
    answers: readonly (readonly [string, GuestAnswer])[],
    members: readonly MemberAddress[],
    signal: AbortSignal,
  ): Promise<Formed | undefined> {
    // Those that answered first: what they know of others may be old.
    const met = answers.filter(([, answer]) => answer.kind === 'member');
    const addresses = new Set([
      ...met.map(([address]) => address),
      ...members.map(({ address }) => address),
    ]);
    const reasons: string[] = [];
    for (const address of addresses) {
      if (signal.aborted) break;
      const answer = await this.#ask(
        address,
        { kind: 'register', node: introduction },
        REGISTER_TIMEOUT_MS,
        signal,
      );
      if (answer?.kind === 'registered') {
        const { clusterId, node } = answer;
        const formed = await this.#settle({ clusterId, node, stage: 'joining' }, introduction, [
          ...members,
          ...answer.members,
        ]);
        for (const [at, each] of met) {
          if (each.kind === 'member') formed.addresses.meet(each.node, at);
        }
        return formed;
      }
      reasons.push(
        answer?.kind === 'refused'
          ? `${address}: ${answer.message}`
          : `${address} does not let it join now`,
      );
    }
    return this.#tell(['joins a cluster', ...reasons]);
  }

  async #settle(
    { clusterId, node, stage }: Pick<NodeIdentity, 'clusterId' | 'node' | 'stage'>,
    introduction: NodeIntroduction,
    members: readonly MemberAddress[],
  ): Promise<Formed> {
    const { nodeId, incarnation } = introduction;
    const identity: NodeIdentity = { clusterId, node, nodeId, incarnation, stage };
    await this.#options.identities.save(identity);
    return this.#formed(identity, introduction, members);
  }

  #formed(
    identity: NodeIdentity,
    introduction: NodeIntroduction,
    members: readonly MemberAddress[],
  ): Formed {
    const { clusterId, node, nodeId, stage } = identity;
    this.#reasons = [];
    // Until the catalog is open; a node that founds is no cluster that anybody could join.
    this.#options.desk.answerBy((request) => {
      if (request.kind === 'register') {
        const message = `${nodeId} is starting`;
        return Promise.resolve({ kind: 'refused', retryable: true, message });
      }
      return Promise.resolve(
        stage === 'founding'
          ? { kind: 'founding', nodeId }
          : { kind: 'member', clusterId, node, nodeId, members },
      );
    });
    return { identity, introduction, addresses: new AddressBook(members) };
  }

  /** The first that asked, for as long as this node's folder lives: with another one's consent there could be two clusters. Durable when it resolves. */
  async #consent({ nodeId, incarnation }: Founder): Promise<Founder> {
    if (this.#consentedTo === undefined) {
      this.#consentedTo = { nodeId, incarnation };
      this.#consentSaved = this.#options.identities.saveConsent(this.#consentedTo);
    }
    await this.#consentSaved;
    return this.#consentedTo;
  }

  async #answer(request: GuestRequest): Promise<GuestAnswer> {
    const { self, joinCluster } = this.#options;
    if (request.kind === 'register') {
      const message = `${self.nodeId} is in no cluster itself`;
      return { kind: 'refused', retryable: true, message };
    }
    const founder = request.candidate ? await this.#consent(request) : undefined;
    return {
      kind: 'blank',
      nodeId: self.nodeId,
      incarnation: this.#incarnation,
      joins: joinCluster,
      consents: founder !== undefined && isSame(founder, request),
      members: this.#heardOf,
    };
  }

  async #askAll(candidate: boolean, signal: AbortSignal): Promise<Round> {
    const { self, initialPeers, seedNodes } = this.#options;
    const others = [...initialPeers, ...seedNodes].filter(({ nodeId }) => nodeId !== self.nodeId);
    const addresses = [...new Set(others.map(({ address }) => address))];
    const request: GuestRequest = {
      kind: 'who',
      nodeId: self.nodeId,
      incarnation: this.#incarnation,
      candidate,
    };
    const asked = await Promise.all(
      addresses.map(
        async (address) =>
          [address, await this.#ask(address, request, ASK_TIMEOUT_MS, signal)] as const,
      ),
    );
    const isSelf = (answer: GuestAnswer): boolean =>
      answer.kind === 'blank' && answer.incarnation === this.#incarnation;
    const answers = new Map<string, GuestAnswer>();
    const silent = new Map<string, string>();
    for (const [address, answer] of asked) {
      if (answer === undefined) silent.set(address, NO_ANSWER);
      else if (answer.kind === 'refused') silent.set(address, `refuses: ${answer.message}`);
      else if (!isSelf(answer)) answers.set(address, answer);
    }
    return { answers, silent };
  }

  async #ask(
    address: string,
    request: GuestRequest,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<GuestAnswer | undefined> {
    try {
      return await this.#options.desk.ask(address, request, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
      if (error.code === 'PERMISSION_DENIED') {
        return { kind: 'refused', retryable: true, message: 'cluster_token differs' };
      }
      return undefined;
    }
  }

  #tell(reasons: readonly string[]): undefined {
    const isNew = reasons.join() !== this.#reasons.join();
    this.#reasons = reasons;
    if (isNew) this.#options.log('info', 'is in no cluster yet', { reasons });
  }

  async #pause(round: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const longest = Math.min(ROUND_MAX_MS, ROUND_MS * 2 ** Math.min(round, 10));
    await pause(clock, longest / 2 + random.below(longest / 2), signal);
  }

  #assertPeers(): void {
    const { initialPeers, joinCluster, seedNodes } = this.#options;
    if (initialPeers.length > 0 || (joinCluster && seedNodes.length > 0)) return;
    const text = joinCluster
      ? 'join_cluster is set and seed_nodes name nobody to ask'
      : 'set initial_peers to found a cluster, or join_cluster and seed_nodes to join one';
    throw new VectorDbError('FAILED_PRECONDITION', text, { field: 'cluster.seed_nodes' });
  }
}

/** Members of the one cluster that peers are in or have heard of; `several`: they are in different ones. */
function clusterIn({ answers }: Round): readonly MemberAddress[] | 'several' {
  const isMember = (answer: GuestAnswer): answer is MemberAnswer => answer.kind === 'member';
  const isBlank = (answer: GuestAnswer): answer is BlankAnswer => answer.kind === 'blank';
  const all = [...answers.values()];
  const member = all.filter(isMember);
  if (new Set(member.map(({ clusterId }) => clusterId)).size > 1) return 'several';
  const met = [...answers].flatMap(([address, answer]) =>
    isMember(answer) ? [{ node: answer.node, nodeId: answer.nodeId, address }] : [],
  );
  const told = [...member, ...all.filter(isBlank)].flatMap(({ members }) => members);
  const seen = new Set(met.map(({ node }) => node));
  return [
    ...met,
    ...told.filter(({ node }) => {
      if (seen.has(node)) return false;
      seen.add(node);
      return true;
    }),
  ];
}

function isSame(one: Founder, other: Founder): boolean {
  return one.nodeId === other.nodeId && one.incarnation === other.incarnation;
}

function nameOf(answer: GuestAnswer): string {
  return 'nodeId' in answer ? answer.nodeId : 'it';
}
