/**
 * Why nothing was proposed; nothing of it is in any log. `notLeader`: ask the leader; `transferring`: leadership is being handed over;
 * `uncommittedLimit`: too much waits to be committed; `configurationPending`: one change at a time, and none before the term's first entry is applied;
 * `invalidConfiguration`: the change does not fit.
 */
export type ProposalRefusal =
  | {
      readonly refused: 'notLeader' | 'transferring' | 'uncommittedLimit' | 'configurationPending';
    }
  | { readonly refused: 'invalidConfiguration'; readonly reason: string };
