import { isPointId, type PointId } from '../../base/point-id.ts';
import { lineError } from './line-error.ts';
import { jsonMembers, type JsonSlice } from './json-members.ts';
import { integerId } from '../../client/grpc/point-message.ts';

/** Where the ids of points come from: the row's number, or a member of the payload; `auto` is the member `id` where the first payload has it. */
export type IdChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'range' }
  | { readonly kind: 'field'; readonly field: string };

/** The text that stands for a choice in the state of an import. */
export function idChoiceText(choice: IdChoice): string {
  return choice.kind === 'field' ? `field ${choice.field}` : choice.kind;
}

/** Decides what `auto` means, by the first line of the payloads; undefined: there are none. */
export function settleIdChoice(
  choice: IdChoice,
  firstLine: Buffer | undefined,
): Exclude<IdChoice, { readonly kind: 'auto' }> {
  if (choice.kind !== 'auto') return choice;
  if (firstLine === undefined) return { kind: 'range' };
  try {
    if (jsonMembers(firstLine).has('id')) return { kind: 'field', field: 'id' };
  } catch {
    return { kind: 'range' };
  }
  return { kind: 'range' };
}

/**
 * @param slice - of `text`: where the id stands; undefined: it is not there
 * @throws {VectorDbError} INVALID_ARGUMENT when it is neither a string nor an unsigned integer
 */
export function idFromJson(
  text: Buffer,
  slice: JsonSlice | undefined,
  field: string,
  where: { readonly path: string; readonly line: number },
): PointId {
  if (slice === undefined) {
    throw lineError(where, `has no member "${field}", which the id is to be taken from`, field);
  }
  const value = text.toString('utf8', slice.start, slice.end);
  if (/^(0|[1-9]\d*)$/.test(value)) {
    const id = integerId(value);
    if (isPointId(id)) return id;
    throw lineError(where, `"${field}" is ${value}: an integer id is at most 2^64-1`, field);
  }
  if (value.startsWith('"')) return JSON.parse(value) as string;
  throw lineError(where, `"${field}" is ${value}: an id is a string or an unsigned integer`, field);
}
