import type { ErrorCode } from '../../../../src/base/error-codes.ts';

/** One request as it ended. */
export interface LoggedRequest {
  readonly what: 'write' | 'read' | 'local';
  readonly isPatient: boolean;
  /** Name of who was asked. */
  readonly asked: string;
  readonly startMs: number;
  readonly endMs: number;
  /** `UNSENT`: nobody was there; `UNANSWERED`: the connection ended, or the time did. */
  readonly code: ErrorCode | 'OK' | 'UNSENT' | 'UNANSWERED';
  readonly text?: string;
}

/** What became of requests, in the order of their ends. */
export class RequestLog {
  readonly requests: LoggedRequest[] = [];

  add(request: LoggedRequest): void {
    this.requests.push(request);
  }

  /** How often each code was the end, of those that a test asks for. */
  codes(which: (request: LoggedRequest) => boolean = () => true): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { code } of this.requests.filter(which)) counts[code] = (counts[code] ?? 0) + 1;
    return counts;
  }

  /** The longest time, within `from` and `to`, in which no such request ended well, in milliseconds. */
  longestGap(
    which: (request: LoggedRequest) => boolean,
    from = this.requests[0]?.endMs ?? 0,
    to = this.requests.at(-1)?.endMs ?? 0,
  ): number {
    let last = from;
    let longest = 0;
    for (const request of this.requests) {
      if (request.code !== 'OK' || request.endMs < from || request.endMs > to) continue;
      if (!which(request)) continue;
      longest = Math.max(longest, request.endMs - last);
      last = request.endMs;
    }
    return Math.max(longest, to - last);
  }

  /** The first failures, for people. */
  failures(which: (request: LoggedRequest) => boolean, most = 5): readonly string[] {
    return this.requests
      .filter((request) => request.code !== 'OK' && which(request))
      .slice(0, most)
      .map(
        ({ what, asked, code, text, startMs, endMs }) =>
          `${what} of ${asked}: ${code} after ${Math.round(endMs - startMs)} ms: ${text ?? ''}`,
      );
  }
}
