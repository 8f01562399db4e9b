import type { PayloadJson } from '../../storage/point-record.ts';
import {
  arrayItems,
  isArraySpan,
  isObjectSpan,
  type JsonSpan,
  objectMembers,
  rootSpan,
} from './json-span.ts';
import { EACH, type KeyPath, parseKeyPath } from './key-path.ts';
import { deleteKeyPaths } from './payload-edit.ts';
import { EMPTY_PAYLOAD, payloadFromText, payloadText } from './payload-json.ts';

/** What of a payload is wanted: all of it, nothing, or what is at (or not at) some key paths. */
export type PayloadSelector =
  | boolean
  | { readonly include: readonly string[] }
  | { readonly exclude: readonly string[] };

/**
 * A function that gives of each payload what is wanted. Chosen members keep their text and place; an object or array in which nothing was
 * chosen is left out, but of a payload of which nothing was chosen `{}` remains.
 *
 * @param field - where the selector stood in the request, for the error
 * @throws {VectorDbError} INVALID_ARGUMENT when one of the paths is malformed
 */
export function compileProjection(
  selector: PayloadSelector,
  field = 'with_payload',
): (payload: PayloadJson) => PayloadJson {
  if (selector === true) return (payload) => payload;
  if (selector === false) return () => EMPTY_PAYLOAD;
  if ('include' in selector) {
    const paths = selector.include.map((text, i) => parseKeyPath(text, `${field}.include[${i}]`));
    return (payload) => include(payload, paths);
  }
  const paths = selector.exclude.map((text, i) => parseKeyPath(text, `${field}.exclude[${i}]`));
  return (payload) => deleteKeyPaths(payload, paths);
}

function include(payload: PayloadJson, paths: readonly KeyPath[]): PayloadJson {
  if (payload.length === 0) return payload;
  const text = payloadText(payload);
  return payloadFromText(only(text, rootSpan(text), paths, 0) ?? '{}');
}

/** The text of what is at the paths below the value at `span`, or undefined where nothing is. */
function only(
  text: string,
  span: JsonSpan,
  paths: readonly KeyPath[],
  depth: number,
): string | undefined {
  const parts: string[] = [];
  const add = (from: number, value: JsonSpan, matching: readonly KeyPath[]): void => {
    if (matching.length === 0) return;
    if (matching.some((path) => path.length === depth + 1)) {
      parts.push(text.slice(from, value.end));
      return;
    }
    const inner = only(text, value, matching, depth + 1);
    if (inner !== undefined) parts.push(text.slice(from, value.start) + inner);
  };
  if (isObjectSpan(text, span)) {
    for (const member of objectMembers(text, span)) {
      add(
        member.keyStart,
        member,
        paths.filter((path) => path[depth] === member.key),
      );
    }
    return parts.length === 0 ? undefined : `{${parts.join(',')}}`;
  }
  if (!isArraySpan(text, span)) return undefined;
  arrayItems(text, span).forEach((item, index) => {
    add(
      item.start,
      item,
      paths.filter((path) => path[depth] === EACH || path[depth] === index),
    );
  });
  return parts.length === 0 ? undefined : `[${parts.join(',')}]`;
}
