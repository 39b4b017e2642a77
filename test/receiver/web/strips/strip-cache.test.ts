/** The cache of strips: bounded, one making at a time, shared by those who want the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StripCache } from '../../../../receiver/web/strips/strip-cache.js';

const never = new AbortController().signal;
const bytesOf = (value: string): number => value.length;
/** What an entry of 1000 bytes with a key of one letter takes. */
const entry = 1502;

/** Lets everything run that does not wait for a test. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function notStarted(): void {
  throw new Error('the making has not begun');
}

/** A making that the test ends. */
function held() {
  const state = {
    isStarted: false,
    signal: never,
    resolve: notStarted as (value: string) => void,
    reject: notStarted as (error: Error) => void,
    make: (signal: AbortSignal): Promise<string> => {
      state.isStarted = true;
      state.signal = signal;
      return new Promise<string>((resolve, reject) => {
        state.resolve = resolve;
        state.reject = reject;
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
  };
  return state;
}

const made = (value: string) => (): Promise<string> => Promise.resolve(value);
const refused = (): Promise<string> => Promise.reject(new Error('not to be made'));
const thousand = (letter: string): string => letter.repeat(1000);

describe('the cache of strips', () => {
  it('makes a value once', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    expect(await cache.get('a', made('one'), never)).toBe('one');
    expect(await cache.get('a', refused, never)).toBe('one');
  });

  it('forgets what was not used for longest', async () => {
    const cache = new StripCache<string>(2 * entry, bytesOf);
    await cache.get('a', made(thousand('a')), never);
    await cache.get('b', made(thousand('b')), never);
    await cache.get('a', refused, never);
    await cache.get('c', made(thousand('c')), never);
    expect(cache.bytes).toBe(2 * entry);
    await cache.get('a', refused, never);
    await cache.get('c', refused, never);
    await expect(cache.get('b', refused, never)).rejects.toThrow('not to be made');
  });

  it('never holds more than its limit, and no value that is larger', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, fc.nat({ max: 6000 }))), async (wishes) => {
        const cache = new StripCache<string>(5000, bytesOf);
        for (const [each, length] of wishes) {
          await cache.get(each, made('x'.repeat(length)), never);
          expect(cache.bytes).toBeLessThanOrEqual(5000);
        }
      }),
    );
    const cache = new StripCache<string>(entry - 1, bytesOf);
    expect(await cache.get('a', made(thousand('a')), never)).toHaveLength(1000);
    expect(cache.bytes).toBe(0);
  });

  it('counts empty values too', async () => {
    const cache = new StripCache<string>(5000, bytesOf);
    for (let i = 0; i < 100; i += 1) await cache.get(`${i}`, made(''), never);
    expect(cache.bytes).toBeGreaterThan(4000);
    expect(cache.bytes).toBeLessThanOrEqual(5000);
  });

  it('lets callers that want the same share one making', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const making = held();
    const both = [cache.get('a', making.make, never), cache.get('a', refused, never)];
    await settle();
    making.resolve('one');
    expect(await Promise.all(both)).toEqual(['one', 'one']);
  });

  it('goes on making while one of two callers still waits', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const making = held();
    const first = new AbortController();
    const reason = new Error('moved on');
    const aborted = cache.get('a', making.make, first.signal);
    const waiting = cache.get('a', refused, never);
    await settle();
    first.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(making.signal.aborted).toBe(false);
    making.resolve('one');
    expect(await waiting).toBe('one');
    expect(await cache.get('a', refused, never)).toBe('one');
  });

  it('aborts a making that no caller waits for, and makes it anew for the next', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const making = held();
    const callers = [new AbortController(), new AbortController()];
    const both = callers.map(({ signal }) => cache.get('a', making.make, signal));
    const outcomes = Promise.allSettled(both);
    await settle();
    callers[0]!.abort();
    await settle();
    expect(making.signal.aborted).toBe(false);
    callers[1]!.abort();
    await settle();
    expect(making.signal.aborted).toBe(true);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await cache.get('a', made('two'), never)).toBe('two');
  });

  it('does not keep what a making returns after its abort', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const caller = new AbortController();
    const late = held();
    const stubborn = (): Promise<string> => late.make(never);
    const first = cache.get('a', stubborn, caller.signal).catch(() => undefined);
    await settle();
    caller.abort();
    await first;
    late.resolve('late');
    await settle();
    expect(cache.bytes).toBe(0);
    expect(await cache.get('a', made('fresh'), never)).toBe('fresh');
  });

  it('makes one value at a time, in order', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const [one, two, three] = [held(), held(), held()];
    const values = [one, two, three].map(({ make }, i) => cache.get(`${i}`, make, never));
    await settle();
    expect([one.isStarted, two.isStarted, three.isStarted]).toEqual([true, false, false]);
    one.resolve('1');
    await settle();
    expect([two.isStarted, three.isStarted]).toEqual([true, false]);
    two.reject(new Error('damaged'));
    await expect(values[1]).rejects.toThrow('damaged');
    await settle();
    expect(three.isStarted).toBe(true);
    three.resolve('3');
    expect(await values[2]).toBe('3');
  });

  it('does not begin a making that no caller waits for any more', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const [one, two] = [held(), held()];
    const first = cache.get('a', one.make, never);
    const caller = new AbortController();
    const second = cache.get('b', two.make, caller.signal).catch(() => 'aborted');
    await settle();
    caller.abort();
    expect(await second).toBe('aborted');
    one.resolve('1');
    await first;
    await settle();
    expect(two.isStarted).toBe(false);
  });

  it('does not keep a failure', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const failing = (): Promise<string> => Promise.reject(new Error('disk'));
    const both = [cache.get('a', failing, never), cache.get('a', failing, never)];
    for (const { status } of await Promise.allSettled(both)) expect(status).toBe('rejected');
    const throwing = (): Promise<string> => {
      throw new Error('at once');
    };
    await expect(cache.get('a', throwing, never)).rejects.toThrow('at once');
    expect(cache.bytes).toBe(0);
    expect(await cache.get('a', made('one'), never)).toBe('one');
  });

  it('makes nothing for a caller that has gone', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    await cache.get('a', made('one'), never);
    const reason = new Error('moved on');
    const signal = AbortSignal.abort(reason);
    await expect(cache.get('a', refused, signal)).rejects.toBe(reason);
    await expect(cache.get('b', refused, signal)).rejects.toBe(reason);
  });

  it('makes anew what is asked for while an outdated making runs', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    const making = held();
    const waiting = cache.get('a', making.make, never);
    await settle();
    cache.clear();
    const renewed = cache.get('a', made('new'), never);
    making.resolve('old');
    expect(await waiting).toBe('old');
    expect(await renewed).toBe('new');
    expect(await cache.get('a', refused, never)).toBe('new');
  });

  it('forgets everything when it is cleared, also what is being made', async () => {
    const cache = new StripCache<string>(10_000, bytesOf);
    await cache.get('a', made('old'), never);
    const making = held();
    const waiting = cache.get('b', making.make, never);
    await settle();
    cache.clear();
    expect(cache.bytes).toBe(0);
    making.resolve('old');
    expect(await waiting).toBe('old');
    expect(cache.bytes).toBe(0);
    expect(await cache.get('a', made('new'), never)).toBe('new');
    expect(await cache.get('b', made('new'), never)).toBe('new');
  });
});
