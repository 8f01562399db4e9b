import { encodePointId, type PointKey } from '../../base/point-id.ts';
import { Bitset } from '../bitset.ts';
import {
  type Estimate,
  exactly,
  type FieldIndex,
  type FieldQuestion,
} from '../payload-index/field-index.ts';
import { keyPathText, parseKeyPath } from '../payload/key-path.ts';
import type { Condition, Filter } from './filter.ts';
import { allOf, anyOf, atLeast, not, type PlanNode, unknown } from './plan-node.ts';

/** How a filter is answered on one segment. */
export interface FilterPlan {
  /** Rows that pass, deleted ones counted. */
  readonly estimate: Estimate;
  /** Key paths of conditions that payload indexes answer, and of those that payloads must be read for; canonical texts. */
  readonly indexedKeys: readonly string[];
  readonly unindexedKeys: readonly string[];
  /** Whether the candidates are the rows that pass. */
  readonly exact: boolean;
  /** What must still be asked of each candidate's record; absent where the plan is exact. */
  readonly residual?: Filter;
  /** The rows that may pass, every one that does among them: a new bitmap with each call, all rows where no index helps. */
  candidates(): Bitset;
}

export interface FilterPlanOptions {
  /** The segment's payload indexes, by the canonical text of their key paths. */
  readonly fields: ReadonlyMap<string, FieldIndex>;
  /** Rows of the segment; those of each index too. */
  readonly rowCount: number;
  /** The row of a point, or undefined where the segment lacks it. Absent: ids are checked on the record. */
  readonly slotOf?: (key: PointKey) => number | undefined;
}

/**
 * Finds out what the payload indexes of a segment know about a filter.
 *
 * @throws {VectorDbError} INVALID_FILTER when a key path is malformed
 */
export function planFilter(filter: Filter, options: FilterPlanOptions): FilterPlan {
  const planner = new Planner(options);
  const node = planner.filter(filter);
  const { residual } = node;
  return {
    estimate: node.estimate,
    indexedKeys: [...planner.indexedKeys].sort(),
    unindexedKeys: [...planner.unindexedKeys].sort(),
    exact: residual === undefined,
    ...(residual === undefined
      ? {}
      : { residual: residual.kind === 'filter' ? residual.filter : { must: [residual] } }),
    candidates: () => node.rows?.() ?? Bitset.full(options.rowCount),
  };
}

class Planner {
  readonly indexedKeys = new Set<string>();
  readonly unindexedKeys = new Set<string>();
  readonly #options: FilterPlanOptions;

  constructor(options: FilterPlanOptions) {
    this.#options = options;
  }

  filter(filter: Filter): PlanNode {
    const { rowCount } = this.#options;
    const plan = (conditions: readonly Condition[] | undefined): PlanNode[] =>
      (conditions ?? []).map((condition) => this.#condition(condition));
    const parts = plan(filter.must);
    for (const condition of filter.mustNot ?? []) {
      parts.push(not(this.#condition(condition), condition, rowCount));
    }
    if (filter.should !== undefined && filter.should.length > 0) {
      const residual: Condition = { kind: 'filter', filter: { should: filter.should } };
      parts.push(anyOf(plan(filter.should), residual, rowCount));
    }
    if (filter.minShould !== undefined) {
      const { conditions, minCount } = filter.minShould;
      const residual: Condition = { kind: 'filter', filter: { minShould: filter.minShould } };
      parts.push(atLeast(minCount, plan(conditions), residual, rowCount));
    }
    return allOf(parts, rowCount);
  }

  #condition(condition: Condition): PlanNode {
    switch (condition.kind) {
      case 'filter':
        return this.filter(condition.filter);
      case 'hasVector':
        return unknown(condition, this.#options.rowCount);
      case 'hasId':
        return this.#hasId(condition);
      case 'nested':
        return this.#nested(condition);
      case 'field':
        return this.#field(condition, condition.key, condition.test);
      case 'isEmpty':
      case 'isNull':
        return this.#field(condition, condition.key, { kind: condition.kind });
    }
  }

  #field(condition: Condition, key: string, question: FieldQuestion): PlanNode {
    const { fields, rowCount } = this.#options;
    const path = keyPathText(parseKeyPath(key, 'key', 'INVALID_FILTER'));
    const answer = fields.get(path)?.answer(question);
    if (answer === undefined) {
      this.unindexedKeys.add(path);
      return unknown(condition, rowCount);
    }
    this.indexedKeys.add(path);
    return {
      estimate: answer.estimate,
      residual: answer.exact ? undefined : condition,
      rows: () => {
        const rows = new Bitset(rowCount);
        answer.fill(rows);
        return rows;
      },
    };
  }

  #hasId(condition: Extract<Condition, { kind: 'hasId' }>): PlanNode {
    const { rowCount, slotOf } = this.#options;
    if (slotOf === undefined) return unknown(condition, rowCount);
    const slots = new Set<number>();
    for (const id of condition.ids) {
      const slot = slotOf(encodePointId(id, 'has_id', Infinity));
      if (slot !== undefined) slots.add(slot);
    }
    return {
      estimate: exactly(slots.size),
      residual: undefined,
      rows: () => {
        const rows = new Bitset(rowCount);
        for (const slot of slots) rows.add(slot);
        return rows;
      },
    };
  }

  /** An element that passes has values for all of `must`: an index over all elements' values finds every row with such an element. */
  #nested(condition: Extract<Condition, { kind: 'nested' }>): PlanNode {
    const { rowCount } = this.#options;
    const text = keyPathText(parseKeyPath(condition.key, 'nested.key', 'INVALID_FILTER'));
    const prefix = `${text}${text.endsWith('[]') ? '' : '[]'}.`;
    const parts = [unknown(condition, rowCount)];
    for (const inner of condition.filter.must ?? []) {
      if (inner.kind !== 'field' || inner.test.kind === 'valuesCount') continue;
      const part = this.#field(inner, `${prefix}${inner.key}`, inner.test);
      if (part.rows === undefined) continue;
      parts.push({ ...part, estimate: { ...part.estimate, min: 0 }, residual: undefined });
    }
    this.unindexedKeys.add(text);
    return allOf(parts, rowCount);
  }
}
