import { deserializeError, type SerializedError, type VectorDbError } from '../base/error.ts';
import { type Deferred, deferred } from '../base/deferred.ts';

/** One end of a message channel; a thread's port, or the other half of a pair in one thread. */
export interface MessageEndpoint<In, Out> {
  post(message: Out, transfer?: readonly ArrayBuffer[]): void;
  /** Called once, before the first message is expected. */
  listen(onMessage: (message: In) => void): void;
}

/** A call on its way; `id` comes back with the reply. */
export interface CallMessage<Call> {
  readonly kind: 'call';
  readonly id: number;
  readonly call: Call;
}

/** The reply to a call: a value or an error. */
export type ReplyMessage =
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SerializedError };

/** Calls that wait for their replies: the calling side of a channel. How many may wait is the caller's to bound. */
export class RequestChannel<Call> {
  readonly #post: (message: CallMessage<Call>, transfer?: readonly ArrayBuffer[]) => void;
  readonly #waiting = new Map<number, Deferred<unknown>>();
  #nextId = 1;
  #failure: VectorDbError | undefined;

  constructor(post: (message: CallMessage<Call>, transfer?: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** The caller knows what type the reply to its call has. */
  async call<Reply>(call: Call, transfer: readonly ArrayBuffer[] = []): Promise<Reply> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId;
    this.#nextId += 1;
    const waiting = deferred<unknown>();
    this.#waiting.set(id, waiting);
    this.#post({ kind: 'call', id, call }, transfer);
    return (await waiting.promise) as Reply;
  }

  /** Takes a reply off the other side. */
  accept(message: ReplyMessage): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'reply') waiting?.resolve(message.value);
    else waiting?.reject(deserializeError(message.error));
  }

  /** The other side is gone: all calls, waiting and to come, end with `error`. */
  fail(error: VectorDbError): void {
    this.#failure = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
