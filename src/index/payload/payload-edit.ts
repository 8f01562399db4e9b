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
import { payloadFromText, payloadText } from './payload-json.ts';

/**
 * The payload with the patch's members put over those of `base`; members of nested objects are not merged. Texts of values stay as they were
 * written. The same input gives the same bytes everywhere.
 */
export function mergePayload(base: PayloadJson, patch: PayloadJson): PayloadJson {
  if (patch.length === 0) return base;
  if (base.length === 0) return patch;
  const members = memberTexts(payloadText(base));
  const changes = memberTexts(payloadText(patch));
  if (changes.size === 0) return base;
  for (const [key, text] of changes) members.set(key, text);
  return payloadFromText(`{${[...members.values()].join(',')}}`);
}

/** The text `"key":value` of each member of the object that the text is; of a key that comes twice, the last. */
function memberTexts(text: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const member of objectMembers(text, rootSpan(text))) {
    texts.set(member.key, text.slice(member.keyStart, member.end));
  }
  return texts;
}

/**
 * The payload without what is at the paths: a member is removed with its key, an array's element is taken out of it. A path at which nothing
 * is, and one that is malformed, changes nothing. What remains keeps its text.
 */
export function deletePayloadPaths(base: PayloadJson, paths: readonly string[]): PayloadJson {
  if (base.length === 0) return base;
  return deleteKeyPaths(base, paths.flatMap(pathOrNothing));
}

function pathOrNothing(text: string): KeyPath[] {
  try {
    return [parseKeyPath(text, 'key')];
  } catch {
    return [];
  }
}

/** {@link deletePayloadPaths} with paths that are parsed. */
export function deleteKeyPaths(base: PayloadJson, paths: readonly KeyPath[]): PayloadJson {
  if (base.length === 0 || paths.length === 0) return base;
  const text = payloadText(base);
  const root = rootSpan(text);
  const kept = without(text, root, paths, 0);
  return kept === text ? base : payloadFromText(kept);
}

/** The text of the value at `span` without what is at the paths; each path has led here by its first `depth` steps. */
function without(text: string, span: JsonSpan, paths: readonly KeyPath[], depth: number): string {
  const parts: string[] = [];
  let changed = false;
  const keep = (from: number, value: JsonSpan, matching: readonly KeyPath[]): void => {
    if (matching.some((path) => path.length === depth + 1)) {
      changed = true;
      return;
    }
    const before = text.slice(value.start, value.end);
    const after = matching.length === 0 ? before : without(text, value, matching, depth + 1);
    if (after !== before) changed = true;
    parts.push(text.slice(from, value.start) + after);
  };
  if (isObjectSpan(text, span)) {
    for (const member of objectMembers(text, span)) {
      keep(
        member.keyStart,
        member,
        paths.filter((path) => path[depth] === member.key),
      );
    }
    return changed ? `{${parts.join(',')}}` : text.slice(span.start, span.end);
  }
  if (isArraySpan(text, span)) {
    arrayItems(text, span).forEach((item, index) => {
      keep(
        item.start,
        item,
        paths.filter((path) => path[depth] === EACH || path[depth] === index),
      );
    });
    return changed ? `[${parts.join(',')}]` : text.slice(span.start, span.end);
  }
  return text.slice(span.start, span.end);
}
