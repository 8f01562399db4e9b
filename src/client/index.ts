/** The package's `./client`: a cluster, or one node, from a program elsewhere. */
export { ClusterClient, type ClusterClientOptions, type RequestOptions } from './cluster-client.ts';
export type {
  ClientPayload,
  ClientPoint,
  ClientPointId,
  ClientSearch,
  ClientSelector,
  ClientVector,
  ClusterAnswer,
  CollectionAnswer,
  FoundPoint,
  PartialAnswer,
  ReadFields,
  ScoredAnswer,
  SelectFields,
  WriteAnswer,
} from './client-request.ts';
export { VectorDbError } from '../base/error.ts';
export { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts';
