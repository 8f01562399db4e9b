import type { Socket } from 'node:net';
import type { Timer } from '../../base/clock.ts';
import { toVectorDbError } from '../../base/error.ts';
import type { Frame } from './frame-codec.ts';
import { FrameConnection } from './frame-connection.ts';
import { type HandshakePeer, ServerHandshake } from './handshake.ts';
import type { LinkContext } from './link-context.ts';
import { decodeMessages } from './message-frames.ts';
import { type ChunkOutcome, decodeChunk, encodeOutcome } from './snapshot-chunk-codec.ts';
import { CHUNK_WINDOW } from './tcp-limits.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import type { NodeNumber, TransportReceiver } from './transport.ts';
import { writeFrame } from './write-frame.ts';

/** Collaborators of {@link IncomingConnection}. */
export interface IncomingConnectionOptions {
  readonly socket: Socket;
  /** What was read of it already. */
  readonly first: Uint8Array;
  readonly context: LinkContext;
  /** Undefined: nobody listens yet, and what comes is lost. */
  readonly receiver: () => TransportReceiver | undefined;
  /** Why the socket's certificate is not that of a node, if it is not. */
  readonly certificateFault: (node: NodeNumber) => string | undefined;
  /** The other side is known. */
  readonly onPeer: (peer: HandshakePeer) => void;
  readonly onEnd: () => void;
}

const ALIVE = writeFrame('alive', 0, () => {});

/** What another node sends here, over one connection: handshake first, then the frames of its lane. */
export class IncomingConnection {
  readonly #options: IncomingConnectionOptions;
  readonly #connection: FrameConnection;
  readonly #handshake: ServerHandshake;
  readonly #address: string;
  readonly #handshakeTimer: Timer | undefined;
  #aliveTimer: Timer | undefined;
  #silenceTimer: Timer | undefined;
  #lastHeardMs: number;
  #peer: HandshakePeer | undefined;
  #chunksUnderWay = 0;

  constructor(options: IncomingConnectionOptions) {
    this.#options = options;
    const { socket, first, context } = options;
    const { clock, counters, identity, limits, nonce } = context;
    this.#address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#handshake = new ServerHandshake(identity, nonce(), options.certificateFault);
    this.#lastHeardMs = clock.monotonicMs();
    this.#connection = new FrameConnection({
      socket,
      counters,
      frameBytesMax: limits.frameBytesMax,
      onFrame: (frame) => this.#onFrame(frame),
      onBytes: () => this.#onBytes(),
      onDrain: () => {},
      onEnd: (end, detail) => this.#onEnd(end, detail),
    });
    this.#handshakeTimer = clock.after(limits.handshakeMs, () =>
      this.#connection.end('handshakeTimeout', 'the handshake was not completed in time'),
    );
    this.#connection.take(first);
  }

  /** Ends it at once. */
  end(end: ConnectionEnd, detail: string): void {
    this.#connection.end(end, detail);
  }

  #onFrame(frame: Frame): void {
    if (this.#peer === undefined) {
      this.#shake(frame);
    } else if (
      this.#peer.lane === 'messages' &&
      (frame.kind === 'messages' || frame.kind === 'heartbeats')
    ) {
      this.#onMessages(this.#peer.node, frame);
    } else if (this.#peer.lane === 'chunks' && frame.kind === 'chunk') {
      this.#onChunk(this.#peer.node, frame);
    } else {
      const detail = `a ${frame.kind} on the lane of ${this.#peer.lane}`;
      this.#connection.end('unexpectedFrame', detail);
    }
  }

  #shake(frame: Frame): void {
    const step = this.#connection.decode(() => this.#handshake.step(frame));
    if (step === undefined) return;
    switch (step.kind) {
      case 'continue':
        this.#connection.write([step.send]);
        return;
      case 'refused':
        this.#connection.close(
          'refused',
          `${step.refusal.reason}: ${step.refusal.detail}`,
          step.send,
        );
        return;
      case 'unexpected':
        this.#connection.end('unexpectedFrame', `a ${frame.kind} in a handshake`);
        return;
      case 'done':
        this.#handshakeTimer?.cancel();
        this.#peer = step.peer;
        this.#options.context.counters.accepts += 1;
        this.#connection.trust();
        this.#options.onPeer(step.peer);
        if (step.send !== undefined) this.#connection.write([step.send]);
        this.#watchSilence();
        return;
      default:
        step satisfies never;
    }
  }

  #onMessages(from: NodeNumber, frame: Frame): void {
    const messages = this.#connection.decode(() => decodeMessages(frame));
    if (messages === undefined) return;
    this.#options.context.counters.messagesReceived += messages.length;
    this.#options.receiver()?.onMessages(from, messages);
  }

  #onChunk(from: NodeNumber, frame: Frame): void {
    const numbered = this.#connection.decode(() => decodeChunk(frame.body));
    if (numbered === undefined) return;
    if (this.#chunksUnderWay >= CHUNK_WINDOW) {
      this.#connection.end('unexpectedFrame', 'more chunks at once than are agreed on');
      return;
    }
    this.#options.context.counters.chunksReceived += 1;
    this.#chunksUnderWay += 1;
    const { number, chunk } = numbered;
    const answer = (outcome: ChunkOutcome): void => {
      this.#chunksUnderWay -= 1;
      this.#connection.write([encodeOutcome({ number, outcome })]);
    };
    const receiver = this.#options.receiver();
    if (receiver === undefined) {
      answer({ kind: 'failed', reason: 'it does not listen yet' });
      return;
    }
    receiver.onChunk(from, chunk).then(answer, (thrown: unknown) => {
      answer({ kind: 'failed', reason: toVectorDbError(thrown).message });
    });
  }

  /** The sender takes a connection for dead that does not say that its bytes arrive. */
  #onBytes(): void {
    const { clock, limits } = this.#options.context;
    this.#lastHeardMs = clock.monotonicMs();
    if (this.#peer === undefined) return;
    this.#aliveTimer ??= clock.after(limits.aliveMs, () => {
      this.#aliveTimer = undefined;
      this.#connection.write([ALIVE]);
    });
  }

  #watchSilence(): void {
    const { clock, limits } = this.#options.context;
    const restMs = this.#lastHeardMs + limits.silenceMs - clock.monotonicMs();
    this.#silenceTimer = clock.after(Math.max(restMs, 1), () => {
      if (clock.monotonicMs() - this.#lastHeardMs < limits.silenceMs) this.#watchSilence();
      else this.#connection.end('stalled', 'it brought nothing for long');
    });
  }

  #onEnd(end: ConnectionEnd, detail: string): void {
    for (const timer of [this.#handshakeTimer, this.#aliveTimer, this.#silenceTimer]) {
      timer?.cancel();
    }
    // Superseded again and again: two processes believe to be the same node.
    if (end !== 'closed') {
      const node = this.#peer?.node;
      this.#options.context.log({ event: 'rejected', address: this.#address, node, end, detail });
    }
    this.#options.onEnd();
  }
}
