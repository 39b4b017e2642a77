import { describe, expect, it } from 'vitest';
import {
  ServiceManager,
  describeProgress,
  openServiceManager,
} from '../../../agent/service/service-manager.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

const quiet = { seen: 3, chosen: 1, waiting: 0, failure: undefined };

/** A service manager that keeps what it is told; each message is heard when `hear` is called. */
function makeManager(watchdogMs: number | undefined) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const told: Readonly<Record<string, string>>[] = [];
  const open: ((error?: Error) => void)[] = [];
  const send = (words: Readonly<Record<string, string>>): Promise<void> => {
    told.push(words);
    return new Promise((resolve, reject) => {
      open.push((error) => (error ? reject(error) : resolve()));
    });
  };
  const hear = async (error?: Error): Promise<void> => {
    open.shift()?.(error);
    await clock.advance(0);
  };
  const { signal } = new AbortController();
  const manager = new ServiceManager({ attemptMs: 1000, clock, log, signal, send }, watchdogMs);
  return { manager, clock, lines, told, hear };
}

describe('a service manager', () => {
  it('hears that the agent is ready, then feeds its watchdog with attempts, not too often', async () => {
    const { manager, clock, told, hear } = makeManager(16_000);
    manager.ready(quiet);
    await hear();
    for (let second = 0; second < 6; second += 1) {
      manager.attempted(quiet);
      await hear();
      await clock.advance(1000);
    }
    const counts = '3 frames seen, 1 to send, 0 waiting';
    expect(told).toEqual([
      { READY: '1', STATUS: counts },
      ...Array.from({ length: 3 }, () => ({ WATCHDOG: '1', STATUS: counts })),
    ]);
    await clock.advance(60_000);
    expect(told).toHaveLength(4); // no timer feeds it
  });

  it('hears at once when a camera fails, and when it is back', async () => {
    const { manager, told, hear } = makeManager(undefined);
    manager.attempted(quiet);
    await hear();
    manager.attempted({ ...quiet, failure: 'no camera' });
    await hear();
    manager.attempted({ ...quiet, failure: 'no camera' });
    manager.attempted(quiet);
    await hear();
    expect(told.map(({ STATUS }) => STATUS)).toEqual([
      describeProgress(quiet),
      'no frame: no camera (3 frames seen, 1 to send, 0 waiting)',
      describeProgress(quiet),
    ]);
  });

  it('is told one thing at a time, the newest winning', async () => {
    const { manager, told, hear } = makeManager(undefined);
    manager.ready(quiet);
    manager.attempted({ ...quiet, failure: 'a' });
    manager.attempted({ ...quiet, failure: 'b' });
    expect(told).toHaveLength(1);
    await hear();
    expect(told).toHaveLength(2);
    expect(told[1]).toMatchObject({
      WATCHDOG: '1',
      STATUS: expect.stringMatching(/^no frame: b/) as string,
    });
  });

  it('hears READY in the end, when it did not hear it at first', async () => {
    const { manager, lines, told, hear } = makeManager(undefined);
    manager.ready(quiet);
    await hear(new Error('nobody there'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('nobody there');
    manager.attempted(quiet);
    expect(told.at(-1)).toMatchObject({ READY: '1', WATCHDOG: '1' });
  });

  it('is asked for a longer watchdog time where attempts take long', () => {
    const { manager, told } = makeManager(1000);
    manager.ready(quiet);
    expect(told[0]).toMatchObject({ WATCHDOG_USEC: '2000000', READY: '1' });
  });
});

describe('without a service manager', () => {
  it('nobody is told', () => {
    const { log } = keptLog();
    const { signal } = new AbortController();
    const settings = { attemptMs: 1, clock: new FakeClock(), log, signal };
    expect(openServiceManager({}, 1, settings)).toBeUndefined();
    expect(openServiceManager({ NOTIFY_SOCKET: '' }, 1, settings)).toBeUndefined();
  });

  it('a socket where nobody listens is told once', async () => {
    const { log, lines } = keptLog();
    const { signal } = new AbortController();
    const settings = { attemptMs: 1, clock: new FakeClock(), log, signal };
    const env = { NOTIFY_SOCKET: '/nowhere/notify' };
    const manager = openServiceManager(env, 1, settings);
    manager?.ready(quiet);
    await eventually(() => lines.length === 1, 'a warning');
    expect(lines[0]).toContain('cannot tell systemd how it goes');
  });
});
