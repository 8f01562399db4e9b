import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Flow } from './flow.ts';

/** Collaborators of {@link LinkProxy}. */
export interface LinkProxyOptions {
  /** On which the one node finds the other. */
  readonly port: number;
  /** On which the other listens. */
  readonly target: number;
  /** From whoever connects, and back. */
  readonly there: Flow;
  readonly back: Flow;
}

const LOOPBACK = '127.0.0.1';

/** The connections that one node opens to another, as they come through what lies between them. */
export class LinkProxy implements AsyncDisposable {
  readonly #options: LinkProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: LinkProxyOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async start(options: LinkProxyOptions): Promise<LinkProxy> {
    const proxy = new LinkProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(options.port, LOOPBACK, resolve);
    });
    return proxy;
  }

  /** Breaks all connections that there are. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const { target, there, back } = this.#options;
    const onward = connect({ port: target, host: LOOPBACK, allowHalfOpen: true });
    for (const each of [socket, onward]) {
      this.#sockets.add(each);
      each.setNoDelay(true);
      each.on('error', () => undefined);
      each.once('close', () => this.#sockets.delete(each));
    }
    onward.once('close', () => {
      // What the node behind refused or broke is known in front only when word gets through.
      if (!back.isCut) socket.destroy();
    });
    socket.once('close', () => {
      if (!there.isCut) onward.destroy();
    });
    void there.carry(socket, onward);
    void back.carry(onward, socket);
  }
}
