import type { VectorDbError } from '../../base/error.ts';

/** The calls that are being answered. */
export class OpenCalls {
  readonly #controllers = new Set<AbortController>();
  readonly #waiting: (() => void)[] = [];

  begin(controller: AbortController): void {
    this.#controllers.add(controller);
  }

  end(controller: AbortController): void {
    this.#controllers.delete(controller);
    if (this.#controllers.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when no call is being answered. */
  idle(): Promise<void> {
    if (this.#controllers.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Aborts what the calls asked for; they answer with `reason` if they heed it. */
  abort(reason: VectorDbError): void {
    for (const controller of this.#controllers) controller.abort(reason);
  }
}
