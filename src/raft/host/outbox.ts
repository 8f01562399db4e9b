import type { Clock, Timer } from '../../base/clock.ts';
import type { Message } from '../core/message.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { GroupMessage, NodeNumber, Transport } from '../transport/transport.ts';
import { nodeOf } from './replica-id.ts';

export interface OutboxOptions {
  readonly transport: Pick<Transport, 'send'>;
  readonly clock: Clock;
  /** Milliseconds that a commit index waits for something else to travel with; what went to a node within as many makes it busy. */
  readonly noticeHoldMs: number;
}

/** What went to a node of late. */
interface Traffic {
  /** The group of the last message. */
  group: GroupId;
  atMs: number;
  /** When the last message of another group went there. */
  otherMs: number;
}

/**
 * Messages of a turn, of all groups, by the node they go to: one call of the transport for each node. While other groups have a lot to say to a node, that something
 * is committed is no reason to wake it once more: such notices wait a moment for a message that goes there anyway.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #byNode = new Map<NodeNumber, GroupMessage[]>();
  /** Of each group the newest one. */
  readonly #notices = new Map<NodeNumber, Map<GroupId, GroupMessage>>();
  readonly #traffic = new Map<NodeNumber, Traffic>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(group: GroupId, messages: readonly Message[]): void {
    for (const message of messages) {
      const node = nodeOf(message.to);
      if (message.kind === 'commit' && this.#isBusy(node, group)) {
        this.#hold(node, { group, message });
        continue;
      }
      // Both say the same of the group.
      if (message.kind === 'append' || message.kind === 'commit') {
        this.#notices.get(node)?.delete(group);
      }
      this.#queue(node, { group, message });
    }
  }

  /** Sends what there is in the order it came, behind the notices that wait. */
  flush(): void {
    if (this.#byNode.size > 0) {
      const byNode = this.#byNode;
      this.#byNode = new Map();
      for (const [node, messages] of byNode) {
        const notices = this.#take(node);
        this.#options.transport.send(node, [...notices, ...messages]);
        this.#note(node, messages);
      }
    }
    if (this.#notices.size > 0) this.#arm();
  }

  /** Sends a node the notices that wait for it: it needs them now. */
  release(node: NodeNumber): void {
    const notices = this.#take(node);
    if (notices.length > 0) this.#options.transport.send(node, notices);
  }

  /** Nothing that waits is sent. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#byNode.clear();
    this.#notices.clear();
  }

  #queue(node: NodeNumber, message: GroupMessage): void {
    const waiting = this.#byNode.get(node);
    if (waiting === undefined) this.#byNode.set(node, [message]);
    else waiting.push(message);
  }

  #hold(node: NodeNumber, notice: GroupMessage): void {
    const waiting = this.#notices.get(node);
    if (waiting === undefined) this.#notices.set(node, new Map([[notice.group, notice]]));
    else waiting.set(notice.group, notice);
  }

  /** Whether messages of other groups went to a node so lately that more can be expected. */
  #isBusy(node: NodeNumber, group: GroupId): boolean {
    const traffic = this.#traffic.get(node);
    if (traffic === undefined) return false;
    const { clock, noticeHoldMs } = this.#options;
    const lastMs = traffic.group === group ? traffic.otherMs : traffic.atMs;
    return clock.monotonicMs() - lastMs <= noticeHoldMs;
  }

  #note(node: NodeNumber, messages: readonly GroupMessage[]): void {
    const atMs = this.#options.clock.monotonicMs();
    for (const { group } of messages) {
      const traffic = this.#traffic.get(node);
      if (traffic === undefined) {
        this.#traffic.set(node, { group, atMs, otherMs: -Infinity });
        continue;
      }
      if (traffic.group !== group) traffic.otherMs = traffic.atMs;
      traffic.group = group;
      traffic.atMs = atMs;
    }
  }

  #take(node: NodeNumber): readonly GroupMessage[] {
    const notices = this.#notices.get(node);
    if (notices === undefined) return [];
    this.#notices.delete(node);
    return [...notices.values()];
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { clock, noticeHoldMs } = this.#options;
    this.#timer = clock.after(noticeHoldMs, () => {
      this.#timer = undefined;
      for (const node of [...this.#notices.keys()]) this.release(node);
    });
  }
}
