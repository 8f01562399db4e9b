import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Timer } from '../../base/clock.ts';
import { Backoff } from './backoff.ts';
import { FrameConnection } from './frame-connection.ts';
import type { Frame } from './frame-codec.ts';
import { ClientHandshake } from './handshake.ts';
import type { Lane } from './handshake-codec.ts';
import type { LinkContext, NodeAddress } from './link-context.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import { certificateFault, certificateNameOf } from './transport-tls.ts';
import type { NodeNumber } from './transport.ts';

/** What a lane wants of its link. */
export interface LinkUser {
  /** Handshake done: frames may be sent. */
  onReady(): void;
  /** There is room again for what is sent. */
  onDrain(): void;
  onFrame(frame: Frame): void;
  /** The connection is gone, or there was none; what was sent may or may not have arrived. */
  onDown(end: ConnectionEnd, detail: string): void;
}

/** `away`: not connected; `connecting`: handshake included; `closed`: for good. */
type State =
  | { readonly kind: 'away'; /** Monotonic. */ readonly retryAtMs: number }
  | { readonly kind: 'connecting'; readonly connection: FrameConnection; readonly timer: Timer }
  | { readonly kind: 'ready'; readonly connection: FrameConnection }
  | { readonly kind: 'closed' };

/** One direction to one node for one lane: connects when it is wanted, again after a pause when that failed, and notices when the other side is gone. */
export class OutgoingLink {
  readonly #to: NodeNumber;
  readonly #lane: Lane;
  readonly #context: LinkContext;
  readonly #user: LinkUser;
  readonly #backoff: Backoff;
  #state: State = { kind: 'away', retryAtMs: -Infinity };
  #wasConnected = false;
  /** The end that was logged last; empty since it was connected. */
  #logged = '';
  #lastSentMs = 0;
  #stallTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  #onGone: (() => void) | undefined;

  constructor(to: NodeNumber, lane: Lane, context: LinkContext, user: LinkUser) {
    this.#to = to;
    this.#lane = lane;
    this.#context = context;
    this.#user = user;
    const { backoffMinMs, backoffMaxMs } = context.limits;
    this.#backoff = new Backoff(context.random, backoffMinMs, backoffMaxMs);
  }

  get isReady(): boolean {
    return this.#state.kind === 'ready';
  }

  /** Whether frames that are sent now would only wait in memory. */
  get isFull(): boolean {
    return this.#state.kind === 'ready' && this.#state.connection.isFull;
  }

  /** Milliseconds until it is worth to ask again; 0: it is connected, or on the way there after this call. */
  want(): number {
    if (this.#state.kind === 'closed') return Infinity;
    if (this.#state.kind !== 'away') return 0;
    const waitMs = this.#state.retryAtMs - this.#context.clock.monotonicMs();
    if (waitMs > 0) return waitMs;
    this.#connect();
    return 0;
  }

  /** Sends frames in one write; only while it is ready. */
  send(frames: readonly Uint8Array[]): void {
    if (this.#state.kind !== 'ready') return;
    const { clock, limits } = this.#context;
    this.#lastSentMs = clock.monotonicMs();
    // In halves: after this process itself stood still, what the other side said meanwhile is read between them.
    this.#stallTimer ??= clock.after(limits.stallMs / 2, () => {
      this.#stallTimer = clock.after(limits.stallMs / 2, () =>
        this.fault('stalled', `node ${this.#to} takes no bytes, or does not say so`),
      );
    });
    this.#state.connection.write(frames);
  }

  /** What `decode` gives; where it finds its bytes damaged, the connection ends. */
  decode<T>(decode: () => T): T | undefined {
    return this.#state.kind === 'ready' ? this.#state.connection.decode(decode) : undefined;
  }

  /** The other side does what it must not: the connection ends. */
  fault(end: ConnectionEnd, detail: string): void {
    if (this.#state.kind === 'ready') this.#state.connection.end(end, detail);
  }

  /** Ends it for good, once what was sent has left or `closeMs` are over. */
  async close(): Promise<void> {
    const { connection } = { connection: undefined, ...this.#state };
    const { clock, limits } = this.#context;
    if (connection === undefined) {
      this.#state = { kind: 'closed' };
      return;
    }
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    const limit = clock.after(limits.closeMs, () => connection.end('closed', 'in time'));
    if (this.isReady) connection.close('closed', 'this node closes it');
    else connection.end('closed', 'this node closes it');
    await gone;
    limit.cancel();
    this.#state = { kind: 'closed' };
  }

  #connect(): void {
    const { addressOf, clock, counters, identity, limits, nonce } = this.#context;
    const address = addressOf(this.#to);
    if (address === undefined) {
      counters.connectionEnds.network += 1;
      // Its caller is in the middle of something, and hears of every other end later too.
      this.#state = { kind: 'away', retryAtMs: clock.monotonicMs() + this.#backoff.next() };
      queueMicrotask(() => this.#down('network', `node ${this.#to} has no address`));
      return;
    }
    const handshake = new ClientHandshake(identity, this.#to, this.#lane, nonce());
    const socket = this.#socket(address);
    const connection = new FrameConnection({
      socket,
      counters,
      frameBytesMax: limits.frameBytesMax,
      onFrame: (frame) => this.#onFrame(handshake, frame),
      onBytes: () => {},
      onDrain: () => {
        if (this.isReady) this.#user.onDrain();
      },
      onEnd: (end, detail) => this.#onEnd(end, detail),
    });
    socket.prependListener('error', ({ message }) => {
      const isDistrusted = socket instanceof TLSSocket && Boolean(socket.authorizationError);
      if (isDistrusted) connection.end('refused', `certificate: ${message}`);
    });
    const timer = clock.after(limits.handshakeMs, () =>
      connection.end('handshakeTimeout', `node ${this.#to} does not complete the handshake`),
    );
    this.#state = { kind: 'connecting', connection, timer };
    // Waits in the socket until it is connected.
    connection.write([handshake.hello]);
  }

  #socket({ host, port }: NodeAddress): Socket {
    const { tls } = this.#context;
    if (tls === undefined) return connectTcp({ host, port, noDelay: true, keepAlive: true });
    return connectTls({
      host,
      port,
      cert: tls.certificate,
      key: tls.key,
      ca: tls.authority,
      servername: certificateNameOf(this.#to),
      minVersion: 'TLSv1.2',
      // Nodes are known by number, wherever they are: an address in a certificate says nothing.
      checkServerIdentity: (_, certificate) => {
        const fault = tls.checksNode ? certificateFault(certificate, this.#to) : undefined;
        return fault === undefined ? undefined : new Error(fault);
      },
    });
  }

  #onFrame(handshake: ClientHandshake, frame: Frame): void {
    const state = this.#state;
    if (state.kind === 'connecting') {
      this.#shake(state, handshake, frame);
    } else if (state.kind === 'ready') {
      this.#stallTimer?.cancel();
      this.#stallTimer = undefined;
      if (frame.kind !== 'alive') this.#user.onFrame(frame);
    }
  }

  #shake(state: State & { kind: 'connecting' }, handshake: ClientHandshake, frame: Frame): void {
    const { connection, timer } = state;
    const step = connection.decode(() => handshake.step(frame));
    if (step === undefined) return;
    switch (step.kind) {
      case 'continue':
        connection.write([step.send]);
        return;
      case 'refused':
        connection.close('refused', `${step.refusal.reason}: ${step.refusal.detail}`, step.send);
        return;
      case 'unexpected':
        connection.end('unexpectedFrame', `a ${frame.kind} in a handshake`);
        return;
      case 'done':
        timer.cancel();
        connection.trust();
        this.#becomeReady(connection);
        return;
      default:
        step satisfies never;
    }
  }

  #becomeReady(connection: FrameConnection): void {
    const { clock, counters, log } = this.#context;
    counters.connects += 1;
    if (this.#wasConnected) counters.reconnects += 1;
    this.#wasConnected = true;
    this.#backoff.reset();
    this.#logged = '';
    this.#lastSentMs = clock.monotonicMs();
    this.#state = { kind: 'ready', connection };
    this.#watchIdleness();
    log({ event: 'connected', node: this.#to, lane: this.#lane });
    this.#user.onReady();
  }

  #watchIdleness(): void {
    const { clock, limits } = this.#context;
    const restMs = this.#lastSentMs + limits.idleMs - clock.monotonicMs();
    this.#idleTimer = clock.after(Math.max(restMs, 1), () => {
      if (clock.monotonicMs() - this.#lastSentMs < limits.idleMs) this.#watchIdleness();
      else this.fault('idle', 'nothing was sent for long');
    });
  }

  #onEnd(end: ConnectionEnd, detail: string): void {
    if (this.#state.kind === 'connecting') this.#state.timer.cancel();
    this.#stallTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#stallTimer = undefined;
    const retryAtMs = this.#context.clock.monotonicMs() + this.#backoff.next();
    this.#state = { kind: 'away', retryAtMs };
    this.#onGone?.();
    this.#down(end, detail);
  }

  #down(end: ConnectionEnd, detail: string): void {
    const reason = `${end}: ${detail}`;
    if (reason !== this.#logged && end !== 'idle' && this.#onGone === undefined) {
      this.#logged = reason;
      this.#context.log({
        event: 'disconnected',
        node: this.#to,
        lane: this.#lane,
        end,
        detail,
      });
    }
    this.#user.onDown(end, detail);
  }
}
