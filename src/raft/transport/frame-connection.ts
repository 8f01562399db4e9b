import type { Socket } from 'node:net';
import { VectorDbError } from '../../base/error.ts';
import type { Frame } from './frame-codec.ts';
import { FrameReader } from './frame-reader.ts';
import { HANDSHAKE_BODY_BYTES_MAX } from './handshake-codec.ts';
import type { ConnectionEnd, TransportCounters } from './transport-statistics.ts';

/** Collaborators of {@link FrameConnection}. */
export interface FrameConnectionOptions {
  readonly socket: Socket;
  readonly counters: TransportCounters;
  /** In order; none after {@link onEnd}. */
  readonly onFrame: (frame: Frame) => void;
  /** Bytes arrived, perhaps not a whole frame. */
  readonly onBytes: () => void;
  /** What was written has left. */
  readonly onDrain: () => void;
  /** Once, when nothing more comes or goes. */
  readonly onEnd: (end: ConnectionEnd, detail: string) => void;
}

/** Frames over one socket. It limits them to the size of a handshake until it is trusted, and ends at the first byte that does not belong there. */
export class FrameConnection {
  readonly #options: FrameConnectionOptions;
  readonly #reader: FrameReader;
  #bodyBytesMax = HANDSHAKE_BODY_BYTES_MAX;
  #hasEnded = false;
  /** Nothing that comes matters any more. */
  #isClosing = false;
  /** Why the socket is about to close, where it is known before. */
  #reason: { readonly end: ConnectionEnd; readonly detail: string } | undefined;

  constructor(options: FrameConnectionOptions) {
    this.#options = options;
    this.#reader = new FrameReader(() => this.#bodyBytesMax);
    const { socket } = options;
    socket.setNoDelay(true);
    socket.on('data', (piece) => this.take(piece));
    socket.on('drain', () => options.onDrain());
    socket.on('error', (error) => {
      this.#reason ??= { end: 'network', detail: error.message };
    });
    socket.on('close', () => this.#finish());
  }

  /** Whether what is written would only wait in memory. */
  get isFull(): boolean {
    return this.#options.socket.writableNeedDrain;
  }

  /** The other side is who it says to be: larger frames may come, with bodies of so many bytes. */
  trust(bodyBytesMax: number): void {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** Takes bytes that were read before. */
  take(piece: Uint8Array): void {
    if (this.#hasEnded || this.#isClosing) return;
    const { counters, onBytes, onFrame } = this.#options;
    counters.bytesReceived += piece.length;
    onBytes();
    this.#reader.push(piece);
    while (!this.#hasEnded && !this.#isClosing) {
      const next = this.#reader.next();
      if (next === undefined) return;
      if (typeof next === 'string') {
        this.end('damagedFrame', `the ${next} of a frame is wrong`);
        return;
      }
      counters.framesReceived += 1;
      onFrame(next);
    }
  }

  /** Frames in one write. */
  write(frames: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.#isClosing) return;
    const { socket, counters } = this.#options;
    // One alone takes the shorter way through the stream.
    const isCorked = frames.length > 1;
    if (isCorked) socket.cork();
    for (const frame of frames) {
      counters.framesSent += 1;
      counters.bytesSent += frame.length;
      socket.write(frame);
    }
    if (isCorked) socket.uncork();
  }

  /** What `decode` gives; where it finds its bytes damaged, the connection ends. */
  decode<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (thrown) {
      if (!(thrown instanceof VectorDbError)) throw thrown;
      this.end('damagedFrame', thrown.message);
      return undefined;
    }
  }

  /** Ends it at once; what was written and has not left is lost. */
  end(end: ConnectionEnd, detail: string): void {
    this.#reason ??= { end, detail };
    this.#options.socket.destroy();
    this.#finish();
  }

  /** Ends it once what was written has left, a last frame included; nothing more is read. */
  close(end: ConnectionEnd, detail: string, last?: Uint8Array): void {
    if (last !== undefined) this.write([last]);
    this.#isClosing = true;
    this.#reason ??= { end, detail };
    // Bytes that nobody reads would have the kernel reset the connection, and the last frame with it.
    this.#options.socket.removeAllListeners('data').resume();
    this.#options.socket.end();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { end, detail } = this.#reason ?? { end: 'closed', detail: 'the other side closed it' };
    this.#options.counters.connectionEnds[end] += 1;
    this.#options.onEnd(end, detail);
  }
}
