/** Bounds of a TCP transport. Times are milliseconds. */
export interface TcpLimits {
  /** From the first attempt to connect, or from the accepted connection, to the end of the handshake. */
  readonly handshakeMs: number;
  /** Without a word from the other side after something was sent to it; longer than {@link aliveMs}. */
  readonly stallMs: number;
  /** A receiver of bytes says so this often. */
  readonly aliveMs: number;
  /** An outgoing connection on which nothing is sent is closed after this time. */
  readonly idleMs: number;
  /** An incoming connection that brings nothing is closed after this time; longer than {@link idleMs}. */
  readonly silenceMs: number;
  /** Between attempts to connect: the first pause, doubled each time up to the second; each is drawn from its upper half. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Messages, and a bound of their bytes, that may wait for one node. One message alone may be larger. */
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
  /** Chunks, and their bytes, that may be under way to one node. */
  readonly chunksMax: number;
  readonly chunkBytesMax: number;
  /** From a chunk's call to its answer. */
  readonly chunkMs: number;
  /** Calls under way to one node, and the bytes of their requests that have not left. One request alone may be larger. */
  readonly callsMax: number;
  readonly callBytesMax: number;
  /** Calls of one node that are worked on; more are refused. At least {@link callsMax} of the others. */
  readonly callsServedMax: number;
  /** Bytes of requests that are arriving and worked on for one node, of answers that are arriving from it, and of answers that wait for it to read them, each. */
  readonly callServedBytesMax: number;
  /** From the first attempt to connect to the end of the handshake, for calls: they do not wait longer for a node that is away. */
  readonly callConnectMs: number;
  /** The longest pause between attempts to connect for calls: one that is back is found so soon. */
  readonly callBackoffMaxMs: number;
  /** Guests at once, from their handshake on. */
  readonly guestsMax: number;
  /** A guest, from its handshake to the end. */
  readonly guestMs: number;
  /** Bytes of the longest frame that is taken, without its header. */
  readonly frameBytesMax: number;
  /** Incoming connections of all kinds at once. */
  readonly connectionsMax: number;
  /** A connection that asks for metrics, from its first byte to its last. */
  readonly httpMs: number;
  /** What is queued may take this long to leave when the transport is closed. */
  readonly closeMs: number;
}

/** Chunks that are sent and not answered, on one connection; a receiver takes no more. Fixed, since both sides must know it. */
export const CHUNK_WINDOW = 8;

/** Bytes of the longest question of a guest, and of the longest answer. Fixed, since both sides must know it. */
export const GUEST_BYTES_MAX = 1024 * 1024;

/** Bytes of the longest body of a frame on the lane of guests: numbers stand before the question. */
export const GUEST_FRAME_BYTES_MAX = GUEST_BYTES_MAX + 1024;

/** For nodes of one region: elections begin after a second or two, so a dead connection is to be known of about then. */
export const DEFAULT_TCP_LIMITS: TcpLimits = {
  handshakeMs: 5000,
  // An event loop may stand still for some hundred milliseconds; a reconnect then would make it worse.
  stallMs: 4000,
  aliveMs: 1000,
  idleMs: 60_000,
  silenceMs: 180_000,
  backoffMinMs: 50,
  // A node that comes back is to hear heartbeats before it stands for election.
  backoffMaxMs: 1000,
  queueMessagesMax: 10_000,
  queueBytesMax: 64 * 1024 * 1024,
  chunksMax: 64,
  chunkBytesMax: 64 * 1024 * 1024,
  chunkMs: 30_000,
  callsMax: 4096,
  callBytesMax: 128 * 1024 * 1024,
  callsServedMax: 8192,
  callServedBytesMax: 256 * 1024 * 1024,
  // A lost SYN is sent again after a second; another attempt is as good.
  callConnectMs: 1000,
  callBackoffMaxMs: 200,
  guestsMax: 32,
  guestMs: 10_000,
  frameBytesMax: 64 * 1024 * 1024,
  connectionsMax: 512,
  httpMs: 10_000,
  closeMs: 2000,
};
