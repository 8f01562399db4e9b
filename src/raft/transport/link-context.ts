import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { HandshakeIdentity } from './handshake.ts';
import type { ProtocolRange } from './handshake-codec.ts';
import type { NodeAddress } from './node-address.ts';
import type { TcpLimits } from './tcp-limits.ts';
import type { TransportEvent } from './transport-event.ts';
import type { TransportCounters } from './transport-statistics.ts';
import type { TransportTls } from './transport-tls.ts';
import type { NodeNumber } from './transport.ts';

/** What all connections of a TCP port share. */
export interface PortContext {
  /** Empty: there is none, and certificates have to be enough. */
  readonly token: Uint8Array;
  readonly protocol: ProtocolRange;
  readonly tls: TransportTls | undefined;
  readonly limits: TcpLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** 32 bytes that nobody can foresee, others each time. */
  readonly nonce: () => Uint8Array;
  readonly counters: TransportCounters;
  readonly log: (event: TransportEvent) => void;
  /** Calls back when this turn is over. */
  readonly defer: (callback: () => void) => void;
}

/** What all connections of a member of a cluster share. */
export interface LinkContext extends PortContext {
  readonly identity: HandshakeIdentity;
  /** Asked at each attempt to connect, so that a node may move. */
  readonly addressOf: (node: NodeNumber) => NodeAddress | undefined;
}
