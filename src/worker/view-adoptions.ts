import { type Deferred, deferred } from '../base/deferred.ts';
import type { IndexView } from '../index/segment/index-view.ts';

/** Views that were sent to the search threads and are not adopted by all of them yet. */
export class ViewAdoptions {
  readonly #send: (view: IndexView) => void;
  readonly #waiting = new Map<string, Deferred<void>>();

  constructor(send: (view: IndexView) => void) {
    this.#send = send;
  }

  /** Sends a view; resolves when every search thread uses it. */
  publish(view: IndexView): Promise<void> {
    const waiting = deferred<void>();
    this.#waiting.set(nameOf(view.schema.number, view.version), waiting);
    this.#send(view);
    return waiting.promise;
  }

  adopted(collection: number, version: number): void {
    const name = nameOf(collection, version);
    this.#waiting.get(name)?.resolve();
    this.#waiting.delete(name);
  }
}

const nameOf = (collection: number, version: number): string => `${collection}:${version}`;
