import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { type MemoryCallee, MemoryCall, newMemoryDesk } from './memory-calls.ts';
import type { MemoryNetwork } from './memory-network.ts';
import { MemoryTransport, type MemoryTransportLimits } from './memory-transport.ts';
import { GUEST_BYTES_MAX } from './tcp-limits.ts';
import type { CallOptions, GuestHandler, Membership, NodePort } from './transport.ts';

/** What a {@link MemoryNodePort} is made from. */
export interface MemoryNodePortOptions extends MemoryTransportLimits {
  /** As over TCP: those who have another one are refused. */
  readonly token?: string;
}

/** One address of a {@link MemoryNetwork}. */
export class MemoryNodePort implements NodePort {
  readonly address: string;
  readonly #network: MemoryNetwork;
  readonly #options: MemoryNodePortOptions;
  readonly #closed = new AbortController();
  readonly #desk;
  #guestHandler: GuestHandler | undefined;
  #member: MemoryTransport | undefined;

  /** Made by the network. */
  constructor(address: string, network: MemoryNetwork, options: MemoryNodePortOptions) {
    this.address = address;
    this.#network = network;
    this.#options = options;
    this.#desk = newMemoryDesk(network.clock);
  }

  get token(): string {
    return this.#options.token ?? '';
  }

  get member(): MemoryTransport | undefined {
    return this.#member;
  }

  serveGuests(handler: GuestHandler): void {
    assert(this.#guestHandler === undefined, 'a port serves guests once');
    this.#guestHandler = handler;
  }

  ask(address: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const network = this.#network;
    const other = (): MemoryNodePort | undefined => network.reachAddress(this.address, address);
    if (other() !== undefined && other()?.token !== this.token) {
      return Promise.reject(
        new VectorDbError('PERMISSION_DENIED', `${address} has another cluster token`),
      );
    }
    return MemoryCall.run(request, {
      ...options,
      clock: network.clock,
      defer: network.defer,
      callee: () => other()?.guestCallee(),
      isReachable: () => network.reachAddress(address, this.address) === this,
      closed: this.#closed.signal,
      bytesMax: GUEST_BYTES_MAX,
      name: address,
    });
  }

  join(membership: Membership): MemoryTransport {
    assert(this.#member === undefined, 'a port joins one cluster, once');
    this.#member = new MemoryTransport(this.#network, membership, this.#options, () =>
      this.#close(),
    );
    return this.#member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#member?.[Symbol.asyncDispose]();
    this.#close();
  }

  /** Where a guest's question arrives. @internal */
  guestCallee(): MemoryCallee {
    const { signal } = this.#closed;
    return { closed: signal, desk: this.#desk, handle: this.#guestHandler };
  }

  #close(): void {
    this.#closed.abort();
    this.#network.remove(this);
  }
}
