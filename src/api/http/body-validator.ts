import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { VectorDbError } from '../../base/error.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { nearestName } from '../nearest-name.ts';

interface Finding {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Keywords whose bound is a configured limit. */
const NAME_SHOWN_MAX = 64;
const LIMITS: ReadonlySet<string> = new Set(['maximum', 'maxItems', 'maxLength']);

/** A schema, compiled. Throws INVALID_ARGUMENT, LIMIT_EXCEEDED or UNKNOWN_FIELD with the field where a value does not fit. */
export type BodyValidator = (value: unknown) => void;

/** @param schema - closed objects; what the reader has checked already has no constraints in it */
export function bodyValidator(schema: TSchema): BodyValidator {
  const compiled = Compile(schema);
  return (value) => {
    if (!compiled.Check(value)) {
      throw refusal(compiled.Errors(value), value, schema);
    }
  };
}

function refusal(findings: readonly Finding[], value: unknown, schema: TSchema): VectorDbError {
  const outer = findings.filter(
    ({ keyword, schemaPath }) => keyword !== 'boolean' && !/\/anyOf\//.test(schemaPath),
  );
  const unknown = outer.find(({ keyword }) => keyword === 'additionalProperties');
  const finding = unknown ?? outer[0] ?? findings[0];
  if (!finding) return new VectorDbError('INVALID_ARGUMENT', 'the body does not fit');
  const base = fieldOf(finding.instancePath, value);
  if (finding === unknown) return unknownField(finding, base, schema);
  if (finding.keyword === 'required') {
    const [missing] = finding.params['requiredProperties'] as readonly string[];
    const field = joined(base, missing ?? '');
    return new VectorDbError('INVALID_ARGUMENT', `${field}: is missing`, { field });
  }
  const code: ErrorCode = LIMITS.has(finding.keyword) ? 'LIMIT_EXCEEDED' : 'INVALID_ARGUMENT';
  const field = base === '' ? 'body' : base;
  return new VectorDbError(code, `${field}: ${problem(finding, schema)}`, { field });
}

function problem({ keyword, params, message, schemaPath }: Finding, schema: TSchema): string {
  if (keyword === 'enum') {
    return `must be one of ${(params['allowedValues'] as readonly string[]).join(', ')}`;
  }
  if (keyword !== 'anyOf') return message;
  const { description } = nodeAt(schema, schemaPath) as { readonly description?: string };
  return `has none of its forms. ${description ?? ''}`.trimEnd();
}

function unknownField(finding: Finding, base: string, schema: TSchema): VectorDbError {
  const [name = ''] = finding.params['additionalProperties'] as readonly string[];
  const node = nodeAt(schema, finding.schemaPath) as {
    readonly properties?: Readonly<Record<string, unknown>>;
  };
  const near = nearestName(name, Object.keys(node.properties ?? {}));
  const field = joined(base, shortened(name));
  const hint = near === undefined ? '' : `; did you mean ${joined(base, near)}?`;
  return new VectorDbError('UNKNOWN_FIELD', `${field}: there is no such field${hint}`, { field });
}

/** A name as errors repeat it: a caller's own may be as long as a body. */
const shortened = (name: string): string =>
  name.length <= NAME_SHOWN_MAX ? name : `${name.slice(0, NAME_SHOWN_MAX)}…`;

const joined = (base: string, name: string): string => (base === '' ? name : `${base}.${name}`);

function pointerSteps(pointer: string): string[] {
  return pointer
    .replace(/^#/, '')
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A JSON pointer as a field's path: elements of arrays in brackets. */
function fieldOf(pointer: string, value: unknown): string {
  let field = '';
  let at: unknown = value;
  for (const step of pointerSteps(pointer)) {
    field = Array.isArray(at) ? `${field}[${step}]` : joined(field, step);
    at = (at as Record<string, unknown> | undefined)?.[step];
  }
  return field;
}

function nodeAt(schema: TSchema, pointer: string): object {
  let node: unknown = schema;
  for (const step of pointerSteps(pointer)) node = (node as Record<string, unknown>)[step];
  return node ?? {};
}
