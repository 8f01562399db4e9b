import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VectorDbError } from '../../src/base/error.ts';
import { CALL_BYTES_MAX } from '../../src/raft/transport/call-codec.ts';
import { GUEST_BYTES_MAX } from '../../src/raft/transport/tcp-limits.ts';
import type {
  CallOptions,
  MemberTransport,
  NodeNumber,
  NodePort,
} from '../../src/raft/transport/transport.ts';
import { TransportInbox, until } from '../support/raft/transport-inbox.ts';
import { append } from './transport.contract.ts';

/** A port and where it is. */
export interface AddressedPort {
  readonly port: NodePort;
  readonly address: string;
}

/** Ports that can reach each other, whose nodes find each other by number once they are joined through the world. */
export interface NodePortWorld extends AsyncDisposable {
  open(options?: { readonly token?: string }): Promise<AddressedPort>;
  join(port: AddressedPort, node: NodeNumber, cluster?: string): MemberTransport;
}

const NOBODY = Symbol('nobody');
const long: CallOptions = { timeoutMs: 30_000 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

/** The error that a promise ends with. */
async function failure(promise: Promise<unknown>): Promise<VectorDbError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof VectorDbError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}

/** What became of a promise, or `NOBODY` knows yet. */
function watched(promise: Promise<unknown>): { value: unknown } {
  const outcome: { value: unknown } = { value: NOBODY };
  promise.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.value = error),
  );
  return outcome;
}

/** What every port between nodes does: calls of members, and guests. */
export function describeNodePort(name: string, createWorld: () => NodePortWorld): void {
  describe(`${name} as a port of a member`, () => {
    let world: NodePortWorld;
    let one: MemberTransport;
    let two: MemberTransport;

    beforeEach(async () => {
      world = createWorld();
      one = world.join(await world.open(), 1);
      two = world.join(await world.open(), 2);
    });

    afterEach(() => world[Symbol.asyncDispose]());

    /** Node 2 keeps its calls for the test. */
    function keepCalls(): {
      request: string;
      signal: AbortSignal;
      answer: (value: string) => void;
    }[] {
      const kept: ReturnType<typeof keepCalls> = [];
      two.serveCalls(
        (_, request, signal) =>
          new Promise((resolve) => {
            const answer = (value: string): void => resolve(bytes(value));
            kept.push({ request: text(request), signal, answer });
          }),
      );
      return kept;
    }

    test('carries a call and its answer, and says from whom it is', async () => {
      two.serveCalls((from, request) => Promise.resolve(bytes(`${from} said ${text(request)}`)));
      one.serveCalls((from) => Promise.resolve(bytes(`${from}`)));
      expect(text(await one.call(2, bytes('hello'), long))).toBe('1 said hello');
      expect(text(await two.call(1, bytes(''), long))).toBe('2');
    });

    test('carries empty requests and answers', async () => {
      two.serveCalls((_, request) => Promise.resolve(request));
      expect(await one.call(2, new Uint8Array(0), long)).toHaveLength(0);
    });

    test('gives each of many calls its own answer, in whatever order they are answered', async () => {
      const kept = keepCalls();
      const names = Array.from({ length: 500 }, (_, at) => `call ${at}`);
      const answers = Promise.all(
        names.map(async (each) => text(await one.call(2, bytes(each), long))),
      );
      await until(() => kept.length === 500);
      for (const { request, answer } of kept.toReversed()) answer(`to ${request}`);
      expect(await answers).toEqual(names.map((each) => `to ${each}`));
    });

    test('carries large requests and answers as they were, beside small ones', async () => {
      two.serveCalls((_, request) => Promise.resolve(request));
      const large = Uint8Array.from({ length: 3_000_001 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
      const calls = [large, bytes('small'), large.subarray(1), bytes('another')];
      const answers = await Promise.all(calls.map((each) => one.call(2, each, long)));
      for (const [at, answer] of answers.entries()) {
        expect(Buffer.compare(answer, calls[at] ?? new Uint8Array(1))).toBe(0);
      }
    });

    test('refuses a request that no frame can hold', async () => {
      const call = one.call(2, new Uint8Array(CALL_BYTES_MAX + 1), long);
      expect(await failure(call)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    });

    test('says what a handler threw, and goes on', async () => {
      two.serveCalls((_, request) => {
        if (text(request) === 'now') throw new Error('at once');
        if (text(request) === 'later') return Promise.reject(new Error('the disk is on fire'));
        return Promise.resolve(request);
      });
      const now = await failure(one.call(2, bytes('now'), long));
      expect(now).toMatchObject({ code: 'UNAVAILABLE' });
      expect(now.message).toContain('at once');
      const later = await failure(one.call(2, bytes('later'), long));
      expect(later).toMatchObject({ code: 'UNAVAILABLE' });
      expect(later.message).toContain('the disk is on fire');
      expect(text(await one.call(2, bytes('fine'), long))).toBe('fine');
    });

    test('refuses calls to one who does not serve any yet', async () => {
      expect(await failure(one.call(2, bytes('x'), long))).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('fails a call to nobody', async () => {
      expect(await failure(one.call(7, bytes('x'), long))).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('fails a call that is not answered in time, and lets who works on it know', async () => {
      const kept = keepCalls();
      const call = watched(one.call(2, bytes('x'), { timeoutMs: 50 }));
      await until(() => kept.length === 1);
      expect(kept[0]?.signal.aborted).toBe(false);
      await until(() => call.value !== NOBODY);
      expect(call.value).toMatchObject({ code: 'UNAVAILABLE' });
      await until(() => kept[0]?.signal.aborted === true);
      kept[0]?.answer('too late');
    });

    test('gives up a call whose caller does, and lets who works on it know', async () => {
      const kept = keepCalls();
      const before = AbortSignal.abort();
      const given = one.call(2, bytes('x'), { ...long, signal: before });
      expect(await failure(given)).toMatchObject({ code: 'CANCELLED' });
      const control = new AbortController();
      const call = watched(one.call(2, bytes('x'), { ...long, signal: control.signal }));
      const other = one.call(2, bytes('other'), long);
      await until(() => kept.length === 2);
      control.abort();
      await until(() => kept.find(({ request }) => request === 'x')?.signal.aborted === true);
      expect(call.value).toMatchObject({ code: 'CANCELLED' });
      const rest = kept.find(({ request }) => request === 'other');
      expect(rest?.signal.aborted).toBe(false);
      rest?.answer('answered');
      expect(text(await other)).toBe('answered');
    });

    test('survives a storm of calls that are given up, and answers what comes after it', async () => {
      two.serveCalls(async (_, request, signal) => {
        if (text(request) === 'last') return request;
        await new Promise((resolve) => {
          if (signal.aborted) resolve(undefined);
          signal.addEventListener('abort', resolve);
        });
        return request;
      });
      for (let round = 0; round < 20; round += 1) {
        const control = new AbortController();
        const calls = Array.from({ length: 100 }, () =>
          failure(one.call(2, bytes('x'), { ...long, signal: control.signal })),
        );
        if (round % 2 === 0) await setImmediate();
        control.abort();
        const codes = new Set((await Promise.all(calls)).map(({ code }) => code));
        expect(codes).toEqual(new Set(['CANCELLED']));
      }
      expect(text(await one.call(2, bytes('last'), long))).toBe('last');
    });

    test('fails the calls of a node that ends, and reaches it again when it is back', async () => {
      const kept = keepCalls();
      const calls = [1, 2, 3].map(() => watched(one.call(2, bytes('x'), long)));
      await until(() => kept.length === 3);
      await two[Symbol.asyncDispose]();
      await until(() => calls.every(({ value }) => value !== NOBODY));
      for (const { value } of calls) expect(value).toMatchObject({ code: 'UNAVAILABLE' });

      const back = world.join(await world.open(), 2);
      back.serveCalls((_, request) => Promise.resolve(request));
      let answer: string | undefined;
      await until(() => {
        void one.call(2, bytes('again'), long).then(
          (value) => (answer = text(value)),
          () => undefined,
        );
        return answer !== undefined;
      });
      expect(answer).toBe('again');
    });

    test('fails its calls when it is closed itself, and takes no more', async () => {
      const kept = keepCalls();
      const call = watched(one.call(2, bytes('x'), long));
      await until(() => kept.length === 1);
      await one[Symbol.asyncDispose]();
      await until(() => call.value !== NOBODY);
      expect(call.value).toMatchObject({ code: 'UNAVAILABLE' });
      expect(await failure(one.call(2, bytes('x'), long))).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('does not speak with a node of another cluster', async () => {
      const three = world.join(await world.open(), 3, 'another cluster');
      two.serveCalls((_, request) => Promise.resolve(request));
      const call = watched(three.call(2, bytes('x'), { timeoutMs: 2000 }));
      await until(() => call.value !== NOBODY);
      expect(call.value).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('forgets a node: it is neither called nor heard any more', async () => {
      const heard: NodeNumber[] = [];
      const inbox = new TransportInbox();
      two.listen(inbox);
      one.listen(new TransportInbox());
      one.serveCalls((_, request) => Promise.resolve(request));
      two.serveCalls((from, request) => {
        heard.push(from);
        return Promise.resolve(request);
      });
      await one.call(2, bytes('x'), long);
      one.send(2, [append(1)]);
      await until(() => inbox.messages.length === 1);
      two.forget(1);
      for (let count = 0; count < 5; count += 1) {
        const call = watched(one.call(2, bytes('x'), { timeoutMs: 2000 }));
        one.send(2, [append(2)]);
        await until(() => call.value !== NOBODY);
        expect(call.value).toMatchObject({ code: 'UNAVAILABLE' });
      }
      expect(await failure(two.call(1, bytes('x'), long))).toMatchObject({ code: 'UNAVAILABLE' });
      expect(heard).toEqual([1]);
      expect(inbox.messages).toHaveLength(1);
    });
  });

  describe(`${name} as a port of guests`, () => {
    let world: NodePortWorld;
    let host: AddressedPort;
    let guest: AddressedPort;

    beforeEach(async () => {
      world = createWorld();
      host = await world.open();
      guest = await world.open();
    });

    afterEach(() => world[Symbol.asyncDispose]());

    test('answers who belongs to no cluster, as one who belongs to none, and as a member', async () => {
      host.port.serveGuests((request) => Promise.resolve(bytes(`guest: ${text(request)}`)));
      const ask = async (): Promise<string> =>
        text(await guest.port.ask(host.address, bytes('hello'), long));
      expect(await ask()).toBe('guest: hello');
      world.join(host, 1);
      expect(await ask()).toBe('guest: hello');
      world.join(guest, 2);
      expect(await ask()).toBe('guest: hello');
    });

    test('answers as many questions as are asked, each one', async () => {
      host.port.serveGuests((request) => Promise.resolve(request));
      const names = Array.from({ length: 20 }, (_, at) => `guest ${at}`);
      const answers = await Promise.all(
        names.map((each) => guest.port.ask(host.address, bytes(each), long)),
      );
      expect(answers.map(text)).toEqual(names);
    });

    test('carries a question and an answer as large as they may be, and no larger ones', async () => {
      const largest = new Uint8Array(GUEST_BYTES_MAX).fill(7);
      host.port.serveGuests((request) =>
        Promise.resolve(request.length === 0 ? new Uint8Array(GUEST_BYTES_MAX + 1) : request),
      );
      const answer = await guest.port.ask(host.address, largest, long);
      expect(Buffer.compare(answer, largest)).toBe(0);
      const larger = guest.port.ask(host.address, new Uint8Array(GUEST_BYTES_MAX + 1), long);
      expect(await failure(larger)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
      const tooMuch = guest.port.ask(host.address, new Uint8Array(0), long);
      expect(await failure(tooMuch)).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('refuses who has another secret', async () => {
      let asked = 0;
      host.port.serveGuests((request) => {
        asked += 1;
        return Promise.resolve(request);
      });
      const stranger = await world.open({ token: 'guessed' });
      const question = stranger.port.ask(host.address, bytes('x'), long);
      expect(await failure(question)).toMatchObject({ code: 'PERMISSION_DENIED' });
      expect(asked).toBe(0);
    });

    test('refuses guests before it serves any, and says what a handler threw', async () => {
      const ask = (): Promise<Uint8Array> => guest.port.ask(host.address, bytes('x'), long);
      expect(await failure(ask())).toMatchObject({ code: 'UNAVAILABLE' });
      host.port.serveGuests(() => Promise.reject(new Error('nobody is at home')));
      const thrown = await failure(ask());
      expect(thrown).toMatchObject({ code: 'UNAVAILABLE' });
      expect(thrown.message).toContain('nobody is at home');
    });

    test('fails a question that nobody answers in time, and one that is given up', async () => {
      host.port.serveGuests(() => new Promise(() => {}));
      const late = watched(guest.port.ask(host.address, bytes('x'), { timeoutMs: 50 }));
      await until(() => late.value !== NOBODY);
      expect(late.value).toMatchObject({ code: 'UNAVAILABLE' });
      const control = new AbortController();
      const { signal } = control;
      const given = watched(guest.port.ask(host.address, bytes('x'), { ...long, signal }));
      await setImmediate();
      control.abort();
      await until(() => given.value !== NOBODY);
      expect(given.value).toMatchObject({ code: 'CANCELLED' });
      const again = guest.port.ask(host.address, bytes('x'), { ...long, signal });
      expect(await failure(again)).toMatchObject({ code: 'CANCELLED' });
    });

    test('fails a question to an address where nobody is', async () => {
      await host.port[Symbol.asyncDispose]();
      const question = watched(guest.port.ask(host.address, bytes('x'), { timeoutMs: 2000 }));
      await until(() => question.value !== NOBODY);
      expect(question.value).toMatchObject({ code: 'UNAVAILABLE' });
      const nowhere = guest.port.ask('nowhere', bytes('x'), { timeoutMs: 2000 });
      expect(await failure(nowhere)).toMatchObject({ code: 'UNAVAILABLE' });
    });

    test('refuses nodes of the cluster until it belongs to it, and they find it soon after', async () => {
      const one = world.join(guest, 1);
      const other = await world.open();
      // The others know its number before it does.
      const inbox = new TransportInbox();
      const call = watched(one.call(2, bytes('x'), { timeoutMs: 2000 }));
      await until(() => call.value !== NOBODY);
      expect(call.value).toMatchObject({ code: 'UNAVAILABLE' });
      const late = world.join(other, 2);
      late.listen(inbox);
      late.serveCalls((_, request) => Promise.resolve(request));
      one.listen(new TransportInbox());
      let answer: string | undefined;
      await until(() => {
        one.send(2, [append(1)]);
        void one.call(2, bytes('x'), long).then(
          (value) => (answer = text(value)),
          () => undefined,
        );
        return answer !== undefined && inbox.messages.length > 0;
      });
    });

    test('ends a question when the port is closed', async () => {
      host.port.serveGuests(() => new Promise(() => {}));
      const question = watched(guest.port.ask(host.address, bytes('x'), long));
      await setImmediate();
      await guest.port[Symbol.asyncDispose]();
      await until(() => question.value !== NOBODY);
      expect(question.value).toBeInstanceOf(VectorDbError);
    });
  });
}
