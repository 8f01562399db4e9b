import type { Frame } from './frame-codec.ts';
import type { ConnectionEnd } from './transport-statistics.ts';

/** What serves an incoming connection once its handshake is done. */
export interface IncomingLane {
  /** False: such a frame has no place on this lane. */
  onFrame(frame: Frame): boolean;
  /** What was written has left. */
  onDrain(): void;
  /** Nothing more comes or goes. */
  onEnd(): void;
}

/** What a lane may do with its connection. */
export interface LaneConnection {
  /** Whether what is written would only wait in memory. */
  readonly isFull: boolean;
  write(frames: readonly Uint8Array[]): void;
  /** What `decode` gives; where it finds its bytes damaged, the connection ends. */
  decode<T>(decode: () => T): T | undefined;
  /** Ends it at once. */
  end(end: ConnectionEnd, detail: string): void;
  /** Ends it once what was written has left. */
  close(end: ConnectionEnd, detail: string): void;
}
