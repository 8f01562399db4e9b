import { VectorDbError } from '../base/error.ts';
import type { NodePort } from '../raft/transport/transport.ts';

/** What comes before the last colon of `host:port`; an IPv6 address has more of them. Empty where there is none. */
export function hostOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf(':')));
}

/** Where addresses of the settings really are: `[cluster] host_overlay`. */
export class HostOverlay {
  readonly #places: ReadonlyMap<string, string>;

  /**
   * @param pairs - `host:port=host:port`, or `host=host` for all ports
   * @throws {VectorDbError} INVALID_ARGUMENT
   */
  constructor(pairs: readonly string[]) {
    this.#places = new Map(
      pairs.map((pair, i) => {
        const [name = '', place = '', ...rest] = pair.split('=');
        if (name !== '' && place !== '' && rest.length === 0) return [name, place];
        const field = `cluster.host_overlay[${i}]`;
        throw new VectorDbError(
          'INVALID_ARGUMENT',
          `${field}: ${JSON.stringify(pair)} is not of the form name=place`,
          { field },
        );
      }),
    );
  }

  /** Where `host:port` is. */
  resolve(address: string): string {
    const whole = this.#places.get(address);
    if (whole !== undefined) return whole;
    const host = hostOf(address);
    const place = this.#places.get(host);
    return place === undefined ? address : `${place}${address.slice(host.length)}`;
  }

  /** A port that looks for other nodes where they are. */
  over(port: NodePort): NodePort {
    return {
      serveGuests: (handler) => port.serveGuests(handler),
      ask: (address, request, options) => port.ask(this.resolve(address), request, options),
      join: (membership) =>
        port.join({
          ...membership,
          addressOf: (node) => {
            const address = membership.addressOf(node);
            return address === undefined ? undefined : this.resolve(address);
          },
        }),
      [Symbol.asyncDispose]: () => port[Symbol.asyncDispose](),
    };
  }
}
