/**
 * How the values of a body are to be read, by where they stand: made from the body's schema, so that a vector is a vector where the schema says so and
 * an ordinary array inside a filter or payload.
 */
export type ReadPlan =
  /** As JSON says; integers beyond 2^53 become a `bigint`. */
  | { readonly kind: 'value' }
  /** A `Float32Array`. */
  | { readonly kind: 'vector' }
  /** The object's own text. */
  | { readonly kind: 'payload' }
  /** A string or an unsigned integer. */
  | { readonly kind: 'id' }
  | { readonly kind: 'array'; readonly items: ReadPlan }
  | {
      readonly kind: 'object';
      readonly properties: ReadonlyMap<string, ReadPlan>;
      /** For keys that are not among the properties. */
      readonly rest: ReadPlan;
    };

/** The keyword of a schema that tells how its values are read. */
export const READ_AS = 'x-read-as';

interface SchemaNode {
  readonly [READ_AS]?: 'vector' | 'payload' | 'id';
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

const VALUE: ReadPlan = { kind: 'value' };

/** The plan for a body of this JSON Schema; values under `anyOf` and the like are read as plain values. */
export function readPlan(schema: object): ReadPlan {
  const node = schema as SchemaNode;
  const readAs = node[READ_AS];
  if (readAs) return { kind: readAs };
  if (node.items) {
    const items = readPlan(node.items);
    return items.kind === 'value' ? VALUE : { kind: 'array', items };
  }
  const [pattern] = Object.values(node.patternProperties ?? {});
  const restNode = pattern ?? node.additionalProperties;
  const rest = typeof restNode === 'object' ? readPlan(restNode) : VALUE;
  const properties = new Map<string, ReadPlan>();
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    const plan = readPlan(property);
    if (plan.kind !== 'value') properties.set(name, plan);
  }
  return properties.size === 0 && rest.kind === 'value'
    ? VALUE
    : { kind: 'object', properties, rest };
}
