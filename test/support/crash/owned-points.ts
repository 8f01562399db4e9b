import { encodePointId } from '../../../src/base/point-id.ts';
import { HashRouter } from '../../../src/sharding/hash-router.ts';
import {
  type Change,
  fingerprint,
  idText,
  type ModelledPoint,
  type ModelledSelector,
} from './modelled-point.ts';

type Effect = ReadonlyMap<string, ModelledPoint | undefined>;

/** The points of one client, who makes one change after another: all that is known of them, and what is not. */
export class OwnedPoints {
  readonly #shardOf: (text: string) => number;
  readonly #ids = new Map<string, ModelledPoint['id']>();
  #points = new Map<string, ModelledPoint>();
  #unknown: Effect = new Map();

  constructor(options: { readonly shardCount: number; readonly collection: number }) {
    const router = new HashRouter({ shardCount: options.shardCount });
    this.#shardOf = (text) => {
      const id = this.#ids.get(text) as ModelledPoint['id'];
      return router.shardOf(options.collection, encodePointId(id, 'id', 512));
    };
  }

  /** Points that are known to be there. */
  get points(): readonly ModelledPoint[] {
    return [...this.#points.values()];
  }

  get(text: string): ModelledPoint | undefined {
    return this.#points.get(text);
  }

  /** From now on, nobody knows whether the change has happened. */
  begin(change: Change): void {
    this.#unknown = this.#effectOf(change);
  }

  /** The change that was begun has happened. */
  acknowledge(): void {
    for (const [text, point] of this.#unknown) {
      if (point === undefined) this.#points.delete(text);
      else this.#points.set(text, point);
    }
    this.#unknown = new Map();
  }

  /**
   * Compares with what is there after a crash, and takes that for known.
   *
   * @param found - all points of the owner, by id
   * @returns what cannot be: each shard's part of the change that was under way has happened as a whole or not at all, all else is as acknowledged
   */
  settle(found: ReadonlyMap<string, ModelledPoint>): string[] {
    const problems: string[] = [];
    const parts = new Map<number, string[]>();
    for (const text of this.#unknown.keys()) {
      const shard = this.#shardOf(text);
      parts.set(shard, [...(parts.get(shard) ?? []), text]);
    }
    for (const [shard, texts] of parts) {
      const isWhole = [this.#unknown, this.#points].some((state) =>
        texts.every((text) => fingerprint(state.get(text)) === fingerprint(found.get(text))),
      );
      if (isWhole) continue;
      problems.push(
        `a change was applied in part in shard ${shard}: ${texts
          .map(
            (text) =>
              `${text} was ${fingerprint(this.#points.get(text))}, may be ${fingerprint(this.#unknown.get(text))}, is ${fingerprint(found.get(text))}`,
          )
          .join('; ')}`,
      );
    }
    for (const text of new Set([...this.#points.keys(), ...found.keys()])) {
      if (this.#unknown.has(text)) continue;
      const [expected, actual] = [
        fingerprint(this.#points.get(text)),
        fingerprint(found.get(text)),
      ];
      if (expected !== actual) problems.push(`${text} is ${actual} instead of ${expected}`);
    }
    this.#points = new Map(found);
    this.#unknown = new Map();
    return problems;
  }

  #effectOf(change: Change): Effect {
    const effect = new Map<string, ModelledPoint | undefined>();
    if (change.kind === 'upsert') {
      for (const point of change.points) {
        this.#ids.set(idText(point.id), point.id);
        effect.set(idText(point.id), point);
      }
      return effect;
    }
    for (const text of this.#selected(change.selector)) {
      const point = this.#points.get(text) as ModelledPoint;
      if (change.kind === 'delete') effect.set(text, undefined);
      else effect.set(text, { ...point, payload: changedPayload(point, change) });
    }
    return effect;
  }

  #selected(selector: ModelledSelector): string[] {
    if ('ids' in selector) {
      return selector.ids.map(idText).filter((text) => this.#points.has(text));
    }
    const isMeant = ({ payload }: ModelledPoint): boolean => payload['tag'] === selector.tag;
    return [...this.#points].filter(([, point]) => isMeant(point)).map(([text]) => text);
  }
}

function changedPayload(
  point: ModelledPoint,
  change: Exclude<Change, { kind: 'upsert' | 'delete' }>,
): ModelledPoint['payload'] {
  switch (change.kind) {
    case 'set':
      return { ...point.payload, ...change.payload };
    case 'overwrite':
      return change.payload;
    case 'unset':
      return Object.fromEntries(
        Object.entries(point.payload).filter(([key]) => !change.keys.includes(key)),
      );
  }
}
