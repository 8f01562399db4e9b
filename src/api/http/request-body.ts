import type { FastifyRequest } from 'fastify';
import { VectorDbError } from '../../base/error.ts';
import type { JsonReader } from '../json/json-reader.ts';
import type { ReadPlan } from '../json/read-plan.ts';
import type { BodyValidator } from './body-validator.ts';

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;
/** Types that plain tools send JSON with: curl's own, and the one of nothing in particular. */
const LOOSE_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/octet-stream',
]);
const EMPTY_OBJECT = Buffer.from('{}');

/**
 * The body of a request, read by its plan and checked.
 *
 * @param isOptional - whether no body is as good as `{}`
 * @throws {VectorDbError} UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, and what reader and validator throw
 */
export function readBody(
  request: FastifyRequest,
  options: {
    readonly reader: JsonReader;
    readonly plan: ReadPlan;
    readonly validate: BodyValidator;
    readonly isOptional: boolean;
  },
): unknown {
  let bytes = Buffer.isBuffer(request.body) ? request.body : undefined;
  if (bytes === undefined || bytes.length === 0) {
    if (!options.isOptional) {
      throw new VectorDbError('MALFORMED_BODY', 'body: is empty; JSON is needed', {
        field: 'body',
      });
    }
    bytes = EMPTY_OBJECT;
  } else {
    checkMediaType(request, bytes);
  }
  const value = options.reader.read(bytes, options.plan);
  options.validate(value);
  return value;
}

function checkMediaType(request: FastifyRequest, bytes: Buffer): void {
  const { headers } = request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new VectorDbError(
      'UNSUPPORTED_MEDIA_TYPE',
      'content-encoding: bodies are taken as they are only',
      { field: 'content-encoding' },
    );
  }
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const isJson = JSON_TYPE.test(type.trim()) || (LOOSE_TYPES.has(type.trim()) && opensJson(bytes));
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='));
  const isUtf8 = charset === undefined || /=\s*"?utf-?8"?\s*$/.test(charset);
  if (isJson && isUtf8) return;
  throw new VectorDbError(
    'UNSUPPORTED_MEDIA_TYPE',
    'content-type: application/json in UTF-8 is needed',
    { field: 'content-type' },
  );
}

/** Whether the first byte that is no white space is that of an object or a list: of no form that a browser sends. */
function opensJson(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    return byte === 0x7b || byte === 0x5b;
  }
  return false;
}
