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
  readonly log: MembershipLog;
}

/**
 * Tells the cluster where this node is now, and learns where the others are when the catalog cannot be reached under the addresses that it gives: after all of
 * them were started elsewhere, say.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #reasons: readonly string[] = [];
  #isRegistered = false;

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
    if (this.#options.isCatalogReached() && this.#isKnown()) {
      this.#tell([]);
      return;
    }
    const reasons: string[] = [];
    for (const address of await this.#meet(reasons, signal)) {
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

  /** Addresses at which a member of this cluster answers. */
  async #meet(reasons: string[], signal: AbortSignal): Promise<readonly string[]> {
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
    return answers.flatMap(([address, answer]) => {
      if (answer?.kind !== 'member' || answer.node === node) return [];
      if (answer.clusterId !== clusterId) {
        reasons.push(`${answer.nodeId} at ${address} belongs to another cluster`);
        return [];
      }
      addresses.meet(answer.node, address);
      addresses.hear(answer.members);
      return [address];
    });
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
