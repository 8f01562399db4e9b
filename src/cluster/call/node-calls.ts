import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { CallOptions, CallTransport, NodeNumber } from '../../raft/transport/transport.ts';
import type { NodeAnswers, NodeCall, NodeCaller } from './node-call.ts';
import { NodeCallCodec } from './node-call-codec.ts';
import type { NodeCallServer } from './node-call-server.ts';

export interface NodeCallsOptions {
  readonly transport: CallTransport;
  /** Of this node: its own calls go there as they are. */
  readonly server: NodeCallServer;
  readonly clock: Clock;
}

/** Calls nodes over the transport, and this one directly. */
export class NodeCalls implements NodeCaller {
  readonly #options: NodeCallsOptions;
  readonly #codec = new NodeCallCodec();

  constructor(options: NodeCallsOptions) {
    this.#options = options;
  }

  get node(): NodeNumber {
    return this.#options.transport.node;
  }

  async call<C extends NodeCall>(
    to: NodeNumber,
    call: C,
    options: CallOptions,
  ): Promise<NodeAnswers[C['kind']]> {
    if (to === this.node) return this.#callHere(call, options);
    const { transport } = this.#options;
    const answer = await transport.call(to, this.#codec.encodeCall(call), options);
    return this.#codec.decodeAnswer(call, answer);
  }

  #callHere<C extends NodeCall>(
    call: C,
    { timeoutMs, signal }: CallOptions,
  ): Promise<NodeAnswers[C['kind']]> {
    const { clock, server } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<NodeAnswers[C['kind']]>();
    const given = new AbortController();
    const giveUp = (code: 'UNAVAILABLE' | 'CANCELLED', why: string): void => {
      given.abort();
      reject(new VectorDbError(code, `${call.kind} on this node ${why}`));
    };
    const cancel = (): void => giveUp('CANCELLED', 'was given up');
    const timer = clock.after(timeoutMs, () => giveUp('UNAVAILABLE', 'did not end in time'));
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    server
      .answer(call, { from: this.node, signal: given.signal })
      .then(resolve, reject)
      .finally(() => {
        timer.cancel();
        signal?.removeEventListener('abort', cancel);
      });
    return promise;
  }
}
