import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Timer } from '../../base/clock.ts';
import type { Frame } from './frame-codec.ts';
import { FrameConnection } from './frame-connection.ts';
import { ClientHandshake, type HandshakeIdentity } from './handshake.ts';
import type { Lane, RefusalReason } from './handshake-codec.ts';
import type { PortContext } from './link-context.ts';
import type { NodeAddress } from './node-address.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import { certificateFault, certificateNameOf } from './transport-tls.ts';
import type { NodeNumber } from './transport.ts';

/** Collaborators of {@link ClientConnection}. */
export interface ClientConnectionOptions {
  readonly context: PortContext;
  readonly identity: HandshakeIdentity;
  /** A name is resolved anew for each connection. */
  readonly address: NodeAddress;
  /** 0 on the lane of guests. */
  readonly to: NodeNumber;
  readonly lane: Lane;
  /** From now to the end of the handshake, in milliseconds. */
  readonly handshakeMs: number;
  /** Bytes of the longest frame that is taken after the handshake. */
  readonly frameBytesMax: number;
  /** Handshake done. */
  readonly onReady: () => void;
  /** Of the lane; in order. */
  readonly onFrame: (frame: Frame) => void;
  readonly onDrain: () => void;
  /** Once, when nothing more comes or goes. @param refusal - why one of the two refused the other, if one did */
  readonly onEnd: (end: ConnectionEnd, detail: string, refusal: RefusalReason | undefined) => void;
}

/** A connection that this node makes: it begins at once, and proves who it is before anything else. */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  readonly #connection: FrameConnection;
  readonly #handshake: ClientHandshake;
  readonly #timer: Timer;
  #isReady = false;
  #refusal: RefusalReason | undefined;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    const { context, identity, to, lane, handshakeMs } = options;
    this.#handshake = new ClientHandshake(identity, to, lane, context.nonce());
    const socket = this.#socket();
    this.#connection = new FrameConnection({
      socket,
      counters: context.counters,
      onFrame: (frame) => this.#onFrame(frame),
      onBytes: () => {},
      onDrain: () => {
        if (this.#isReady) options.onDrain();
      },
      onEnd: (end, detail) => {
        this.#timer.cancel();
        options.onEnd(end, detail, this.#refusal);
      },
    });
    socket.prependListener('error', ({ message }) => {
      const isDistrusted = socket instanceof TLSSocket && Boolean(socket.authorizationError);
      if (!isDistrusted) return;
      this.#refusal = 'certificate';
      this.#connection.end('refused', `certificate: ${message}`);
    });
    this.#timer = context.clock.after(handshakeMs, () =>
      this.#connection.end('handshakeTimeout', `${this.#name} does not complete the handshake`),
    );
    // Waits in the socket until it is connected.
    this.#connection.write([this.#handshake.hello]);
  }

  /** Whether frames that are sent now would only wait in memory. */
  get isFull(): boolean {
    return this.#connection.isFull;
  }

  /** Frames of the lane, in one write. */
  write(frames: readonly Uint8Array[]): void {
    this.#connection.write(frames);
  }

  /** What `decode` gives; where it finds its bytes damaged, the connection ends. */
  decode<T>(decode: () => T): T | undefined {
    return this.#connection.decode(decode);
  }

  /** Ends it at once; what was written and has not left is lost. */
  end(end: ConnectionEnd, detail: string): void {
    this.#connection.end(end, detail);
  }

  /** Ends it once what was written has left. */
  close(end: ConnectionEnd, detail: string): void {
    this.#connection.close(end, detail);
  }

  get #name(): string {
    const { address, lane, to } = this.#options;
    return lane === 'guests' ? `${address.host}:${address.port}` : `node ${to}`;
  }

  #socket(): Socket {
    const { address, context, lane, to } = this.#options;
    const { host, port } = address;
    const { tls } = context;
    if (tls === undefined) return connectTcp({ host, port, noDelay: true, keepAlive: true });
    const isGuest = lane === 'guests';
    const guestName = isIP(host) === 0 ? { servername: host } : {};
    return connectTls({
      host,
      port,
      cert: tls.certificate,
      key: tls.key,
      ca: tls.authority,
      ...(isGuest ? guestName : { servername: certificateNameOf(to) }),
      minVersion: 'TLSv1.2',
      // Nodes are known by number, wherever they are: an address in a certificate says nothing. A guest does not know the number.
      checkServerIdentity: (_, certificate) => {
        const isChecked = tls.checksNode && !isGuest;
        const fault = isChecked ? certificateFault(certificate, to) : undefined;
        return fault === undefined ? undefined : new Error(fault);
      },
    });
  }

  #onFrame(frame: Frame): void {
    if (this.#isReady) this.#options.onFrame(frame);
    else this.#shake(frame);
  }

  #shake(frame: Frame): void {
    const connection = this.#connection;
    const step = connection.decode(() => this.#handshake.step(frame));
    if (step === undefined) return;
    switch (step.kind) {
      case 'continue':
        connection.write([step.send]);
        return;
      case 'refused':
        this.#refusal = step.refusal.reason;
        connection.close('refused', `${step.refusal.reason}: ${step.refusal.detail}`, step.send);
        return;
      case 'unexpected':
        connection.end('unexpectedFrame', `a ${frame.kind} in a handshake`);
        return;
      case 'done':
        this.#timer.cancel();
        connection.trust(this.#options.frameBytesMax);
        this.#isReady = true;
        this.#options.onReady();
        return;
      default:
        step satisfies never;
    }
  }
}
