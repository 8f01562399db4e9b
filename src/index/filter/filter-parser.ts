import { VectorDbError } from '../../base/error.ts';
import { encodePointId, type PointId } from '../../base/point-id.ts';
import { parseKeyPath } from '../payload/key-path.ts';
import { parseFieldTests } from './field-test-parser.ts';
import type { Condition, Filter } from './filter.ts';
import { JsonFields } from './json-fields.ts';

/** Bounds on a filter. */
interface FilterLimits {
  /** Conditions in all, nested ones counted. */
  readonly filterConditionsMax: number;
  /** Filters inside one another. */
  readonly filterDepthMax: number;
  /** Values of one `any`, `except` or `has_id`; points of one polygon. */
  readonly filterValuesMax: number;
  /** UTF-8 bytes of a string id. */
  readonly idBytesMax: number;
}

export interface FilterParserOptions {
  readonly limits: FilterLimits;
  /** Where the filter stands in the request, for errors; `filter` when absent. */
  readonly field?: string;
  /** How an id is read, for an edge that takes other forms of ids than our own. */
  readonly parseId?: (id: unknown, field: string) => PointId;
}

const CLAUSES = ['must', 'should', 'must_not', 'min_should'] as const;

/**
 * Reads a filter as it stands in a request: `must`, `should` and `must_not` hold one condition or an array of them, fields that are null
 * count as absent.
 *
 * @param json - parsed JSON; integers beyond the safe ones as `bigint`
 * @throws {VectorDbError} INVALID_FILTER naming the field at fault; LIMIT_EXCEEDED when it is too large
 */
export function parseFilter(json: unknown, options: FilterParserOptions): Filter {
  const field = options.field ?? 'filter';
  return new FilterReader(options).filter(json, field, 1);
}

class FilterReader {
  readonly #limits: FilterLimits;
  readonly #parseId: (id: unknown, field: string) => PointId;
  #conditions = 0;

  constructor(options: FilterParserOptions) {
    this.#limits = options.limits;
    this.#parseId = options.parseId ?? plainId;
  }

  filter(json: unknown, field: string, depth: number): Filter {
    if (depth > this.#limits.filterDepthMax) {
      throw exceeded(field, `filters nest at most ${this.#limits.filterDepthMax} deep`);
    }
    const fields = JsonFields.of(json, field);
    fields.allow(CLAUSES);
    const must = this.#clause(fields, 'must', depth);
    const should = this.#clause(fields, 'should', depth);
    const mustNot = this.#clause(fields, 'must_not', depth);
    const minShould = fields.has('min_should')
      ? this.#minShould(fields.object('min_should'), depth)
      : undefined;
    return {
      ...(must === undefined ? {} : { must }),
      ...(should === undefined ? {} : { should }),
      ...(mustNot === undefined ? {} : { mustNot }),
      ...(minShould === undefined ? {} : { minShould }),
    };
  }

  #clause(fields: JsonFields, name: string, depth: number): Condition[] | undefined {
    if (!fields.has(name)) return undefined;
    const value = fields.get(name);
    const field = fields.path(name);
    if (!Array.isArray(value)) return [this.#condition(value, field, depth)];
    return value.map((item, i) => this.#condition(item, `${field}[${i}]`, depth));
  }

  #minShould(fields: JsonFields, depth: number): NonNullable<Filter['minShould']> {
    fields.allow(['conditions', 'min_count']);
    const conditions = this.#clause(fields, 'conditions', depth);
    if (conditions === undefined) throw fields.missing('conditions');
    const minCount = fields.integer('min_count', 1);
    return { conditions, minCount };
  }

  #condition(json: unknown, field: string, depth: number): Condition {
    this.#conditions += 1;
    if (this.#conditions > this.#limits.filterConditionsMax) {
      throw exceeded(field, `a filter has at most ${this.#limits.filterConditionsMax} conditions`);
    }
    const fields = JsonFields.of(json, field);
    if (fields.has('key')) return this.#field(fields);
    if (fields.has('has_id')) return this.#hasId(fields);
    if (fields.has('has_vector')) {
      fields.allow(['has_vector']);
      return { kind: 'hasVector', name: fields.string('has_vector') };
    }
    if (fields.has('nested')) return this.#nested(fields, depth);
    for (const [name, kind] of [
      ['is_empty', 'isEmpty'],
      ['is_null', 'isNull'],
    ] as const) {
      if (!fields.has(name)) continue;
      fields.allow([name]);
      const inner = fields.object(name);
      inner.allow(['key']);
      return { kind, key: readKey(inner) };
    }
    if (fields.names().every((name) => (CLAUSES as readonly string[]).includes(name))) {
      return { kind: 'filter', filter: this.filter(json, field, depth + 1) };
    }
    throw fields.invalid(
      'a condition has one of key, has_id, has_vector, is_empty, is_null, nested, must, should, must_not, min_should',
    );
  }

  #field(fields: JsonFields): Condition {
    const key = readKey(fields);
    const tests = parseFieldTests(fields, this.#limits.filterValuesMax);
    const conditions = tests.map((test): Condition => {
      if (typeof test !== 'string') return { kind: 'field', key, test };
      const kind = test === 'empty' || test === 'notEmpty' ? 'isEmpty' : 'isNull';
      const condition: Condition = { kind, key };
      if (test === 'empty' || test === 'null') return condition;
      return { kind: 'filter', filter: { mustNot: [condition] } };
    });
    // Several tests in one condition: one that passes is enough.
    if (conditions.length === 1) return conditions[0] as Condition;
    return { kind: 'filter', filter: { should: conditions } };
  }

  #hasId(fields: JsonFields): Condition {
    fields.allow(['has_id']);
    const field = fields.path('has_id');
    const ids = fields.array('has_id', this.#limits.filterValuesMax);
    return {
      kind: 'hasId',
      ids: ids.map((json, i) => {
        const at = `${field}[${i}]`;
        try {
          const id = this.#parseId(json, at);
          encodePointId(id, at, this.#limits.idBytesMax);
          return id;
        } catch (thrown) {
          if (!(thrown instanceof VectorDbError) || thrown.code !== 'INVALID_ARGUMENT')
            throw thrown;
          throw new VectorDbError('INVALID_FILTER', thrown.message, { field: at });
        }
      }),
    };
  }

  #nested(fields: JsonFields, depth: number): Condition {
    fields.allow(['nested']);
    const inner = fields.object('nested');
    inner.allow(['key', 'filter']);
    const key = readKey(inner);
    if (!inner.has('filter')) throw inner.missing('filter');
    const filter = this.filter(inner.get('filter'), inner.path('filter'), depth + 1);
    return { kind: 'nested', key, filter };
  }
}

function exceeded(field: string, why: string): VectorDbError {
  return new VectorDbError('LIMIT_EXCEEDED', `${field}: ${why}`, { field });
}

function readKey(fields: JsonFields): string {
  const key = fields.string('key');
  parseKeyPath(key, fields.path('key'), 'INVALID_FILTER');
  return key;
}

function plainId(id: unknown, field: string): PointId {
  if (typeof id === 'number' || typeof id === 'bigint' || typeof id === 'string') return id;
  throw new VectorDbError('INVALID_FILTER', `${field}: an id is an integer or a string`, { field });
}
