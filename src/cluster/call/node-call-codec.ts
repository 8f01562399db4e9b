import { Packr } from 'msgpackr';
import { deserializeError, serializeError } from '../../base/error.ts';
import type { NodeAnswers, NodeCall } from './node-call.ts';
import { failure, nodeAnswers, nodeCall } from './node-call-shapes.ts';
import { readResponses } from './read-shapes.ts';
import { items, malformed, type WireShape } from './wire-shape.ts';

const VERSION = 1;

/** Calls between nodes and their answers as bytes (docs/formats/node-calls.md): a version byte, then one MessagePack array. */
export class NodeCallCodec {
  // Records and shared structures would make the bytes of one call depend on those before it.
  readonly #packr = new Packr({ useRecords: false, useBigIntExtension: true, moreTypes: false });

  encodeCall(call: NodeCall): Uint8Array {
    return this.#frame(nodeCall.encode(call));
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  decodeCall(bytes: Uint8Array): NodeCall {
    return nodeCall.decode(this.#open(bytes));
  }

  /** @param call - what the answer is to */
  encodeAnswer<C extends NodeCall>(call: C, value: NodeAnswers[C['kind']]): Uint8Array {
    return this.#frame([true, answerOf(call).encode(value)]);
  }

  encodeFailure(thrown: unknown): Uint8Array {
    return this.#frame([false, failure.encode(serializeError(thrown))]);
  }

  /**
   * What was answered to a call.
   *
   * @throws {VectorDbError} what the call ended with there; DATA_CORRUPT
   */
  decodeAnswer<C extends NodeCall>(call: C, bytes: Uint8Array): NodeAnswers[C['kind']] {
    const [isAnswer, value] = items(this.#open(bytes));
    if (isAnswer === true) return answerOf(call).decode(value);
    throw deserializeError(failure.decode(value));
  }

  #frame(value: unknown): Uint8Array {
    const body = this.#packr.pack(value);
    // The packer's own buffer is used again.
    const bytes = new Uint8Array(1 + body.length);
    bytes[0] = VERSION;
    bytes.set(body, 1);
    return bytes;
  }

  #open(bytes: Uint8Array): unknown {
    if (bytes[0] !== VERSION) throw malformed(`its version ${bytes[0]} is not known`);
    try {
      return this.#packr.unpack(bytes.subarray(1));
    } catch {
      throw malformed('it is not MessagePack');
    }
  }
}

function answerOf<C extends NodeCall>(call: C): WireShape<NodeAnswers[C['kind']]> {
  const shape: WireShape<never> =
    call.kind === 'read'
      ? (readResponses[call.request.kind] as WireShape<never>)
      : (nodeAnswers[call.kind] as WireShape<never>);
  return shape;
}
