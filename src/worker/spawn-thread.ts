import { Worker, type MessagePort } from 'node:worker_threads';
import type { MessageEndpoint } from './request-channel.ts';

/** Every thread there is, by the name of its entry file. */
export type ThreadEntry = 'apply-thread' | 'builder-thread' | 'search-thread';

/** A running thread. */
export interface Thread<Out, In> extends MessageEndpoint<Out, In> {
  /** Resolves when the thread ended: with the error that ended it, if one did. */
  readonly ended: Promise<Error | undefined>;
  terminate(): Promise<void>;
}

export interface SpawnOptions {
  readonly entry: ThreadEntry;
  readonly data: unknown;
  /** Ports that go over to the thread. */
  readonly ports?: readonly MessagePort[];
}

/** Starts a thread of this program; from sources in a checkout, compiled in a package. */
export function spawnThread<Out, In>(options: SpawnOptions): Thread<Out, In> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./${options.entry}.${extension}`, import.meta.url), {
    name: options.entry,
    workerData: options.data,
    transferList: [...(options.ports ?? [])],
  });
  const ended = new Promise<Error | undefined>((resolve) => {
    worker.once('error', (error) =>
      resolve(error instanceof Error ? error : new Error(String(error))),
    );
    worker.once('exit', () => resolve(undefined));
  });
  return {
    ended,
    post: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
    listen: (onMessage) => void worker.on('message', onMessage),
    async terminate() {
      await worker.terminate();
    },
  };
}
