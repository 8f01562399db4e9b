/** Something that runs until it is told to stop: a listener, a background job. */
export interface Service {
  readonly name: string;
  /** Resolves when `signal` was aborted and everything under way has ended; rejects on a failure that ends the node. */
  run(signal: AbortSignal): Promise<void>;
}
