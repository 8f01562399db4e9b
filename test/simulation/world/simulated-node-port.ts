import { assert } from '../../../src/base/assert.ts';
import { VectorDbError } from '../../../src/base/error.ts';
import { CALL_BYTES_MAX } from '../../../src/raft/transport/call-codec.ts';
import type { CallDesk } from '../../../src/raft/transport/call-desk.ts';
import { GUEST_BYTES_MAX } from '../../../src/raft/transport/tcp-limits.ts';
import { newTransportCounters } from '../../../src/raft/transport/transport-statistics.ts';
import type {
  CallHandler,
  CallOptions,
  GuestHandler,
  Membership,
  MemberTransport,
  NodeNumber,
  NodePort,
  TransportReceiver,
} from '../../../src/raft/transport/transport.ts';
import { newSimulatedDesk, SimulatedCall, type SimulatedCallee } from './simulated-calls.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedNetwork } from './simulated-transport.ts';

/** What a port is while its node belongs to a cluster. */
export interface SimulatedMember {
  readonly port: SimulatedNodePort;
  readonly membership: Membership;
  readonly forgotten: Set<NodeNumber>;
  receiver: TransportReceiver | undefined;
  handler: CallHandler | undefined;
}

/** A process's place on a simulated network. */
export class SimulatedNodePort implements NodePort {
  readonly process: SimulatedProcess;
  readonly address: string;
  readonly token: string;
  readonly #network: SimulatedNetwork;
  readonly #desks = new Map<NodeNumber, CallDesk>();
  readonly #closed = new AbortController();
  #guestHandler: GuestHandler | undefined;
  #member: SimulatedMember | undefined;

  /** Made by the network. */
  constructor(network: SimulatedNetwork, process: SimulatedProcess, address: string, token = '') {
    this.#network = network;
    this.process = process;
    this.address = address;
    this.token = token;
  }

  get member(): SimulatedMember | undefined {
    return this.#member;
  }

  serveGuests(handler: GuestHandler): void {
    assert(this.#guestHandler === undefined, 'a port serves guests once');
    this.#guestHandler = handler;
  }

  ask(address: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    const network = this.#network;
    return SimulatedCall.run(network.wires, request, {
      ...options,
      caller: this.process,
      machine: network.machineAt(address),
      callee: () => network.portAt(address)?.guestCallee(this.token),
      closed: this.#closed.signal,
      bytesMax: GUEST_BYTES_MAX,
      name: address,
    });
  }

  join(membership: Membership): MemberTransport {
    assert(this.#member === undefined, 'a port joins one cluster, once');
    const member: SimulatedMember = {
      port: this,
      membership,
      forgotten: new Set(),
      receiver: undefined,
      handler: undefined,
    };
    this.#member = member;
    const network = this.#network;
    return {
      node: membership.node,
      listen: (receiver) => {
        member.receiver = receiver;
      },
      serveCalls: (handler) => {
        member.handler = handler;
      },
      send: (to, messages) => {
        if (this.process.state !== 'down') network.send(member, to, messages);
      },
      askLogEnds: (to, number) => {
        if (this.process.state !== 'down') network.askLogEnds(member, to, number);
      },
      sendChunk: (to, chunk, signal) => network.sendChunk(member, to, chunk, signal),
      call: (to, request, options) => this.#call(member, to, request, options),
      forget: (node) => {
        member.forgotten.add(node);
      },
      // Nobody measures here.
      statistics: { ...newTransportCounters(), peers: [] },
      [Symbol.asyncDispose]: () => this[Symbol.asyncDispose](),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#network.remove(this);
    return Promise.resolve();
  }

  /** Where the question of a guest with this token arrives. */
  guestCallee(token: string): SimulatedCallee | VectorDbError {
    if (token !== this.token) {
      return new VectorDbError('PERMISSION_DENIED', 'it has another cluster token');
    }
    return { process: this.process, desk: this.#desk(0), handle: this.#guestHandler };
  }

  /** Where a node's call arrives. */
  callee(from: NodeNumber): SimulatedCallee {
    const handler = this.#member?.handler;
    const handle =
      handler && ((request: Uint8Array, signal: AbortSignal) => handler(from, request, signal));
    return { process: this.process, desk: this.#desk(from), handle };
  }

  #call(
    member: SimulatedMember,
    to: NodeNumber,
    request: Uint8Array,
    options: CallOptions,
  ): Promise<Uint8Array> {
    const network = this.#network;
    return SimulatedCall.run(network.wires, request, {
      ...options,
      caller: this.process,
      machine: network.machineOf(member, to),
      callee: () => network.memberAt(member, to)?.port.callee(member.membership.node),
      closed: this.#closed.signal,
      bytesMax: CALL_BYTES_MAX,
      name: `node ${to}`,
    });
  }

  #desk(from: NodeNumber): CallDesk {
    const desk = this.#desks.get(from) ?? newSimulatedDesk(this.process, this.#network.queue);
    this.#desks.set(from, desk);
    return desk;
  }
}
