import type { Lane } from './handshake-codec.ts';
import type { ConnectionEnd } from './transport-statistics.ts';
import type { NodeNumber } from './transport.ts';

/** What the people who run a node may want to know; for its log. */
export type TransportEvent =
  /** To another node; handshake included. */
  | { readonly event: 'connected'; readonly node: NodeNumber; readonly lane: Lane }
  /** A connection to another node ended, or could not be made; not repeated while the reason stays the same. */
  | {
      readonly event: 'disconnected';
      readonly node: NodeNumber;
      readonly lane: Lane;
      readonly end: ConnectionEnd;
      readonly detail: string;
    }
  /** Somebody's connection to this node was ended, not in order. */
  | {
      readonly event: 'rejected';
      readonly address: string;
      /** Unknown before its handshake. */
      readonly node: NodeNumber | undefined;
      readonly end: ConnectionEnd;
      readonly detail: string;
    };
