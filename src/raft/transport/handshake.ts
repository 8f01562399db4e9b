import { must } from '../../base/assert.ts';
import type { Frame } from './frame-codec.ts';
import { clusterProof, isSameProof } from './cluster-proof.ts';
import {
  bodyOf,
  decodeChallenge,
  decodeHello,
  decodeProof,
  decodeRefusal,
  encodeChallenge,
  encodeHello,
  encodeProof,
  encodeRefusal,
  type Hello,
  type Lane,
  type ProtocolRange,
  type Refusal,
  type RefusalReason,
} from './handshake-codec.ts';
import type { NodeNumber } from './transport.ts';

/** Versions of the protocol that this program speaks. */
export const PROTOCOL: ProtocolRange = { min: 1, max: 1 };

/** Who this side is. */
export interface HandshakeIdentity {
  /** 0: it belongs to no cluster yet, and only guests speak with it. */
  readonly node: NodeNumber;
  readonly cluster: string;
  /** Empty: the cluster has none, and certificates have to be enough. */
  readonly token: Uint8Array;
  readonly protocol: ProtocolRange;
}

/** Who the other side has shown to be. */
export interface HandshakePeer {
  /** As it says itself; 0 of a guest. */
  readonly node: NodeNumber;
  readonly lane: Lane;
  readonly version: number;
}

/** What comes of a frame. `refused`: this side (it says so to the other with `send`) or the other; the connection ends. */
export type HandshakeStep =
  | { readonly kind: 'continue'; readonly send: Uint8Array }
  | { readonly kind: 'done'; readonly send?: Uint8Array; readonly peer: HandshakePeer }
  | {
      readonly kind: 'refused';
      readonly by: 'this side' | 'the other side';
      readonly send?: Uint8Array;
      readonly refusal: Refusal;
    }
  | { readonly kind: 'unexpected' };

const UNEXPECTED: HandshakeStep = { kind: 'unexpected' };

/** Someone who has no number, and no cluster. */
const GUEST = { node: 0, cluster: '' } as const;

/**
 * The side that connects: hello → challenge → proof → welcome. It proves first, so that a stranger who connects to a node gets nothing that depends on the
 * token. Nothing but frames of the handshake may be sent before {@link step} says `done`.
 */
export class ClientHandshake {
  readonly #identity: HandshakeIdentity;
  readonly #to: NodeNumber;
  readonly #lane: Lane;
  /** The first frame to send. */
  readonly hello: Uint8Array;
  #challenged: { readonly version: number; readonly body: Uint8Array } | undefined;

  /** @param nonce - 32 bytes that were never used before and that nobody can foresee */
  constructor(identity: HandshakeIdentity, to: NodeNumber, lane: Lane, nonce: Uint8Array) {
    this.#identity = identity;
    this.#to = to;
    this.#lane = lane;
    const { protocol } = identity;
    const { cluster, node } = lane === 'guests' ? GUEST : identity;
    this.hello = encodeHello({ protocol, cluster, from: node, to, lane, nonce });
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  step({ kind, body }: Frame): HandshakeStep {
    switch (kind) {
      case 'refusal':
        return { kind: 'refused', by: 'the other side', refusal: decodeRefusal(body) };
      case 'challenge':
        return this.#challenged === undefined ? this.#prove(body) : UNEXPECTED;
      case 'welcome':
        return this.#challenged === undefined ? UNEXPECTED : this.#check(decodeProof(body));
      default:
        return UNEXPECTED;
    }
  }

  #prove(body: Uint8Array): HandshakeStep {
    const { version, node } = decodeChallenge(body);
    const { min, max } = this.#identity.protocol;
    if (version < min || version > max) {
      return refuse('version', `node ${node} chose version ${version} of ${min} to ${max}`);
    }
    if (node !== this.#to && this.#lane !== 'guests')
      return refuse('node', `node ${node} answers for node ${this.#to}`);
    // The frame's memory may be a large piece of the stream.
    this.#challenged = { version, body: body.slice() };
    return { kind: 'continue', send: encodeProof('proof', this.#proof('client', body)) };
  }

  #check(proof: Uint8Array): HandshakeStep {
    const { version, body } = must(this.#challenged, 'a challenge comes first');
    if (!isSameProof(proof, this.#proof('server', body))) {
      return refuse('token', `${nameOf(this.#to)} has another cluster token`);
    }
    return { kind: 'done', peer: { node: this.#to, lane: this.#lane, version } };
  }

  #proof(side: 'client' | 'server', challenge: Uint8Array): Uint8Array {
    return clusterProof(this.#identity.token, side, bodyOf(this.hello), challenge);
  }
}

interface Greeted {
  readonly hello: Hello;
  readonly version: number;
  /** The client's proof, and the server's for it. */
  readonly expected: Uint8Array;
  readonly answer: Uint8Array;
}

/** The side that is connected to; see {@link ClientHandshake}. */
export class ServerHandshake {
  readonly #identity: HandshakeIdentity;
  readonly #nonce: Uint8Array;
  readonly #refuses: (from: NodeNumber) => Refusal | undefined;
  #greeted: Greeted | undefined;

  /**
   * @param nonce - as of the client
   * @param refuses - why this node, or a guest (0), is not spoken with on this connection, if it is not
   */
  constructor(
    identity: HandshakeIdentity,
    nonce: Uint8Array,
    refuses: (from: NodeNumber) => Refusal | undefined,
  ) {
    this.#identity = identity;
    this.#nonce = nonce;
    this.#refuses = refuses;
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  step({ kind, body }: Frame): HandshakeStep {
    switch (kind) {
      case 'refusal':
        return { kind: 'refused', by: 'the other side', refusal: decodeRefusal(body) };
      case 'hello':
        return this.#greeted === undefined ? this.#challenge(body) : UNEXPECTED;
      case 'proof':
        return this.#greeted === undefined
          ? UNEXPECTED
          : this.#welcome(this.#greeted, decodeProof(body));
      default:
        return UNEXPECTED;
    }
  }

  #challenge(body: Uint8Array): HandshakeStep {
    const hello = decodeHello(body);
    const { node, protocol, token } = this.#identity;
    const version = Math.min(hello.protocol.max, protocol.max);
    const refusal = this.#refusal(hello, version);
    if (refusal !== undefined) return refusal;
    const send = encodeChallenge({ version, node, nonce: this.#nonce });
    this.#greeted = {
      hello,
      version,
      expected: clusterProof(token, 'client', body, bodyOf(send)),
      answer: clusterProof(token, 'server', body, bodyOf(send)),
    };
    return { kind: 'continue', send };
  }

  #refusal(hello: Hello, version: number): HandshakeStep | undefined {
    const { node, protocol } = this.#identity;
    if (version < protocol.min || version < hello.protocol.min) {
      return refuse(
        'version',
        `${nameOf(hello.from)} speaks versions ${hello.protocol.min} to ${hello.protocol.max}, node ${node} ${protocol.min} to ${protocol.max}`,
      );
    }
    const isGuest = hello.lane === 'guests';
    const refusal = isGuest ? undefined : this.#memberRefusal(hello);
    if (refusal !== undefined) return refusal;
    const own = this.#refuses(isGuest ? GUEST.node : hello.from);
    return own === undefined ? undefined : refuse(own.reason, own.detail);
  }

  #memberRefusal(hello: Hello): HandshakeStep | undefined {
    const { node, cluster } = this.#identity;
    if (node === GUEST.node) return refuse('member', 'this node is not a member of a cluster yet');
    if (hello.cluster !== cluster) {
      return refuse(
        'cluster',
        `node ${hello.from} belongs to cluster ${JSON.stringify(hello.cluster)}, node ${node} to ${JSON.stringify(cluster)}`,
      );
    }
    if (hello.to !== node) {
      return refuse('node', `node ${hello.from} looks for node ${hello.to}; this is node ${node}`);
    }
    if (hello.from === node || hello.from === 0) {
      return refuse('node', `another node says that it is node ${hello.from}`);
    }
    return undefined;
  }

  #welcome({ hello, version, expected, answer }: Greeted, proof: Uint8Array): HandshakeStep {
    if (!isSameProof(proof, expected)) {
      return refuse('token', `${nameOf(hello.from)} has another cluster token`);
    }
    const node = hello.lane === 'guests' ? GUEST.node : hello.from;
    const peer = { node, lane: hello.lane, version };
    return { kind: 'done', send: encodeProof('welcome', answer), peer };
  }
}

function nameOf(node: NodeNumber): string {
  return node === GUEST.node ? 'the other side' : `node ${node}`;
}

function refuse(reason: RefusalReason, detail: string): HandshakeStep {
  const refusal = { reason, detail };
  return { kind: 'refused', by: 'this side', send: encodeRefusal(refusal), refusal };
}
