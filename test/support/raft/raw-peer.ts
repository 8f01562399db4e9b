import { connect, createServer, type Server, type Socket } from 'node:net';
import { FRAME_BODY_BYTES_MAX, type Frame } from '../../../src/raft/transport/frame-codec.ts';
import { FrameReader } from '../../../src/raft/transport/frame-reader.ts';
import {
  ClientHandshake,
  type HandshakeIdentity,
  PROTOCOL,
  ServerHandshake,
} from '../../../src/raft/transport/handshake.ts';
import type { Lane } from '../../../src/raft/transport/handshake-codec.ts';
import type { NodeAddress } from '../../../src/raft/transport/node-address.ts';
import { until } from './transport-inbox.ts';

/** A node of the cluster that `TcpWorld` makes. */
export function identityOf(node: number, own: Partial<HandshakeIdentity> = {}): HandshakeIdentity {
  const token = Buffer.from('a secret of many letters');
  return { node, cluster: 'a cluster', token, protocol: PROTOCOL, ...own };
}

/** One end of a connection in the hands of a test: it speaks frames, or whatever else. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  /** What came, in order. */
  readonly frames: Frame[] = [];
  /** The other side has ended it. */
  hasEnded = false;
  readonly #reader = new FrameReader(() => FRAME_BODY_BYTES_MAX);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.hasEnded = true;
    });
    socket.on('data', (piece) => {
      this.#reader.push(piece);
      for (let next = this.#reader.next(); typeof next === 'object'; next = this.#reader.next()) {
        this.frames.push(next);
      }
    });
  }

  static async connect({ host, port }: NodeAddress): Promise<RawPeer> {
    const socket = connect({ host, port });
    const peer = new RawPeer(socket);
    await until(() => !socket.connecting);
    return peer;
  }

  /** The next frame that comes. */
  async next(): Promise<Frame> {
    await until(() => this.frames.length > 0 || this.hasEnded);
    const frame = this.frames.shift();
    if (frame === undefined) throw new Error('the connection ended');
    return frame;
  }

  /** Completes the handshake as the side that connected. */
  async greet(identity: HandshakeIdentity, to: number, lane: Lane): Promise<void> {
    const handshake = new ClientHandshake(identity, to, lane, new Uint8Array(32).fill(5));
    this.socket.write(handshake.hello);
    for (;;) {
      const step = handshake.step(await this.next());
      if (step.kind === 'done') return;
      if (step.kind !== 'continue') throw new Error(`the handshake ended: ${step.kind}`);
      this.socket.write(step.send);
    }
  }

  /** Completes the handshake as the side that was connected to. */
  async welcome(identity: HandshakeIdentity): Promise<void> {
    const handshake = new ServerHandshake(identity, new Uint8Array(32).fill(6), () => undefined);
    for (;;) {
      const step = handshake.step(await this.next());
      if (step.kind === 'unexpected') throw new Error('the handshake ended');
      if (step.send !== undefined) this.socket.write(step.send);
      if (step.kind === 'refused') throw new Error(`refused: ${step.refusal.detail}`);
      if (step.kind === 'done') return;
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Listens like a node; what connects is in the hands of a test. */
export class RawListener implements AsyncDisposable {
  readonly peers: RawPeer[] = [];
  readonly address: NodeAddress;
  readonly #server: Server;

  private constructor(server: Server, port: number, peers: RawPeer[]) {
    this.#server = server;
    this.peers = peers;
    this.address = { host: '127.0.0.1', port };
  }

  static async start(): Promise<RawListener> {
    const peers: RawPeer[] = [];
    const server = createServer((socket) => peers.push(new RawPeer(socket)));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return new RawListener(server, port, peers);
  }

  /** The connection with this number, from 0, once it is there. */
  async peer(at: number): Promise<RawPeer> {
    await until(() => this.peers.length > at);
    const peer = this.peers[at];
    if (peer === undefined) throw new Error('it is there');
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.peers) peer[Symbol.dispose]();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
