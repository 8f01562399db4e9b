import { VectorDbError } from '../../base/error.ts';
import {
  isPayloadArray,
  isPayloadObject,
  type PayloadObject,
  type PayloadValue,
} from './payload-value.ts';

/** A step into a payload: a member's key, an array's element by position, or each element of an array. */
export type PathStep = string | number | typeof EACH;

/** The step `[]`: each element of an array. */
export const EACH: unique symbol = Symbol('each element');

/** Where in a payload something is: `a.b`, `a[].b`, `a[0]`, `"a key.with a dot".b`. It has at least one step, and begins with a key. */
export type KeyPath = readonly PathStep[];

const PLAIN_KEY = /^[\p{L}\p{N}_-]+$/u;
const KEY_RUN = /[^.[\]"\p{Cc}]+/uy;
const QUOTED_RUN = /"(?:[^"\\]|\\.)*"/sy;
const BRACKET_RUN = /\[(\d{0,9})\]/y;
const STEPS_MAX = 64;
const TEXT_MAX = 4096;

/**
 * The path that a text means. A key with a dot, a bracket or a quote stands in double quotes, inside which the escapes of JSON hold.
 *
 * @param field - where the text stood in the request, for the error
 * @param code - of the error
 * @throws {VectorDbError} with that code when the text is not a path
 */
export function parseKeyPath(
  text: string,
  field: string,
  code: 'INVALID_ARGUMENT' | 'INVALID_FILTER' = 'INVALID_ARGUMENT',
): KeyPath {
  const fail = (why: string): never => {
    throw new VectorDbError(
      code,
      `${field}: ${JSON.stringify(text.slice(0, 100))} is not a key path: ${why}`,
      {
        field,
      },
    );
  };
  const steps: PathStep[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  if (text.length > TEXT_MAX) fail(`it has more than ${TEXT_MAX} characters`);
  for (;;) {
    if (text[at] === '"') {
      const quoted = take(QUOTED_RUN) ?? fail('a quote is not closed');
      steps.push(unquote(quoted[0]) ?? fail('what stands in quotes is not a JSON string'));
    } else {
      steps.push((take(KEY_RUN) ?? fail(`a key was expected at position ${at}`))[0]);
    }
    while (text[at] === '[') {
      const bracket = take(BRACKET_RUN) ?? fail(`[] or [number] was expected at position ${at}`);
      steps.push(bracket[1] === '' ? EACH : Number(bracket[1]));
    }
    if (steps.length > STEPS_MAX) fail(`it has more than ${STEPS_MAX} steps`);
    if (at === text.length) return steps;
    if (text[at] !== '.') fail(`a dot was expected at position ${at}`);
    at += 1;
  }
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** The one text of a path: texts of equal paths are equal. */
export function keyPathText(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (step === EACH) text += '[]';
    else if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${PLAIN_KEY.test(step) ? step : JSON.stringify(step)}`;
  }
  return text;
}

/** The values at a path, as they are: an array at its end is one value. Empty where nothing is there. */
export function valuesAt(payload: PayloadObject, path: KeyPath): readonly PayloadValue[] {
  if (path.length === 1) {
    const key = path[0] as string;
    return Object.hasOwn(payload, key) ? [payload[key] as PayloadValue] : [];
  }
  const found: PayloadValue[] = [];
  collect(payload, path, 0, found);
  return found;
}

function collect(value: PayloadValue, path: KeyPath, depth: number, found: PayloadValue[]): void {
  if (depth === path.length) {
    found.push(value);
    return;
  }
  const step = path[depth] as PathStep;
  if (typeof step === 'string') {
    if (isPayloadObject(value) && Object.hasOwn(value, step)) {
      collect(value[step] as PayloadValue, path, depth + 1, found);
    }
  } else if (isPayloadArray(value)) {
    if (step === EACH) for (const item of value) collect(item, path, depth + 1, found);
    else if (step < value.length) collect(value[step] as PayloadValue, path, depth + 1, found);
  }
}
