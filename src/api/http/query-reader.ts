import { VectorDbError } from '../../base/error.ts';
import { nearestName } from '../nearest-name.ts';

/** One parameter of a query string. */
export type QueryParameter =
  | { readonly kind: 'text'; readonly description: string; readonly bytesMax: number }
  | { readonly kind: 'boolean'; readonly description: string }
  | { readonly kind: 'choice'; readonly description: string; readonly choices: readonly string[] }
  | {
      readonly kind: 'integer';
      readonly description: string;
      readonly minimum: number;
      readonly maximum: number;
    };

/** The parameters an operation takes, by name. */
export type QueryTable = Readonly<Record<string, QueryParameter>>;

/** What was given, by name. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** @throws {VectorDbError} UNKNOWN_FIELD, INVALID_ARGUMENT, LIMIT_EXCEEDED with the parameter as field */
export function readQuery(raw: Readonly<Record<string, unknown>>, table: QueryTable): QueryValues {
  const values: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(raw)) {
    const parameter = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!parameter) throw unknownParameter(name, table);
    const given = raw[name];
    if (typeof given !== 'string') refuse(name, 'is given more than once');
    values[name] = readParameter(name, given, parameter);
  }
  return values;
}

function readParameter(
  name: string,
  given: string,
  parameter: QueryParameter,
): string | number | boolean {
  switch (parameter.kind) {
    case 'text':
      if (given === '') refuse(name, 'is empty');
      if (Buffer.byteLength(given) > parameter.bytesMax) {
        exceed(name, `has at most ${parameter.bytesMax} bytes`);
      }
      return given;
    case 'boolean':
      if (given !== 'true' && given !== 'false') refuse(name, 'is true or false');
      return given === 'true';
    case 'choice':
      if (!parameter.choices.includes(given)) {
        refuse(name, `is one of ${parameter.choices.join(', ')}`);
      }
      return given;
    case 'integer': {
      const value = /^[0-9]{1,15}$/.test(given) ? Number(given) : -1;
      if (value < parameter.minimum) refuse(name, `is an integer from ${parameter.minimum} on`);
      if (value > parameter.maximum) exceed(name, `is at most ${parameter.maximum}`);
      return value;
    }
  }
}

function unknownParameter(name: string, table: QueryTable): VectorDbError {
  const near = nearestName(name, Object.keys(table));
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new VectorDbError('UNKNOWN_FIELD', `${name}: there is no such parameter${hint}`, {
    field: name,
  });
}

function refuse(name: string, problem: string): never {
  throw new VectorDbError('INVALID_ARGUMENT', `${name}: ${problem}`, { field: name });
}

function exceed(name: string, problem: string): never {
  throw new VectorDbError('LIMIT_EXCEEDED', `${name}: ${problem}`, { field: name });
}

/** The parameters as the `querystring` of a route's schema. */
export function querySchema(table: QueryTable): object {
  const properties = Object.entries(table).map(([name, parameter]) => {
    const { description } = parameter;
    switch (parameter.kind) {
      case 'text':
        return [name, { type: 'string', minLength: 1, description }];
      case 'boolean':
        return [name, { type: 'boolean', description }];
      case 'choice':
        return [name, { type: 'string', enum: parameter.choices, description }];
      case 'integer': {
        const { minimum, maximum } = parameter;
        return [name, { type: 'integer', minimum, maximum, description }];
      }
    }
  });
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties) as object,
  };
}
