import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { VectorDbError } from '../../base/error.ts';
import type { WriteStamp } from '../../database/vector-database.ts';
import { callerError, isBug, restError } from '../error-mapping.ts';
import type { JsonReader } from '../json/json-reader.ts';
import { readPlan } from '../json/read-plan.ts';
import { readStamp, STAMP_HEADERS } from '../write-stamp.ts';
import { bodyValidator } from './body-validator.ts';
import { ownError } from './framework-errors.ts';
import type { Answer, Operation, OperationSetting } from './operation.ts';
import { querySchema, readQuery } from './query-reader.ts';
import type { QueryTable } from './query-reader.ts';
import { readBody } from './request-body.ts';
import { RequestDeadline } from './request-deadline.ts';

/** Takes note of each request that was answered. */
export interface RequestRecorder {
  /** @param code - `OK` or the error's code */
  observe(operation: string, code: ErrorCode | 'OK', seconds: number): void;
}

/** Takes note of bugs, whose insides callers are not told. */
export interface RequestLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What routes are made with. */
export interface RouteSetting {
  readonly setting: OperationSetting;
  readonly reader: JsonReader;
  readonly clock: Clock;
  readonly recorder: RequestRecorder;
  readonly log: RequestLog;
  /** The deadline of requests that name none. */
  readonly requestTimeoutMs: number;
}

const TIMEOUT_HEADER = 'grape-timeout-ms';
const TIMEOUT_MS_MAX = 3_600_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Makes the operation a route of `app`. */
export function addOperation(
  app: FastifyInstance,
  operation: Operation,
  routeSetting: RouteSetting,
): void {
  const { setting, reader } = routeSetting;
  const table: QueryTable = {
    ...operation.query,
    timeout_ms: {
      kind: 'integer',
      description: `The request's deadline in milliseconds; also as the header ${TIMEOUT_HEADER}.`,
      minimum: 1,
      maximum: TIMEOUT_MS_MAX,
    },
  };
  const plan = operation.body && readPlan(operation.body);
  const validate = operation.body && bodyValidator(operation.body);
  const isOptional = operation.bodyOptional ?? false;
  const work: Work = async (request, deadline) => {
    const query = readQuery(request.query as Record<string, unknown>, table);
    const body =
      plan && validate ? readBody(request, { reader, plan, validate, isOptional }) : undefined;
    const params = request.params as Record<string, string>;
    const stamp = operation.isStamped === true ? stampOf(request) : undefined;
    return deadline.race(
      operation.handle({ body, query, params, signal: deadline.signal, stamp }, setting),
    );
  };
  app.route({
    method: operation.method,
    url: operation.url,
    config: { access: operation.access, operation: operation.id },
    schema: routeSchema(operation, table),
    handler: async (request, reply) => {
      const { status, body } = await workInTime(request, reply, work, routeSetting);
      reply.statusCode = status;
      reply.header('content-type', JSON_TYPE);
      return reply.send(body);
    },
  });
}

type Work = (request: FastifyRequest, deadline: RequestDeadline) => Promise<Answer>;

async function workInTime(
  request: FastifyRequest,
  reply: FastifyReply,
  work: Work,
  { clock, requestTimeoutMs }: RouteSetting,
): Promise<Answer> {
  const timeoutMs = timeoutOf(request, requestTimeoutMs);
  using deadline = new RequestDeadline({ clock, timeoutMs, response: reply.raw });
  return await work(request, deadline);
}

/** The deadline that the request names in its query or header; the query is checked by its table, after this. */
function timeoutOf(request: FastifyRequest, otherwise: number): number {
  const inQuery = (request.query as Record<string, unknown>)['timeout_ms'];
  const given = inQuery ?? request.headers[TIMEOUT_HEADER];
  if (given === undefined) return otherwise;
  const value = typeof given === 'string' && /^[0-9]{1,7}$/.test(given) ? Number(given) : 0;
  if (value >= 1 && value <= TIMEOUT_MS_MAX) return value;
  const field = inQuery === undefined ? TIMEOUT_HEADER : 'timeout_ms';
  throw new VectorDbError(
    'INVALID_ARGUMENT',
    `${field}: is a number of milliseconds from 1 to ${TIMEOUT_MS_MAX}`,
    { field },
  );
}

function stampOf({ headers }: FastifyRequest): WriteStamp | undefined {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return readStamp(header(STAMP_HEADERS.session), header(STAMP_HEADERS.sequence));
}

/** Answers a request that failed, wherever it did. */
export function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { log }: Pick<RouteSetting, 'log'>,
): FastifyReply {
  const own = ownError(thrown);
  if (isBug(own)) {
    const { method, url } = request;
    log.error(
      { err: own, method, url, operation: request.routeOptions.config.operation },
      'request failed',
    );
  }
  const error = callerError(own);
  const { status, headers, body } = restError(error);
  request.errorCode = error.code;
  return reply.code(status).headers(headers).header('content-type', JSON_TYPE).send(body);
}

const STAMP_SCHEMA = {
  type: 'object',
  properties: {
    [STAMP_HEADERS.session]: {
      type: 'string',
      description:
        'With it the write may be sent again and is applied once; as `POST /sessions` gave it. Only for points named by their ids.',
    },
    [STAMP_HEADERS.sequence]: {
      type: 'string',
      pattern: '^[0-9]{1,15}/[0-9]{1,15}$',
      description:
        '`n/m`: the number of the write, the same for all its attempts and for no other write of the session; up to m, the client sends no write again.',
      examples: ['17/12'],
    },
  },
};

function routeSchema(operation: Operation, table: QueryTable): object {
  const { id, summary, description, tag, params, body, answers, access, isStamped } = operation;
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(access === 'open' ? { security: [] } : {}),
    querystring: querySchema(table),
    ...(isStamped === true ? { headers: STAMP_SCHEMA } : {}),
    ...(params === undefined
      ? {}
      : {
          params: {
            type: 'object',
            required: Object.keys(params),
            properties: Object.fromEntries(
              Object.entries(params).map(([name, text]) => [
                name,
                { type: 'string', description: text },
              ]),
            ) as object,
          },
        }),
    ...(body === undefined ? {} : { body }),
    response: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { description: 'What was asked for.', ...schema },
        ]),
      ),
      default: { $ref: 'Error#' },
    },
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: 'open' | 'read' | 'write';
    operation?: string;
  }
  interface FastifyRequest {
    /** Of the answer, where the request failed. */
    errorCode: ErrorCode | undefined;
    /** On the clock's monotonic time. */
    startedMs: number;
  }
}
