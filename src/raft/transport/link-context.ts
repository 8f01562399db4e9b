import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { HandshakeIdentity } from './handshake.ts';
import type { TcpLimits } from './tcp-limits.ts';
import type { TransportEvent } from './transport-event.ts';
import type { TransportCounters } from './transport-statistics.ts';
import type { TransportTls } from './transport-tls.ts';
import type { NodeNumber } from './transport.ts';

/** Where a node listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** What all connections of a TCP transport share. */
export interface LinkContext {
  readonly identity: HandshakeIdentity;
  readonly tls: TransportTls | undefined;
  readonly limits: TcpLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** 32 bytes that nobody can foresee, others each time. */
  readonly nonce: () => Uint8Array;
  readonly counters: TransportCounters;
  readonly log: (event: TransportEvent) => void;
  /** Asked at each attempt to connect, so that a node may move. */
  readonly addressOf: (node: NodeNumber) => NodeAddress | undefined;
}
