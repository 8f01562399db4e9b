import type { Limits } from '../../database/limits.ts';
import type { Operation } from './operation.ts';
import { clusterAdmin } from './operations/cluster-admin.ts';
import { collectionAdmin } from './operations/collection-admin.ts';
import { nodeState } from './operations/node-state.ts';
import { pointChanges } from './operations/point-changes.ts';
import { pointReads } from './operations/point-reads.ts';
import { searches } from './operations/searches.ts';
import { writeSessions } from './operations/write-sessions.ts';

/** Everything the REST API can do. */
export function restOperations(limits: Limits): readonly Operation[] {
  return [
    ...pointChanges(limits),
    ...pointReads(limits),
    ...searches(limits),
    ...writeSessions(),
    ...collectionAdmin(limits),
    ...clusterAdmin(limits),
    ...nodeState(),
  ];
}
