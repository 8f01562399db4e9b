import type { Message } from '../core/message.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { GroupMessage, NodeNumber, Transport } from '../transport/transport.ts';
import { nodeOf } from './replica-id.ts';

/** Messages of a turn, of all groups, by the node they go to: one call of the transport for each node. */
export class Outbox {
  readonly #transport: Transport;
  #byNode = new Map<NodeNumber, GroupMessage[]>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  add(group: GroupId, messages: readonly Message[]): void {
    for (const message of messages) {
      const node = nodeOf(message.to);
      const waiting = this.#byNode.get(node);
      if (waiting === undefined) this.#byNode.set(node, [{ group, message }]);
      else waiting.push({ group, message });
    }
  }

  /** Sends what there is, in the order it came. */
  flush(): void {
    if (this.#byNode.size === 0) return;
    const byNode = this.#byNode;
    this.#byNode = new Map();
    for (const [node, messages] of byNode) this.#transport.send(node, messages);
  }
}
