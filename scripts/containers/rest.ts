/** An answer that is no 2xx. */
export class RestFailure extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`status ${status}: ${text}`);
    this.name = 'RestFailure';
    this.status = status;
  }
}

const TIMEOUT_MS = 40_000;

/** What `GET url`, or with a body `POST url`, answers. @throws RestFailure; TypeError where nobody listens */
export async function rest<T>(url: string, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new RestFailure(answer.status, text);
  return JSON.parse(text) as T;
}

/** Asks again until `hold` says true, an exception being as good as false. @throws Error naming the last trouble after `withinMs` */
export async function eventually(
  what: string,
  withinMs: number,
  hold: () => Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  let trouble = 'it never held';
  while (performance.now() < endMs) {
    try {
      if (await hold()) return;
      trouble = 'it does not hold';
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${what}: not within ${withinMs / 1000} s: ${trouble}`);
}
