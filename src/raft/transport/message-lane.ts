import { FRAME_BODY_BYTES_MAX, type Frame } from './frame-codec.ts';
import { isHeartbeat } from './heartbeat-rows.ts';
import type { LinkContext } from './link-context.ts';
import { decodeLogEnds, encodeLogEnds } from './log-ends-codec.ts';
import { bytesInFrameMax, encodeFrames } from './message-frames.ts';
import { OutgoingLink } from './outgoing-link.ts';
import type { DropReason } from './transport-statistics.ts';
import type { GroupMessage, LogEnd, NodeNumber } from './transport.ts';

/** Bytes that are encoded at once; then it is seen whether the connection takes more. */
const WRITE_BYTES = 1024 * 1024;

/** Collaborators of {@link MessageLane}. */
export interface MessageLaneOptions {
  readonly to: NodeNumber;
  readonly context: LinkContext;
  /** Calls back when this turn is over. */
  readonly defer: (callback: () => void) => void;
  /** Something that was queued did not travel, or may not have arrived. */
  readonly onUnreachable: () => void;
  readonly onLogEnds: (number: number, ends: readonly LogEnd[]) => void;
  /** The other side ended the connection, or there was none to be had. */
  readonly onDisconnected: () => void;
}

/**
 * Messages to one node. All of a turn go out in one write, heartbeats first; what cannot leave waits in a bounded queue, and is dropped when the connection
 * is lost: Raft sends anew what still matters.
 */
export class MessageLane {
  readonly #context: LinkContext;
  readonly #defer: (callback: () => void) => void;
  readonly #onUnreachable: () => void;
  readonly #onLogEnds: (number: number, ends: readonly LogEnd[]) => void;
  readonly #onDisconnected: () => void;
  readonly #link: OutgoingLink;
  #heartbeats: GroupMessage[] = [];
  #others: GroupMessage[] = [];
  #queuedBytes = 0;
  #isFlushPlanned = false;
  /** Something was dropped in this turn. */
  #isReportDue = false;
  #isClosed = false;

  constructor({
    to,
    context,
    defer,
    onUnreachable,
    onLogEnds,
    onDisconnected,
  }: MessageLaneOptions) {
    this.#context = context;
    this.#defer = defer;
    this.#onUnreachable = onUnreachable;
    this.#onLogEnds = onLogEnds;
    this.#onDisconnected = onDisconnected;
    this.#link = new OutgoingLink(to, 'messages', context, {
      onReady: () => this.#flush(),
      onDrain: () => this.#flush(),
      onFrame: (frame) => this.#onFrame(frame),
      onDown: (end) => {
        this.#clear('unreachable');
        // One that rested has lost nothing.
        if (end !== 'idle') this.#isReportDue = true;
        this.#report();
        if (!this.#isClosed && (end === 'closed' || end === 'network')) this.#onDisconnected();
      },
    });
  }

  get isConnected(): boolean {
    return this.#link.isReady;
  }

  get queuedMessages(): number {
    return this.#heartbeats.length + this.#others.length;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Queues messages, or drops them where the queue is full. */
  send(messages: readonly GroupMessage[]): void {
    if (this.#isClosed) {
      this.#context.counters.messagesDropped.closed += messages.length;
      return;
    }
    for (const message of messages) this.#push(message);
    this.#planFlush();
  }

  /** Sends a question and all that waits, or drops it. */
  askLogEnds(number: number): void {
    if (this.#isClosed) return;
    this.#flush();
    // It is a few bytes: that the connection is full is no reason to do without.
    if (this.#link.isReady) {
      this.#link.send([encodeLogEnds({ kind: 'question', number })]);
      return;
    }
    this.#link.want();
    this.#isReportDue = true;
    // Its caller is in the middle of something.
    this.#planFlush();
  }

  /** The node is known to be there: it is tried at once. */
  wake(): void {
    this.#link.wake();
  }

  /** Sends what is queued where there is a connection, and ends it. */
  async close(): Promise<void> {
    this.#flush();
    this.#isClosed = true;
    this.#clear('closed');
    await this.#link.close();
  }

  #push(message: GroupMessage): void {
    const { queueMessagesMax, queueBytesMax } = this.#context.limits;
    const bytes = bytesInFrameMax(message);
    if (bytes > FRAME_BODY_BYTES_MAX) {
      this.#drop('tooLarge', 1);
    } else if (
      this.queuedMessages >= queueMessagesMax ||
      (this.queuedMessages > 0 && this.#queuedBytes + bytes > queueBytesMax)
    ) {
      this.#drop('queueFull', 1);
    } else {
      (isHeartbeat(message) ? this.#heartbeats : this.#others).push(message);
      this.#queuedBytes += bytes;
    }
  }

  /** Nobody answers on this connection but to say that it lives, and how far its logs go. */
  #onFrame(frame: Frame): void {
    const answer = this.#link.decode(() => decodeLogEnds(frame));
    if (answer?.kind === 'answer') this.#onLogEnds(answer.number, answer.ends);
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#defer(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed) return;
    if (this.#link.isReady) {
      this.#write();
    } else if (this.queuedMessages > 0 && this.#link.want() > 0) {
      this.#clear('unreachable');
    }
    this.#report();
  }

  /** As much as the connection takes, so that the rest can still be overtaken by heartbeats. */
  #write(): void {
    while (this.queuedMessages > 0 && this.#link.isReady && !this.#link.isFull) {
      let bytes = 0;
      const end = this.#others.findIndex((message) => {
        bytes += bytesInFrameMax(message);
        return bytes > WRITE_BYTES;
      });
      // One alone may be larger.
      const count = end === -1 ? this.#others.length : Math.max(end, 1);
      const written = [...this.#heartbeats, ...this.#others.slice(0, count)];
      this.#heartbeats = [];
      this.#others = this.#others.slice(count);
      for (const message of written) this.#queuedBytes -= bytesInFrameMax(message);
      this.#context.counters.messagesSent += written.length;
      this.#link.send(encodeFrames(written));
    }
  }

  #clear(reason: DropReason): void {
    this.#drop(reason, this.queuedMessages);
    this.#heartbeats = [];
    this.#others = [];
    this.#queuedBytes = 0;
  }

  #drop(reason: DropReason, count: number): void {
    this.#context.counters.messagesDropped[reason] += count;
    if (count > 0) this.#isReportDue = true;
  }

  #report(): void {
    if (!this.#isReportDue || this.#isClosed) return;
    this.#isReportDue = false;
    this.#onUnreachable();
  }
}
