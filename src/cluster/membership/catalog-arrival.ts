import { type Clock, pause } from '../../base/clock.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import { CATALOG_GROUP } from '../catalog/cluster-state.ts';
import { passCatalogBarrier } from './catalog-barrier.ts';

const BARRIER_MS = 1_000;
const RETRY_MS = 20;

export interface CatalogArrivalOptions {
  readonly clock: Clock;
  readonly host: Pick<RaftHost, 'isCutOff' | 'readBarrier'>;
}

/**
 * The moment from which the catalog here is no older than the node's start: what is applied before may be long past, so that indexes opened by it would be
 * made for nothing. A node that is cut off takes what it has.
 */
export class CatalogArrival {
  readonly #options: CatalogArrivalOptions;
  #hasCome = false;

  constructor(options: CatalogArrivalOptions) {
    this.#options = options;
  }

  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Resolves when the moment has come, or with the signal. */
  async awaited(signal: AbortSignal): Promise<void> {
    const { clock, host } = this.#options;
    while (!this.#hasCome && !signal.aborted) {
      this.#hasCome =
        host.isCutOff(CATALOG_GROUP) || (await passCatalogBarrier(clock, host, BARRIER_MS, signal));
      if (!this.#hasCome) await pause(clock, RETRY_MS, signal);
    }
  }
}
