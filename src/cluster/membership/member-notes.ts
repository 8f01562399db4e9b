import type { ClusterState } from '../catalog/cluster-state.ts';
import type { MemberAddress } from './guest-message.ts';
import type { IdentityStore, NodeIdentity } from './node-identity.ts';

export interface MemberNotesOptions {
  readonly identities: Pick<IdentityStore, 'members' | 'saveMembers'>;
  readonly identity: Pick<NodeIdentity, 'node'>;
  /** The catalog as it is applied here. */
  readonly state: () => ClusterState;
}

/** Notes where the other members are, beside the catalog: a node whose catalog is damaged has to ask somebody for another one, and may have no seed nodes. */
export class MemberNotes {
  readonly #options: MemberNotesOptions;
  /** Of the catalog's states, the one that was noted last. */
  #noted: ClusterState | undefined;

  constructor(options: MemberNotesOptions) {
    this.#options = options;
  }

  /** To be called whenever the catalog changed, one call at a time. @throws {VectorDbError} DISK_FULL, STORAGE_FAILED */
  async pass(): Promise<void> {
    const { identities, identity, state } = this.#options;
    const current = state();
    const { clusterId, nodes } = current;
    // No catalog, or none any more, says nothing about anybody.
    if (clusterId === '' || current === this.#noted) return;
    const members = [...nodes.values()]
      .filter(({ number, state: is }) => is !== 'gone' && number !== identity.node)
      .map(({ number, nodeId, raftAddress }): MemberAddress => ({
        node: number,
        nodeId,
        address: raftAddress,
      }))
      .toSorted((a, b) => a.node - b.node);
    const noted = await identities.members();
    if (JSON.stringify(members) !== JSON.stringify(noted)) await identities.saveMembers(members);
    this.#noted = current;
  }
}
