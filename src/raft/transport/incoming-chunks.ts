import { toVectorDbError } from '../../base/error.ts';
import type { Frame } from './frame-codec.ts';
import type { IncomingLane, LaneConnection } from './incoming-lane.ts';
import type { IncomingMessagesOptions } from './incoming-messages.ts';
import { nodeOf } from './replica-node.ts';
import { type ChunkOutcome, decodeChunk, encodeOutcome } from './snapshot-chunk-codec.ts';
import { CHUNK_WINDOW } from './tcp-limits.ts';

/** Chunks of another node over one connection, answered as they are taken. */
export class IncomingChunks implements IncomingLane {
  readonly #options: IncomingMessagesOptions;
  readonly #connection: LaneConnection;
  #underWay = 0;

  constructor(options: IncomingMessagesOptions) {
    this.#options = options;
    this.#connection = options.connection;
  }

  onFrame({ kind, body }: Frame): boolean {
    if (kind !== 'chunk') return false;
    const numbered = this.#connection.decode(() => decodeChunk(body));
    if (numbered === undefined) return true;
    if (this.#underWay >= CHUNK_WINDOW) {
      this.#connection.end('unexpectedFrame', 'more chunks at once than are agreed on');
      return true;
    }
    const { number, chunk } = numbered;
    const { counters, from } = this.#options;
    this.#underWay += 1;
    counters.chunksReceived += 1;
    const answer = (outcome: ChunkOutcome): void => {
      this.#underWay -= 1;
      this.#connection.write([encodeOutcome({ number, outcome })]);
    };
    const receiver = this.#options.receiver();
    if (nodeOf(chunk.from) !== from) {
      counters.messagesForged += 1;
      answer({ kind: 'failed', reason: `its sender is not on node ${from}` });
    } else if (receiver === undefined) {
      answer({ kind: 'failed', reason: 'it does not listen yet' });
    } else {
      receiver.onChunk(from, chunk).then(answer, (thrown: unknown) => {
        answer({ kind: 'failed', reason: toVectorDbError(thrown).message });
      });
    }
    return true;
  }

  onDrain(): void {}

  onEnd(): void {}
}
