import type { ClusterAdmin } from '../../database/cluster-admin.ts';
import type { Limits } from '../../database/limits.ts';
import type { VectorDatabase } from '../../database/vector-database.ts';

/** What the services work with. */
export interface ServiceSetting {
  readonly database: VectorDatabase;
  /** Absent: the node is part of none. */
  readonly cluster?: ClusterAdmin | undefined;
  readonly limits: Limits;
  /** The name of the collection that requests without one are about. */
  readonly defaultCollection: string;
  /** Of the server, for `Node.Info`. */
  readonly version: string;
}
