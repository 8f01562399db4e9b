import { VectorDbError } from '../../base/error.ts';
import { POINT_KEY_TAG, type PointKey } from '../../base/point-id.ts';

/** How a value looks in a message: plain arrays, numbers, texts and bytes. Decoding checks every part, so that bad bytes are an error and never a wrong value. */
export interface WireShape<T> {
  /** @param value - of the type; not checked */
  encode(value: T): unknown;
  /** @throws {VectorDbError} DATA_CORRUPT */
  decode(value: unknown): T;
}

/** A shape for each member; members that may be absent are `optional`. */
type Shapes<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? WireShape<Exclude<T[K], undefined> | undefined>
    : WireShape<T[K]>;
};

/** A message that is not what it should be. */
export function malformed(why: string): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `a message is malformed: ${why}`);
}

function plain<T>(what: string, fits: (value: unknown) => value is T): WireShape<T> {
  return {
    encode: (value) => value,
    decode: (value) => {
      if (fits(value)) return value;
      throw malformed(`not ${what}`);
    },
  };
}

/** 0 to 2^53-1: counts, indexes, numbers of things. */
export const integer: WireShape<number> = plain(
  'an integer',
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
);
/** Any number, infinities included; not NaN. */
export const real: WireShape<number> = plain(
  'a number',
  (value): value is number => typeof value === 'number' && !Number.isNaN(value),
);
/** Any text. */
export const text: WireShape<string> = plain(
  'a text',
  (value): value is string => typeof value === 'string',
);
/** Yes or no. */
export const flag: WireShape<boolean> = plain(
  'true or false',
  (value): value is boolean => typeof value === 'boolean',
);

/** Bytes; decoded ones are a view of the message. */
export const bytes: WireShape<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => {
    if (value instanceof Uint8Array) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    throw malformed('not bytes');
  },
};

/** float32, little-endian; decoded ones are a copy. */
export const floats: WireShape<Float32Array> = {
  encode: (value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
  decode: (value) => {
    const raw = bytes.decode(value);
    if (raw.byteLength % 4 !== 0) throw malformed('a vector is cut short');
    return new Float32Array(raw.slice().buffer);
  },
};

/** Numbers below 2^16, little-endian; decoded ones are a copy. */
export const shorts: WireShape<Uint16Array> = {
  encode: (value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
  decode: (value) => {
    const raw = bytes.decode(value);
    if (raw.byteLength % 2 !== 0) throw malformed('numbers are cut short');
    return new Uint16Array(raw.slice().buffer);
  },
};

const KEY_BYTES_MAX = 0xffff;

/** A point key. */
export const pointKey: WireShape<PointKey> = {
  encode: (value) => value,
  decode: (value) => {
    const key = bytes.decode(value);
    const [tag] = key;
    const { length } = key;
    const isKey =
      (tag === POINT_KEY_TAG.integer && length === 9) ||
      (tag === POINT_KEY_TAG.uuid && length === 17) ||
      (tag === POINT_KEY_TAG.string && length > 1 && length <= KEY_BYTES_MAX);
    if (isKey) return key;
    throw malformed('not a point key');
  },
};

/** A map in the shape of its type, whose insides whoever made it has checked. */
export function trusted<T extends object>(what: string): WireShape<T> {
  return plain(
    what,
    (value): value is T =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      !ArrayBuffer.isView(value),
  );
}

/** One of a few texts. */
export function oneOf<const T extends string>(...values: readonly T[]): WireShape<T> {
  return plain(`one of ${values.join(', ')}`, (value): value is T =>
    (values as readonly unknown[]).includes(value),
  );
}

/** Nil stands for undefined. */
export function optional<T>(shape: WireShape<T>): WireShape<T | undefined> {
  return {
    encode: (value) => (value === undefined ? null : shape.encode(value)),
    decode: (value) => (value === null || value === undefined ? undefined : shape.decode(value)),
  };
}

/** Any number of the same, in order. */
export function list<T>(shape: WireShape<T>): WireShape<readonly T[]> {
  return {
    encode: (values) => values.map((value) => shape.encode(value)),
    decode: (value) => items(value).map((item) => shape.decode(item)),
  };
}

/** An object with these members, as an array in their order; more elements than are known are passed over, undefined members are left out. */
export function fields<T extends object>(shapes: Shapes<T>): WireShape<T> {
  const entries = Object.entries(shapes) as [keyof T & string, WireShape<unknown>][];
  return {
    encode: (value) => entries.map(([name, shape]) => shape.encode(value[name])),
    decode: (value) => {
      const parts = items(value);
      const decoded: Partial<Record<keyof T, unknown>> = {};
      entries.forEach(([name, shape], place) => {
        const part = shape.decode(parts[place]);
        if (part !== undefined) decoded[name] = part;
      });
      return decoded as T;
    },
  };
}

/** Members of a union by their `kind`: the kind, then the member. */
export function kinds<T extends { readonly kind: string }>(shapes: {
  readonly [K in T['kind']]: WireShape<Omit<Extract<T, { kind: K }>, 'kind'>>;
}): WireShape<T> {
  const entries: [string, unknown][] = Object.entries(shapes);
  const byKind = new Map(entries as [string, WireShape<object>][]);
  return {
    encode: (value) => [value.kind, byKind.get(value.kind)?.encode(value)],
    decode: (value) => {
      const [kind, member] = items(value);
      const shape = byKind.get(String(kind));
      if (shape === undefined) throw malformed(`its kind ${String(kind)} is not known`);
      return { kind, ...shape.decode(member) } as unknown as T;
    },
  };
}

/** An array. @throws {VectorDbError} DATA_CORRUPT */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw malformed('not a list');
}
