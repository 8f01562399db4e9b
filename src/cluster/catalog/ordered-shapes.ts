import { items, list, malformed, text, type WireShape } from '../call/wire-shape.ts';

/** Exactly `true`. */
export const yes: WireShape<true> = {
  encode: (value) => value,
  decode: (value) => {
    if (value === true) return true;
    throw malformed('not true');
  },
};

/** Two values, one after the other. */
export function pair<A, B>(first: WireShape<A>, second: WireShape<B>): WireShape<readonly [A, B]> {
  return {
    encode: ([a, b]) => [first.encode(a), second.encode(b)],
    decode: (value) => {
      const [a, b] = items(value);
      return [first.decode(a), second.decode(b)];
    },
  };
}

/** A map as its pairs in the order of their keys, so that equal maps have equal bytes. */
export function ordered<K extends number | string, V>(
  key: WireShape<K>,
  value: WireShape<V>,
): WireShape<ReadonlyMap<K, V>> {
  const pairs = list(pair(key, value));
  return {
    encode: (map) => pairs.encode([...map].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    decode: (encoded) => new Map(pairs.decode(encoded)),
  };
}

/** A map as the list of its values, in the order of their keys, which they tell themselves. */
export function keyed<K extends number | string, V>(
  value: WireShape<V>,
  keyOf: (value: V) => K,
): WireShape<ReadonlyMap<K, V>> {
  const values = list(value);
  return {
    encode: (map) =>
      values.encode([...map.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))),
    decode: (encoded) => new Map(values.decode(encoded).map((each) => [keyOf(each), each])),
  };
}

/** An object whose keys are anyone's words, `__proto__` too, as its pairs in the order of the keys. */
export function record<V>(value: WireShape<V>): WireShape<Readonly<Record<string, V>>> {
  const map = ordered(text, value);
  return {
    encode: (object) => map.encode(new Map(Object.entries(object))),
    decode: (encoded) => Object.fromEntries(map.decode(encoded)),
  };
}
