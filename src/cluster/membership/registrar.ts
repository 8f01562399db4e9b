import type { ClusterCommand, ClusterCommandResult } from '../catalog/cluster-command.ts';
import type { ClusterState } from '../catalog/cluster-state.ts';
import type { AddressBook } from './address-book.ts';
import type { GuestAnswer, GuestRequest, MemberAddress } from './guest-message.ts';
import type { NodeIdentity } from './node-identity.ts';

export interface RegistrarOptions {
  readonly identity: NodeIdentity;
  readonly addresses: AddressBook;
  /** The catalog as it is applied here. */
  readonly state: () => ClusterState;
  /** Has the catalog's leader apply a command, wherever it is. @throws {VectorDbError} */
  readonly change: (command: ClusterCommand) => Promise<ClusterCommandResult>;
}

/** Answers guests as a member of a cluster, and takes them in. */
export class Registrar {
  readonly #options: RegistrarOptions;

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  /** @throws {VectorDbError} as `change` */
  async answer(request: GuestRequest): Promise<GuestAnswer> {
    const { identity, state, change } = this.#options;
    const { clusterId, node, nodeId } = identity;
    if (request.kind === 'who') {
      // Its first command is not applied: nobody can join yet.
      if (identity.stage === 'founding' && state().clusterId === '') {
        return { kind: 'founding', nodeId };
      }
      return { kind: 'member', clusterId, node, nodeId, members: this.#members() };
    }
    const result = await change({ kind: 'registerNode', node: request.node });
    switch (result.kind) {
      case 'registered':
        return { kind: 'registered', clusterId, node: result.node, members: this.#members() };
      case 'refused':
        return { kind: 'refused', retryable: false, message: result.message };
      default:
        return { kind: 'refused', retryable: true, message: `it came to ${result.kind}` };
    }
  }

  #members(): readonly MemberAddress[] {
    const { state, addresses, identity } = this.#options;
    return [...state().nodes.values()]
      .filter((each) => each.state !== 'gone')
      .map(({ number, nodeId, raftAddress }) => ({
        node: number,
        nodeId,
        // Where it was met lately rather than where it was; its own is the catalog's.
        address:
          (number === identity.node ? undefined : addresses.addressOf(number)) ?? raftAddress,
      }));
  }
}
