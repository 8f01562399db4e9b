import { toVectorDbError, VectorDbError } from '../../base/error.ts';
import type { CallTransport, NodeNumber } from '../../raft/transport/transport.ts';
import type { NodeAnswers, NodeCall, NodeCallKind } from './node-call.ts';
import { NodeCallCodec } from './node-call-codec.ts';

/** Who asks, and until when the answer is waited for. */
export interface CallContext {
  readonly from: NodeNumber;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** What a node does for others, by the kind of the call; a kind that is missing is answered with NOT_READY. */
export type NodeCallHandlers = {
  readonly [K in NodeCallKind]?: (
    call: Extract<NodeCall, { readonly kind: K }>,
    context: CallContext,
  ) => Promise<NodeAnswers[K]>;
};

/** Answers the calls of other nodes, and of this one. */
export class NodeCallServer {
  readonly #codec = new NodeCallCodec();
  readonly #handlers: NodeCallHandlers;

  constructor(handlers: NodeCallHandlers) {
    this.#handlers = handlers;
  }

  /** From now on, other nodes are answered. */
  serve(transport: CallTransport): void {
    transport.serveCalls((from, request, signal) => this.#serve(from, request, signal));
  }

  /** @throws {VectorDbError} what the handler throws; NOT_READY where there is none */
  async answer<C extends NodeCall>(call: C, context: CallContext): Promise<NodeAnswers[C['kind']]> {
    const handler = this.#handlers[call.kind] as
      | ((call: C, context: CallContext) => Promise<NodeAnswers[C['kind']]>)
      | undefined;
    if (handler !== undefined) return handler(call, context);
    throw new VectorDbError('NOT_READY', `this node does not answer ${call.kind} yet`);
  }

  async #serve(from: NodeNumber, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const call = this.#codec.decodeCall(request);
      return this.#codec.encodeAnswer(call, await this.answer(call, { from, signal }));
    } catch (thrown) {
      return this.#codec.encodeFailure(toVectorDbError(thrown));
    }
  }
}
