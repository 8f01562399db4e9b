import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { seededRandom } from '../../base/random.ts';
import { UnsentCall } from '../../raft/transport/unsent-call.ts';
import { GroupWriter, type WriteAttempt } from './group-writer.ts';
import { TimeLimit } from './time-limit.ts';

/** A writer whose time runs by itself, half a second a turn. */
function world(openSession: () => Promise<number> = () => Promise.resolve(5)) {
  const clock = new HandClock();
  /** What the replica here knows. */
  const known = { leader: 1, isCutOff: false };
  const writer = new GroupWriter({
    group: 3,
    clock,
    random: seededRandom(1),
    leader: () => known.leader,
    isCutOff: () => known.isCutOff,
    replicas: () => [1, 2, 3],
    openSession,
  });
  const run = async <T>(promise: Promise<T>): Promise<T | VectorDbError> => {
    const ended: (T | VectorDbError)[] = [];
    promise.then(
      (value) => ended.push(value),
      (error: VectorDbError) => ended.push(error),
    );
    while (ended.length === 0) {
      await turn();
      if (ended.length === 0) clock.pass(500);
    }
    return ended[0] as T | VectorDbError;
  };
  const write = (attempt: (attempt: WriteAttempt) => Promise<string>) =>
    writer.write(attempt, new TimeLimit(clock, 10_000));
  return { clock, known, writer, run, write };
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const fail =
  (code: VectorDbError['code'], details = {}) =>
  () =>
    Promise.reject(new VectorDbError(code, code, details));

describe('a write to a group', () => {
  test('that a full queue refuses is tried again after its time, and refused in the end', async () => {
    const { run, write, clock } = world();
    let attempts = 0;
    const refused = await run(
      write(() => {
        attempts += 1;
        return fail('OVERLOADED', { retryAfterMs: 300 })();
      }),
    );
    expect(refused).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 300 });
    expect(attempts).toBe(4);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(900);
  });

  test('that a full disk refuses is tried again: others lead in its place soon', async () => {
    const { run, write } = world();
    let attempts = 0;
    const written = await run(
      write(() => {
        attempts += 1;
        return attempts < 4
          ? fail('DISK_FULL', { retryAfterMs: 1_000 })()
          : Promise.resolve('done');
      }),
    );
    expect(written).toBe('done');
    const refused = await run(write(fail('DISK_FULL', { retryAfterMs: 1_000 })));
    expect(refused).toMatchObject({ code: 'DISK_FULL' });
    const overdue = await run(write(fail('DISK_FULL', { retryAfterMs: 6_000 })));
    expect(overdue).toMatchObject({ code: 'DISK_FULL' });
  });

  test.each(['OVERLOADED', 'DISK_FULL', 'LIMIT_EXCEEDED'] as const)(
    'that may have had an effect is not %s in the end',
    async (code) => {
      const { run, write } = world();
      let attempts = 0;
      const ended = await run(write(() => fail(attempts++ === 0 ? 'UNAVAILABLE' : code)()));
      expect(ended).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    },
  );

  test('that may have had an effect never ends as if it had none', async () => {
    const { run, write } = world();
    const codes = ['UNAVAILABLE', 'OVERLOADED', 'OVERLOADED', 'OVERLOADED', 'OVERLOADED'] as const;
    let attempt = 0;
    const unknown = await run(write(() => fail(codes[attempt++] ?? 'INTERNAL')()));
    expect(unknown).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const forgotten = world();
    let first = true;
    const expired = forgotten.write(() => {
      const code = first ? 'UNAVAILABLE' : 'SESSION_EXPIRED';
      first = false;
      return fail(code)();
    });
    expect(await forgotten.run(expired)).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  test('keeps its number over attempts, and takes another in a new session', async () => {
    let session = 0;
    const { run, write } = world(() => Promise.resolve((session += 10)));
    const stamps: string[] = [];
    const codes = ['NOT_LEADER', 'SESSION_EXPIRED', 'UNAVAILABLE'] as const;
    const written = await run(
      write(({ stamp }) => {
        const code = codes[stamps.length];
        stamps.push(`${stamp.session}/${stamp.sequence}`);
        return code === undefined ? Promise.resolve('done') : fail(code)();
      }),
    );
    expect(written).toBe('done');
    expect(stamps).toEqual(['10/1', '10/1', '20/1', '20/1']);
  });

  test('follows a redirection at once, and asks somebody else after a failure', async () => {
    const { run, write, clock } = world();
    const asked: number[] = [];
    await run(
      write(({ to }) => {
        asked.push(to);
        return asked.length === 1
          ? fail('NOT_LEADER', { leaderNode: 3 })()
          : Promise.resolve('done');
      }),
    );
    expect(asked).toEqual([1, 3]);
    expect(clock.monotonicMs()).toBe(0);
    asked.length = 0;
    await run(
      write(({ to }) => {
        asked.push(to);
        return asked.length === 1 ? fail('UNAVAILABLE')() : Promise.resolve('done');
      }),
    );
    expect(asked[1]).not.toBe(asked[0]);
  });

  test('is sent to the new leader under the same number when the old one is silent', async () => {
    const { known, writer, run, write, clock } = world();
    const sent: string[] = [];
    const written = write(({ to, stamp }) => {
      sent.push(`${to} ${stamp.session}/${stamp.sequence}`);
      return to === 1 ? new Promise(() => {}) : Promise.resolve('done');
    });
    await turn();
    known.leader = 0;
    writer.leadershipChanged();
    known.leader = 2;
    writer.leadershipChanged();
    expect(await run(written)).toBe('done');
    expect(sent).toEqual(['1 5/1', '2 5/1']);
    expect(clock.monotonicMs()).toBe(0);
  });

  test('that waits for a leader does not wait out its pause', async () => {
    const { known, writer, write } = world();
    known.leader = 0;
    let attempts = 0;
    const written = write(({ to }) => {
      attempts += 1;
      return to === known.leader ? Promise.resolve('done') : fail('NOT_LEADER')();
    });
    await turn();
    known.leader = 2;
    writer.leadershipChanged();
    expect(await written).toBe('done');
    expect(attempts).toBe(2);
  });

  test('has no effect where this node is cut off, and an unknown one where it was sent before', async () => {
    const { known, writer, write } = world();
    let attempts = 0;
    const sent = write(() => {
      attempts += 1;
      return new Promise(() => {});
    });
    await turn();
    known.leader = 0;
    known.isCutOff = true;
    writer.leadershipChanged();
    await expect(sent).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(write(() => Promise.resolve('done'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no effect') as string,
    });
    expect(attempts).toBe(1);
  });

  test('that never left this node certainly has no effect', async () => {
    const { run, write } = world();
    const unsent = (): Promise<string> => Promise.reject(new UnsentCall('node 2 is away'));
    expect(await run(write(unsent))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no effect') as string,
    });
    let attempts = 0;
    const lostFirst = (): Promise<string> => {
      attempts += 1;
      return attempts === 1 ? fail('UNAVAILABLE')() : unsent();
    };
    expect(await run(write(lostFirst))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  test('without a session that could be opened certainly has no effect', async () => {
    const { run, write } = world(fail('UNAVAILABLE'));
    let attempts = 0;
    const refused = write(() => {
      attempts += 1;
      return Promise.resolve('done');
    });
    expect(await run(refused)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(attempts).toBe(0);
  });

  test('waits where too many are ahead of the oldest', async () => {
    const { run, write, writer, clock } = world();
    const gate = Promise.withResolvers<string>();
    const first = write(() => gate.promise);
    await run(Promise.all(Array.from({ length: 895 }, () => write(() => Promise.resolve('done')))));
    const short = writer.write(() => Promise.resolve('done'), new TimeLimit(clock, 1_000));
    expect(await run(short)).toMatchObject({ code: 'OVERLOADED' });
    const next = write(() => Promise.resolve('next'));
    gate.resolve('first');
    expect(await run(Promise.all([first, next]))).toEqual(['first', 'next']);
  });
});
