import type { Socket } from 'node:net';
import type { Timer } from '../../base/clock.ts';
import { ALIVE_FRAME } from './alive-frame.ts';
import type { Frame } from './frame-codec.ts';
import { FrameConnection } from './frame-connection.ts';
import { type HandshakeIdentity, type HandshakePeer, ServerHandshake } from './handshake.ts';
import type { Refusal } from './handshake-codec.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import type { PortContext } from './link-context.ts';
import { GUEST_FRAME_BYTES_MAX } from './tcp-limits.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import type { NodeNumber } from './transport.ts';

/** Collaborators of {@link IncomingConnection}. */
export interface IncomingConnectionOptions {
  readonly socket: Socket;
  /** What was read of it already. */
  readonly first: Uint8Array;
  readonly context: PortContext;
  readonly identity: HandshakeIdentity;
  /** Why a node, or a guest (0), is not spoken with on this socket, if it is not. */
  readonly refuses: (from: NodeNumber) => Refusal | undefined;
  /** The other side is known: what serves it from here on. */
  readonly serve: (peer: HandshakePeer, connection: LaneConnection) => IncomingLane;
}

/** What somebody else sends here, over one connection: handshake first, then the frames of its lane. */
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
  #lane: IncomingLane | undefined;

  constructor(options: IncomingConnectionOptions) {
    this.#options = options;
    const { socket, first, context, identity, refuses } = options;
    const { clock, counters, limits, nonce } = context;
    this.#address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#handshake = new ServerHandshake(identity, nonce(), refuses);
    this.#lastHeardMs = clock.monotonicMs();
    this.#connection = new FrameConnection({
      socket,
      counters,
      onFrame: (frame) => this.#onFrame(frame),
      onBytes: () => this.#onBytes(),
      onDrain: () => this.#lane?.onDrain(),
      onEnd: (end, detail) => this.#onEnd(end, detail),
    });
    this.#handshakeTimer = clock.after(limits.handshakeMs, () =>
      this.#connection.end('handshakeTimeout', 'the handshake was not completed in time'),
    );
    this.#connection.take(first);
  }

  #onFrame(frame: Frame): void {
    if (this.#peer === undefined) {
      this.#shake(frame);
    } else if (this.#lane?.onFrame(frame) === false) {
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
        if (step.send !== undefined) this.#connection.write([step.send]);
        this.#welcome(step.peer);
        return;
      default:
        step satisfies never;
    }
  }

  #welcome(peer: HandshakePeer): void {
    const { context, serve } = this.#options;
    this.#peer = peer;
    context.counters.accepts += 1;
    const isGuest = peer.lane === 'guests';
    this.#connection.trust(isGuest ? GUEST_FRAME_BYTES_MAX : context.limits.frameBytesMax);
    this.#lane = serve(peer, this.#connection);
    this.#watchSilence();
  }

  /** The sender takes a connection for dead that does not say that its bytes arrive. */
  #onBytes(): void {
    const { clock, limits } = this.#options.context;
    this.#lastHeardMs = clock.monotonicMs();
    if (this.#peer === undefined) return;
    this.#aliveTimer ??= clock.after(limits.aliveMs, () => {
      this.#aliveTimer = undefined;
      this.#connection.write([ALIVE_FRAME]);
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
    this.#lane?.onEnd();
    // Superseded again and again: two processes believe to be the same node.
    if (end !== 'closed') {
      const node = this.#peer?.node;
      this.#options.context.log({ event: 'rejected', address: this.#address, node, end, detail });
    }
  }
}
