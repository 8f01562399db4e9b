import { encodePointId, type PointKey, pointKeyText } from '../../base/point-id.ts';
import type { PayloadJson } from '../../storage/point-record.ts';
import type { PayloadIndexSchema } from '../collection-schema.ts';
import { keyPathText, parseKeyPath, valuesAt } from '../payload/key-path.ts';
import { parsePayload } from '../payload/payload-json.ts';
import { isPayloadArray, isPayloadObject, type PayloadObject } from '../payload/payload-value.ts';
import { compileFieldTest, isEmptyField, isNullField } from './field-test.ts';
import type { Condition, Filter } from './filter.ts';
import { type TextTokenizer, textTokenizer } from './text-tokenizer.ts';

/** What a filter is asked of. */
export interface FilterSubject {
  readonly key: PointKey;
  readonly payload: PayloadObject;
  hasVector(name: string): boolean;
}

/** A stored point as a filter's subject: its payload is parsed when the first condition needs it, and once. */
export class RecordSubject implements FilterSubject {
  readonly key: PointKey;
  readonly #payloadJson: PayloadJson;
  readonly #hasVector: (name: string) => boolean;
  #payload: PayloadObject | undefined;

  constructor(options: {
    readonly key: PointKey;
    readonly payload: PayloadJson;
    readonly hasVector: (name: string) => boolean;
  }) {
    this.key = options.key;
    this.#payloadJson = options.payload;
    this.#hasVector = options.hasVector;
  }

  get payload(): PayloadObject {
    this.#payload ??= parsePayload(this.#payloadJson);
    return this.#payload;
  }

  hasVector(name: string): boolean {
    return this.#hasVector(name);
  }
}

/** Whether a point passes. */
export type PointTest = (point: FilterSubject) => boolean;

/**
 * A filter made ready to be asked of many points.
 *
 * @param payloadIndexes - the collection's, by key path: a text index changes what `text` asks of its field
 * @throws {VectorDbError} INVALID_FILTER when a key path is malformed, INVALID_ARGUMENT when an id is
 */
export function compileFilter(
  filter: Filter,
  payloadIndexes: Readonly<Record<string, PayloadIndexSchema>> = {},
): PointTest {
  const tokenizers = new Map<string, TextTokenizer>();
  for (const [key, schema] of Object.entries(payloadIndexes)) {
    if (schema.kind !== 'text') continue;
    tokenizers.set(keyPathText(parseKeyPath(key, 'key', 'INVALID_FILTER')), textTokenizer(schema));
  }
  return compileClauses(filter, { tokenizers, prefix: '' });
}

interface Scope {
  readonly tokenizers: ReadonlyMap<string, TextTokenizer>;
  /** Path of the nested array around the filter, with a dot at its end; empty at the top. */
  readonly prefix: string;
}

function compileClauses(filter: Filter, scope: Scope): PointTest {
  const compile = (conditions: readonly Condition[] | undefined): PointTest[] =>
    (conditions ?? []).map((condition) => compileCondition(condition, scope));
  const must = compile(filter.must);
  const mustNot = compile(filter.mustNot);
  const should = compile(filter.should);
  const minShould = compile(filter.minShould?.conditions);
  const minCount = filter.minShould?.minCount ?? 0;
  return (point) =>
    must.every((test) => test(point)) &&
    !mustNot.some((test) => test(point)) &&
    (should.length === 0 || should.some((test) => test(point))) &&
    reaches(minShould, point, minCount);
}

function reaches(tests: readonly PointTest[], point: FilterSubject, minCount: number): boolean {
  let missing = minCount;
  for (let i = 0; i < tests.length && missing > 0; i += 1) {
    if (tests[i]?.(point) === true) missing -= 1;
  }
  return missing <= 0;
}

function compileCondition(condition: Condition, scope: Scope): PointTest {
  switch (condition.kind) {
    case 'filter':
      return compileClauses(condition.filter, scope);
    case 'hasId':
      return compileHasId(condition, scope);
    case 'hasVector':
      return scope.prefix === '' ? (point) => point.hasVector(condition.name) : () => false;
    case 'nested':
      return compileNested(condition, scope);
    case 'isEmpty':
    case 'isNull': {
      const path = parseKeyPath(condition.key, 'key', 'INVALID_FILTER');
      const test = condition.kind === 'isEmpty' ? isEmptyField : isNullField;
      return (point) => test(valuesAt(point.payload, path));
    }
    case 'field': {
      const path = parseKeyPath(condition.key, 'key', 'INVALID_FILTER');
      const tokenizer = scope.tokenizers.get(`${scope.prefix}${keyPathText(path)}`);
      const test = compileFieldTest(condition.test, tokenizer);
      return (point) => test(valuesAt(point.payload, path));
    }
  }
}

function compileHasId(condition: Extract<Condition, { kind: 'hasId' }>, scope: Scope): PointTest {
  if (scope.prefix !== '') return () => false;
  const keys = new Set(
    condition.ids.map((id) => pointKeyText(encodePointId(id, 'has_id', Infinity))),
  );
  return (point) => keys.has(pointKeyText(point.key));
}

function compileNested(condition: Extract<Condition, { kind: 'nested' }>, scope: Scope): PointTest {
  const path = parseKeyPath(condition.key, 'nested.key', 'INVALID_FILTER');
  const text = keyPathText(path);
  const prefix = `${scope.prefix}${text}${text.endsWith('[]') ? '' : '[]'}.`;
  const test = compileClauses(condition.filter, { tokenizers: scope.tokenizers, prefix });
  return (point) => {
    const passes = (element: PayloadObject): boolean =>
      test({ key: point.key, payload: element, hasVector: () => false });
    return nestedElements(point.payload, path).some(passes);
  };
}

/** The objects in the arrays at a path; a path that ends with `[]` names the elements itself. */
function nestedElements(
  payload: PayloadObject,
  path: ReturnType<typeof parseKeyPath>,
): PayloadObject[] {
  const array = typeof path.at(-1) === 'symbol' ? path.slice(0, -1) : path;
  return valuesAt(payload, array)
    .flatMap((value) => (isPayloadArray(value) ? value : []))
    .filter(isPayloadObject);
}
