import { VectorDbError } from '../../base/error.ts';
import type { CallOptions, GuestPort } from '../../raft/transport/transport.ts';
import {
  decodeGuestAnswer,
  decodeGuestRequest,
  encodeGuestMessage,
  type GuestAnswer,
  type GuestRequest,
} from './guest-message.ts';

/** Answers guests as whatever this node is at the moment, and asks others. */
export class GuestDesk {
  readonly #guests: GuestPort;
  #respond: ((request: GuestRequest) => Promise<GuestAnswer>) | undefined;

  /** Serves guests from now on; until {@link answerBy} they are told to come again. */
  constructor(guests: GuestPort) {
    this.#guests = guests;
    guests.serveGuests(async (bytes) => encodeGuestMessage(await this.#answer(bytes)));
  }

  /** Who answers from now on. */
  answerBy(respond: (request: GuestRequest) => Promise<GuestAnswer>): void {
    this.#respond = respond;
  }

  /** @throws {VectorDbError} as {@link GuestPort.ask}; INVALID_ARGUMENT where the answer is none */
  async ask(address: string, request: GuestRequest, options: CallOptions): Promise<GuestAnswer> {
    return decodeGuestAnswer(await this.#guests.ask(address, encodeGuestMessage(request), options));
  }

  async #answer(bytes: Uint8Array): Promise<GuestAnswer> {
    if (this.#respond === undefined) {
      return { kind: 'refused', retryable: true, message: 'the node is starting' };
    }
    try {
      return await this.#respond(decodeGuestRequest(bytes));
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
      return { kind: 'refused', retryable: error.retryable, message: error.message };
    }
  }
}
