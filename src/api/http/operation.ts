import type { Static, TSchema } from 'typebox';
import type { ClusterAdmin } from '../../database/cluster-admin.ts';
import type { VectorDatabase, WriteStamp } from '../../database/vector-database.ts';
import type { Filter } from '../../index/filter/filter.ts';
import type { Access } from '../authentication.ts';
import type { JsonWriter } from '../json/json-writer.ts';
import type { QueryTable, QueryValues } from './query-reader.ts';
import type { Limits } from '../../database/limits.ts';

/** What the operations of the REST API work with. */
export interface OperationSetting {
  readonly database: VectorDatabase;
  /** Absent: the node is part of none. */
  readonly cluster?: ClusterAdmin | undefined;
  readonly limits: Limits;
  /** The name of the collection that requests without one are about. */
  readonly defaultCollection: string;
  readonly version: string;
  /** Shared by all answers: an operation begins, fills and takes without waiting in between. */
  readonly writer: JsonWriter;
  /** @throws {VectorDbError} INVALID_FILTER */
  readFilter(json: unknown, field: string): Filter;
}

/** One request of an operation, read and checked. */
export interface OperationRequest<Body> {
  readonly body: Body;
  readonly query: QueryValues;
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Of a write that may be sent again; undefined: the request has none. */
  readonly stamp: WriteStamp | undefined;
}

/** What an operation answers with; `body` is JSON. */
export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
}

/** One method at one address. */
export interface Operation {
  /** Its name in the OpenAPI document and in metrics. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As fastify writes it: `/vectors/:id`. */
  readonly url: string;
  readonly access: Access;
  readonly tag: 'points' | 'search' | 'collections' | 'cluster' | 'node';
  readonly summary: string;
  readonly description?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: QueryTable;
  readonly body?: TSchema;
  /** Whether its requests may say which write of which client they are. */
  readonly isStamped?: boolean;
  /** Whether an empty body is as good as `{}`. */
  readonly bodyOptional?: boolean;
  readonly answers: Readonly<Record<number, TSchema>>;
  handle(request: OperationRequest<unknown>, setting: OperationSetting): Promise<Answer>;
}

/** An operation whose handler knows the type of its body from the schema. */
export function operation<Body extends TSchema>(
  definition: Omit<Operation, 'handle' | 'body'> & {
    readonly body?: Body;
    handle(request: OperationRequest<Static<Body>>, setting: OperationSetting): Promise<Answer>;
  },
): Operation {
  return definition;
}

/** An answer of status 200 whose JSON has no vectors or payloads in it. */
export function json(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) };
}
