import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { type ErrorDetails, VectorDbError } from '../../../src/base/error.ts';
import type { ClientAnswers, ClientRequest } from '../../../src/client/client-request.ts';
import type {
  AttemptFailure,
  AttemptOutcome,
  Endpoint,
  RequestStamp,
  SendOptions,
} from '../../../src/client/endpoint.ts';

/** What an endpoint does with a request: `serve` it, fail as told, or `lose` the answer after serving. */
export type Step = 'serve' | 'lose' | AttemptFailure;

/** A failure as a step of a script. */
export function fails(
  kind: AttemptFailure['kind'],
  code: ErrorCode,
  details: ErrorDetails = {},
): AttemptFailure {
  return { kind, error: new VectorDbError(code, `${kind} ${code}`, details) };
}

/** What the endpoints of one test share: which stamped writes were applied, and sessions. */
export class ScriptedCluster {
  /** Applied writes, one entry for each time. */
  readonly applied: string[] = [];
  readonly #answers = new Set<string>();
  readonly #sessions = new Set<string>();
  #opened = 0;
  keepsSessions = true;

  /** @throws {VectorDbError} as a node would */
  serve(request: ClientRequest, stamp: RequestStamp | undefined): object {
    if (request.kind === 'openSession') {
      if (!this.keepsSessions) throw new VectorDbError('FAILED_PRECONDITION', 'no sessions here');
      this.#opened += 1;
      this.#sessions.add(`s${this.#opened}`);
      return { session: `s${this.#opened}` };
    }
    if (request.kind === 'count') return { count: 7 };
    if (stamp !== undefined) {
      if (!this.#sessions.has(stamp.session)) throw new VectorDbError('SESSION_EXPIRED', 'unknown');
      const key = `${stamp.session}/${stamp.sequence}`;
      if (this.#answers.has(key)) return { changed: 1 };
      this.#answers.add(key);
    }
    this.applied.push(request.kind);
    return { changed: 1 };
  }

  forgetSessions(): void {
    this.#sessions.clear();
  }
}

/** An endpoint that follows a script, then serves everything. */
export class ScriptedEndpoint implements Endpoint {
  readonly url: string;
  readonly #cluster: ScriptedCluster;
  readonly script: Step[] = [];
  readonly seen: { readonly kind: string; readonly stamp: RequestStamp | undefined }[] = [];
  readonly timeouts: number[] = [];
  isReady = true;
  probes = 0;
  isClosed = false;
  /** What every request waits for, while set. */
  gate: Promise<void> | undefined;

  constructor(url: string, cluster: ScriptedCluster) {
    this.url = url;
    this.#cluster = cluster;
  }

  async send<R extends ClientRequest>(
    request: R,
    { stamp, timeoutMs }: SendOptions,
  ): Promise<AttemptOutcome<ClientAnswers[R['kind']]>> {
    this.seen.push({ kind: request.kind, stamp });
    this.timeouts.push(timeoutMs);
    const step = this.script.shift() ?? 'serve';
    await this.gate;
    if (typeof step === 'object') return { ok: false, failure: step };
    try {
      const answer = this.#cluster.serve(request, stamp) as ClientAnswers[R['kind']];
      if (step === 'serve') return { ok: true, answer };
      return { ok: false, failure: fails('unanswered', 'UNAVAILABLE') };
    } catch (error) {
      return { ok: false, failure: { kind: 'answered', error: error as VectorDbError } };
    }
  }

  async probe(): Promise<boolean> {
    this.probes += 1;
    return this.isReady;
  }

  close(): void {
    this.isClosed = true;
  }
}
