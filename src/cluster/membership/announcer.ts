import { VectorDbError } from '../../base/error.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { NodeIntroduction } from '../catalog/cluster-command.ts';
import type { Formed } from './formation.ts';
import type { GuestDesk } from './guest-desk.ts';
import type { GuestAnswer, GuestRequest } from './guest-message.ts';
import type { MembershipLog } from './membership-log.ts';

const TIMEOUT_MS = 1_000;

export interface AnnouncerOptions {
  readonly formed: Formed;
  readonly desk: GuestDesk;
  /** Where else to ask than the catalog says; `host:port` each. */
  readonly peers: readonly string[];
  readonly state: () => ClusterState;
  /** Whether the catalog's leader is known here, and where it is. */
  readonly isCatalogReached: () => boolean;
  /** The peers are another cluster's, and nobody of this node's own is there: it must not serve beside them. May be told more than once. */
  readonly onForeign: (why: string) => void;
  readonly log: MembershipLog;
}

/** What others said of themselves. */
interface Meeting {
  /** Where members of this cluster answer. */
  readonly addresses: readonly string[];
  /** Members of other clusters, for people. */
  readonly foreign: readonly string[];
  /** Why some did not answer, for people. */
  readonly refusals: readonly string[];
}

/**
 * Tells the cluster where this node is now, and learns where the others are when the catalog cannot be reached under the addresses that it gives: after all of
 * them were started elsewhere, say.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #reasons: readonly string[] = [];
  #isRegistered = false;
  /** A member of this cluster answered since this process began, or there is nobody to ask. */
  #hasLooked = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** What keeps this node from its cluster, for people. */
  get reasons(): readonly string[] {
    return this.#reasons;
  }

  /** Whether the catalog's leader has confirmed that this node is a member since this process began. */
  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Asks around, if there is anything to ask or tell; one call at a time. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#hasLooked && this.#options.isCatalogReached() && this.#isKnown()) {
      this.#tell([]);
      return;
    }
    const { addresses, foreign, refusals } = await this.#meet(signal);
    const isServing = this.#options.isCatalogReached();
    const isAmongForeign = addresses.length === 0 && foreign.length > 0;
    if (isServing && isAmongForeign) {
      this.#options.onForeign(`the data folder is another cluster's: ${foreign.join(', ')}`);
    }
    if (isServing && this.#isKnown()) {
      this.#tell(isAmongForeign ? foreign : []);
      return;
    }
    const reasons = [...foreign, ...refusals];
    for (const address of addresses) {
      const answer = await this.#ask(
        address,
        { kind: 'register', node: this.#options.formed.introduction },
        signal,
      );
      if (answer?.kind === 'registered') {
        this.#noteRegistration(answer.node, reasons);
        break;
      }
      if (answer?.kind === 'refused') reasons.push(`${address}: ${answer.message}`);
    }
    this.#tell(reasons);
  }

  /** Whether the catalog has this node as it is. */
  #isKnown(): boolean {
    const { state, formed } = this.#options;
    const { identity, introduction } = formed;
    const known = state().nodes.get(identity.node);
    const keys = Object.keys(introduction) as (keyof NodeIntroduction)[];
    return known !== undefined && keys.every((key) => known[key] === introduction[key]);
  }

  async #meet(signal: AbortSignal): Promise<Meeting> {
    const { formed, peers } = this.#options;
    const { identity, introduction, addresses } = formed;
    const asked = [...new Set([...peers, ...addresses.addresses])].filter(
      (address) => address !== introduction.raftAddress,
    );
    const { nodeId, incarnation, clusterId, node } = { ...introduction, ...identity };
    const request: GuestRequest = { kind: 'who', nodeId, incarnation, candidate: false };
    const answers = await Promise.all(
      asked.map(async (address) => [address, await this.#ask(address, request, signal)] as const),
    );
    const meeting = {
      addresses: [] as string[],
      foreign: [] as string[],
      refusals: [] as string[],
    };
    for (const [address, answer] of answers) {
      if (answer?.kind === 'refused') meeting.refusals.push(`${address}: ${answer.message}`);
      if (answer?.kind !== 'member') continue;
      if (answer.clusterId !== clusterId) {
        meeting.foreign.push(`${answer.nodeId} at ${address} belongs to another cluster`);
      } else if (answer.node !== node) {
        addresses.meet(answer.node, address);
        addresses.hear(answer.members);
        meeting.addresses.push(address);
      }
    }
    const isOwn = (answer: GuestAnswer | undefined): boolean =>
      answer?.kind === 'member' && answer.clusterId === clusterId;
    this.#hasLooked ||= asked.length === 0 || answers.some(([, answer]) => isOwn(answer));
    return meeting;
  }

  #noteRegistration(node: number, reasons: string[]): void {
    const { identity } = this.#options.formed;
    if (node === identity.node) this.#isRegistered = true;
    else reasons.push(`the cluster knows this node as number ${node}, not ${identity.node}`);
  }

  async #ask(
    address: string,
    request: GuestRequest,
    signal: AbortSignal,
  ): Promise<GuestAnswer | undefined> {
    try {
      return await this.#options.desk.ask(address, request, { timeoutMs: TIMEOUT_MS, signal });
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
      if (error.code === 'PERMISSION_DENIED') {
        return { kind: 'refused', retryable: true, message: 'cluster_token differs' };
      }
      return undefined;
    }
  }

  #tell(reasons: readonly string[]): void {
    const isNew = reasons.join() !== this.#reasons.join();
    this.#reasons = reasons;
    if (isNew && reasons.length > 0) {
      this.#options.log('warn', 'is not in touch with its cluster', { reasons });
    }
  }
}
