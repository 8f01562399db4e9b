import { parentPort, workerData } from 'node:worker_threads';
import { setImmediate } from 'node:timers/promises';
import { must } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { serializeError } from '../base/error.ts';
import { buildReason } from '../index/segment/build-job.ts';
import { buildSegment } from '../index/segment/segment-builder.ts';
import type { AbandonMessage, BuilderCall, BuilderThreadOutput } from './apply-messages.ts';
import type { CallMessage, ReplyMessage } from './request-channel.ts';
import type { BuilderThreadData } from './thread-data.ts';
import { lowerThreadPriority } from './thread-priority.ts';

/** Entry of the builder thread: builds the segments it is told to, one after another, at low priority. */

const port = must(parentPort, 'this file is a thread entry');
const { lane, calls } = workerData as BuilderThreadData;
lowerThreadPriority();

const ending = new AbortController();
const tell = (message: BuilderThreadOutput): void => port.postMessage(message);
let tail: Promise<void> = Promise.resolve();

async function build({ id, call }: CallMessage<BuilderCall>): Promise<void> {
  let reply: ReplyMessage;
  try {
    const context = { lane, signal: ending.signal, breathe: () => setImmediate() };
    const startedMs = systemClock.monotonicMs();
    const built = await buildSegment(call.job, context);
    const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
    tell({ kind: 'built', reason: buildReason(call.job), rows: built.handle.rows, seconds });
    reply = { kind: 'reply', id, value: built };
  } catch (error) {
    reply = { kind: 'error', id, error: serializeError(error) };
  }
  calls.postMessage(reply);
}

calls.on('message', (message: CallMessage<BuilderCall> | AbandonMessage) => {
  if (message.kind === 'abandon') ending.abort();
  else tail = tail.then(() => build(message));
});
port.on('message', (message: { readonly kind: 'close' }) => {
  if (message.kind !== 'close') return;
  calls.close();
  port.close();
});
