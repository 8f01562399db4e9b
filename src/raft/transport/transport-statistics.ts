import type { NodeNumber } from './transport.ts';

/** Why a message did not travel. `unreachable`: no connection, or it was lost before the message was handed to it. */
export const DROP_REASONS = ['queueFull', 'unreachable', 'tooLarge', 'closed'] as const;

export type DropReason = (typeof DROP_REASONS)[number];

/** Why a connection, or the attempt at one, ended. */
export const CONNECTION_ENDS = [
  /** By one of the two, in order. */
  'closed',
  /** Nothing was sent for long. */
  'idle',
  /** A newer one from the same node took its place. */
  'superseded',
  /** The network's error, or there is no address. */
  'network',
  /** The other side is there, and does not take or send bytes any more. */
  'stalled',
  'handshakeTimeout',
  /** One side refused the other: version, cluster, node, token, certificate. */
  'refused',
  /** What was sent is no frame, is damaged, or is above the limit. */
  'damagedFrame',
  /** A sound frame that has no place there. */
  'unexpectedFrame',
  /** More connections than the limit. */
  'tooMany',
] as const;

export type ConnectionEnd = (typeof CONNECTION_ENDS)[number];

/** Counts since the transport was made; they rise only. */
export interface TransportCounters {
  messagesSent: number;
  messagesReceived: number;
  readonly messagesDropped: Record<DropReason, number>;
  /** Messages and chunks of a replica that is not on the node which sent them; dropped. */
  messagesForged: number;
  chunksSent: number;
  chunksReceived: number;
  /** Calls of other nodes that were begun here, and how they ended: each but those under way is in one of the last three. */
  callsSent: number;
  callsAnswered: number;
  callsFailed: number;
  /** By their caller; a call that waited for too long failed. */
  callsCancelled: number;
  /** Calls that another node was answered, and those that were refused or could not be answered. */
  callsServed: number;
  callsNotServed: number;
  /** Requests and answers, without what frames add. */
  callBytesSent: number;
  callBytesReceived: number;
  /** Questions to addresses, and those of guests here. */
  guestsAsked: number;
  guestsServed: number;
  framesSent: number;
  framesReceived: number;
  /** Frames of every kind, without what TLS adds. */
  bytesSent: number;
  bytesReceived: number;
  /** Outgoing connections that were made, and those made again. */
  connects: number;
  reconnects: number;
  accepts: number;
  readonly connectionEnds: Record<ConnectionEnd, number>;
  httpRequests: number;
}

/** What waits for one node. */
export interface PeerStatistics {
  readonly node: NodeNumber;
  readonly isConnected: boolean;
  readonly queuedMessages: number;
  /** A bound, not a measure. */
  readonly queuedBytes: number;
  readonly chunksUnderWay: number;
  /** Calls of this node that wait for its answer. */
  readonly callsUnderWay: number;
  /** Its calls that this node works on. */
  readonly callsServing: number;
}

/** A transport at this moment. */
export interface TransportStatistics extends Readonly<TransportCounters> {
  /** Nodes that something was sent to, or that called, ascending. */
  readonly peers: readonly PeerStatistics[];
}

/** All at 0. */
export function newTransportCounters(): TransportCounters {
  return {
    messagesSent: 0,
    messagesReceived: 0,
    messagesDropped: zeros(DROP_REASONS),
    messagesForged: 0,
    chunksSent: 0,
    chunksReceived: 0,
    callsSent: 0,
    callsAnswered: 0,
    callsFailed: 0,
    callsCancelled: 0,
    callsServed: 0,
    callsNotServed: 0,
    callBytesSent: 0,
    callBytesReceived: 0,
    guestsAsked: 0,
    guestsServed: 0,
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    connects: 0,
    reconnects: 0,
    accepts: 0,
    connectionEnds: zeros(CONNECTION_ENDS),
    httpRequests: 0,
  };
}

function zeros<const Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
