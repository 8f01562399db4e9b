import { must } from '../base/assert.ts';
import { float32Text } from '../api/json/float-text.ts';
import type { PointId } from '../base/point-id.ts';
import type { StoredPointMessage } from '../client/grpc/grape-messages.ts';
import { idFromMessage, integerId, vectorFromMessage } from '../client/grpc/point-message.ts';

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
