import type { CallOutcome, GrpcTestClient } from '../grpc-client.ts';
import type { Change, ModelledPoint, ModelledSelector } from './modelled-point.ts';

/** Sends changes to a server; resolves when they are acknowledged. */
export type ChangeWriter = (collection: string, change: Change) => Promise<void>;

/** Answers of the REST interface, or an error for any status that is none of success. */
export async function restCall<T>(
  url: string,
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Writes over REST. */
export function restWriter(url: string): ChangeWriter {
  return async (collection, change) => {
    if (change.kind === 'upsert') {
      const points = change.points.map(({ id, vector, alt, payload }) => ({
        id,
        vector: [...vector],
        ...(alt === undefined ? {} : { vectors: { alt: [...alt] } }),
        payload,
      }));
      await restCall(url, '/vectors', { collection, points });
      return;
    }
    const body = { collection, ...restSelector(change.selector) };
    switch (change.kind) {
      case 'delete':
        return void (await restCall(url, '/vectors/delete', body));
      case 'set':
        return void (await restCall(url, '/vectors/payload', { ...body, payload: change.payload }));
      case 'overwrite':
        return void (await restCall(
          url,
          '/vectors/payload',
          { ...body, payload: change.payload },
          'PUT',
        ));
      case 'unset':
        return void (await restCall(url, '/vectors/payload/delete', {
          ...body,
          keys: change.keys,
        }));
    }
  };
}

function restSelector(selector: ModelledSelector): object {
  if ('ids' in selector) return selector;
  return {
    filter: {
      must: [
        { key: 'owner', match: { value: selector.owner } },
        { key: 'tag', match: { value: selector.tag } },
      ],
    },
  };
}

/** Writes over gRPC. */
export function grpcWriter(client: GrpcTestClient): ChangeWriter {
  return async (collection, change) => {
    if (change.kind === 'upsert') {
      return succeeded(
        await client.call('Points.Upsert', {
          collection,
          points: change.points.map(pointMessage),
        }),
      );
    }
    const selector = grpcSelector(change.selector);
    switch (change.kind) {
      case 'delete':
        return succeeded(await client.call('Points.Delete', { collection, selector }));
      case 'set':
      case 'overwrite': {
        const payloadJson = Buffer.from(JSON.stringify(change.payload));
        const method = change.kind === 'set' ? 'Points.SetPayload' : 'Points.OverwritePayload';
        return succeeded(await client.call(method, { collection, selector, payloadJson }));
      }
      case 'unset':
        return succeeded(
          await client.call('Points.DeletePayload', { collection, selector, paths: change.keys }),
        );
    }
  };
}

function succeeded(outcome: CallOutcome): void {
  if (outcome.status !== 0) throw new Error(`status ${outcome.status}: ${outcome.message}`);
}

const idMessage = (id: ModelledPoint['id']): object =>
  typeof id === 'string' ? { text: id } : { integer: String(id) };

const vectorMessage = (vector: Float32Array): object => ({
  float32: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
});

function pointMessage({ id, vector, alt, payload }: ModelledPoint): object {
  return {
    id: idMessage(id),
    vector: vectorMessage(vector),
    vectors: alt === undefined ? {} : { alt: vectorMessage(alt) },
    payloadJson: Buffer.from(JSON.stringify(payload)),
  };
}

function grpcSelector(selector: ModelledSelector): object {
  if ('ids' in selector) return { ids: { ids: selector.ids.map(idMessage) } };
  const must = [
    { field: { key: 'owner', value: { integer: String(selector.owner) } } },
    { field: { key: 'tag', value: { text: selector.tag } } },
  ];
  return { filter: { must } };
}
