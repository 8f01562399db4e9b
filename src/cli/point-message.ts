import { must } from '../base/assert.ts';
import { float32Text } from '../api/json/float-text.ts';
import type { PointId } from '../base/point-id.ts';
import type { PointIdMessage, StoredPointMessage, VectorMessage } from './grape-messages.ts';
import { integerId } from './source/id-choice.ts';

/** An id as a message. */
export function idMessage(id: PointId): PointIdMessage {
  return typeof id === 'string' ? { text: id } : { integer: String(id) };
}

/** The id of a message; integers beyond the safe ones are `bigint`s. */
export function idFromMessage(message: PointIdMessage): PointId {
  return message.text !== undefined && message.kind !== 'integer'
    ? message.text
    : integerId(must(message.integer, 'an id without a kind'));
}

/** An id as JSON text: all digits of an integer, a string in quotes. */
export function idJson(id: PointId): string {
  return typeof id === 'string' ? JSON.stringify(id) : String(id);
}

/** An id as written on the command line: digits are an integer, a JSON string is that string, anything else is the string itself. */
export function idFromArgument(text: string): PointId {
  if (/^(0|[1-9]\d*)$/.test(text)) return integerId(text);
  if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) {
    try {
      return JSON.parse(text) as string;
    } catch {
      return text;
    }
  }
  return text;
}

/** The vector's own bytes, not copied. */
export function vectorMessage(vector: Float32Array): VectorMessage {
  return { float32: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength) };
}

/** The numbers of a vector, copied where the bytes are not aligned. */
export function vectorFromMessage(message: { readonly float32: Uint8Array }): Float32Array {
  const copy = new Uint8Array(message.float32);
  return new Float32Array(copy.buffer);
}

/** Numbers as JSON, each with as few digits as tell its float32 apart. */
export function vectorJson(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => float32Text(value)).join(',')}]`;
}

/** A stored point as one line of JSON: what an import reads. Payload text is passed on as it is stored. */
export function pointJsonLine(point: StoredPointMessage, extra = ''): string {
  const names = Object.keys(point.vectors);
  const vectors = names.map((name): readonly [string, string] => {
    const message = must(point.vectors[name], 'a named vector');
    return [name, vectorJson(vectorFromMessage(message))];
  });
  const parts = [`"id":${idJson(idFromMessage(point.id))}${extra}`];
  const unnamed = vectors.find(([name]) => name === '');
  const named = vectors.filter(([name]) => name !== '');
  if (unnamed !== undefined) parts.push(`"vector":${unnamed[1]}`);
  if (named.length > 0) {
    parts.push(
      `"vectors":{${named.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`,
    );
  }
  if (point.payloadJson.length > 0) parts.push(`"payload":${oneLine(point.payloadJson)}`);
  return `{${parts.join(',')}}`;
}

/** JSON's only line breaks lie between its tokens, so that spaces may take their place. */
function oneLine(payload: Buffer): string {
  return payload.toString('utf8').replaceAll(/[\r\n]+/g, ' ');
}
