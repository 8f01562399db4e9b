import type { Timer } from '../../base/clock.ts';
import { Backoff } from './backoff.ts';
import { ClientConnection } from './client-connection.ts';
import type { Frame } from './frame-codec.ts';
import type { Lane, RefusalReason } from './handshake-codec.ts';
import type { LinkContext } from './link-context.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
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
  | { readonly kind: 'connecting'; readonly connection: ClientConnection }
  | { readonly kind: 'ready'; readonly connection: ClientConnection }
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
    const { backoffMinMs, backoffMaxMs, callBackoffMaxMs } = context.limits;
    const maxMs = lane === 'calls' ? Math.min(callBackoffMaxMs, backoffMaxMs) : backoffMaxMs;
    this.#backoff = new Backoff(context.random, backoffMinMs, maxMs);
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

  /** The node is known to be there: no pause is left before the next attempt. */
  wake(): void {
    if (this.#state.kind === 'away') this.#state = { kind: 'away', retryAtMs: -Infinity };
    this.#backoff.reset();
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
    const { addressOf, clock, counters, identity, limits } = this.#context;
    const address = addressOf(this.#to);
    if (address === undefined) {
      counters.connectionEnds.network += 1;
      // Its caller is in the middle of something, and hears of every other end later too.
      this.#state = { kind: 'away', retryAtMs: clock.monotonicMs() + this.#backoff.next() };
      queueMicrotask(() => this.#down('network', `node ${this.#to} has no address`));
      return;
    }
    const connection = new ClientConnection({
      context: this.#context,
      identity,
      address,
      to: this.#to,
      lane: this.#lane,
      handshakeMs: this.#lane === 'calls' ? limits.callConnectMs : limits.handshakeMs,
      frameBytesMax: limits.frameBytesMax,
      onReady: () => this.#becomeReady(connection),
      onFrame: (frame) => this.#onFrame(frame),
      onDrain: () => this.#user.onDrain(),
      onEnd: (end, detail, refusal) => this.#onEnd(end, detail, refusal),
    });
    this.#state = { kind: 'connecting', connection };
  }

  #onFrame(frame: Frame): void {
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    if (frame.kind !== 'alive') this.#user.onFrame(frame);
  }

  #becomeReady(connection: ClientConnection): void {
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

  #onEnd(end: ConnectionEnd, detail: string, refusal: RefusalReason | undefined): void {
    this.#stallTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#stallTimer = undefined;
    // It is there, and will take this node as soon as it is a member itself.
    if (refusal === 'member') this.#backoff.reset();
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
