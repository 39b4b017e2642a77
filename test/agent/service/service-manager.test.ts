import { describe, expect, it } from 'vitest';
import {
  ServiceManager,
  describeProgress,
  openServiceManager,
} from '../../../agent/service/service-manager.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

const quiet = { seen: 3, chosen: 1, waiting: 0, why: undefined, failure: undefined };

/** A service manager that records its messages; `complete` ends the oldest pending send. */
function makeManager(watchdogMs: number | undefined) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const sent: Readonly<Record<string, string>>[] = [];
  const open: ((error?: Error) => void)[] = [];
  const send = (message: Readonly<Record<string, string>>): Promise<void> => {
    sent.push(message);
    return new Promise((resolve, reject) => {
      open.push((error) => (error ? reject(error) : resolve()));
    });
  };
  const complete = async (error?: Error): Promise<void> => {
    open.shift()?.(error);
    await clock.advance(0);
  };
  const { signal } = new AbortController();
  const manager = new ServiceManager({ attemptMs: 1000, clock, log, signal, send }, watchdogMs);
  return { manager, clock, lines, sent, complete };
}

describe('sd_notify', () => {
  it('sends READY, then a watchdog keep-alive for attempts, at most one per interval', async () => {
    const { manager, clock, sent, complete } = makeManager(16_000);
    manager.ready(quiet);
    await complete();
    for (let second = 0; second < 6; second += 1) {
      manager.attempted(quiet);
      await complete();
      await clock.advance(1000);
    }
    const counts = '3 frames seen, 1 to send';
    expect(sent).toEqual([
      { READY: '1', STATUS: counts },
      ...Array.from({ length: 3 }, () => ({ WATCHDOG: '1', STATUS: counts })),
    ]);
    await clock.advance(60_000);
    expect(sent).toHaveLength(4); // no timer sends
  });

  it('sends a camera failure and the recovery at once', async () => {
    const { manager, sent, complete } = makeManager(undefined);
    manager.attempted(quiet);
    await complete();
    manager.attempted({ ...quiet, failure: 'no camera' });
    await complete();
    manager.attempted({ ...quiet, failure: 'no camera' });
    manager.attempted(quiet);
    await complete();
    expect(sent.map(({ STATUS }) => STATUS)).toEqual([
      describeProgress(quiet),
      'no frame: no camera (3 frames seen, 1 to send)',
      describeProgress(quiet),
    ]);
  });

  it('sends at once why frames wait, without a keep-alive', async () => {
    const { manager, sent, complete } = makeManager(16_000);
    manager.attempted(quiet);
    await complete();
    manager.changed({ ...quiet, waiting: 10, why: 'nobody answers' });
    await complete();
    expect(sent.slice(1)).toEqual([
      { STATUS: '3 frames seen, 1 to send, 10 waiting: nobody answers' },
    ]);
  });

  it('sends one message at a time, with the newest values', async () => {
    const { manager, sent, complete } = makeManager(undefined);
    manager.ready(quiet);
    manager.attempted({ ...quiet, failure: 'a' });
    manager.attempted({ ...quiet, failure: 'b' });
    expect(sent).toHaveLength(1);
    await complete();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({
      WATCHDOG: '1',
      STATUS: expect.stringMatching(/^no frame: b/) as string,
    });
  });

  it('sends READY again after a failed send', async () => {
    const { manager, lines, sent, complete } = makeManager(undefined);
    manager.ready(quiet);
    await complete(new Error('no listener'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('no listener');
    manager.attempted(quiet);
    expect(sent.at(-1)).toMatchObject({ READY: '1', WATCHDOG: '1' });
  });

  it('requests a longer watchdog time where attempts take long', () => {
    const { manager, sent } = makeManager(1000);
    manager.ready(quiet);
    expect(sent[0]).toMatchObject({ WATCHDOG_USEC: '2000000', READY: '1' });
  });
});

describe('sd_notify without a service manager', () => {
  it('sends nothing', () => {
    const { log } = keptLog();
    const { signal } = new AbortController();
    const settings = { attemptMs: 1, clock: new FakeClock(), log, signal };
    expect(openServiceManager({}, 1, settings)).toBeUndefined();
    expect(openServiceManager({ NOTIFY_SOCKET: '' }, 1, settings)).toBeUndefined();
  });

  it('logs a failed send once', async () => {
    const { log, lines } = keptLog();
    const { signal } = new AbortController();
    const settings = { attemptMs: 1, clock: new FakeClock(), log, signal };
    const env = { NOTIFY_SOCKET: '/nowhere/notify' };
    const manager = openServiceManager(env, 1, settings);
    manager?.ready(quiet);
    await eventually(() => lines.length === 1, 'a warning');
    expect(lines[0]).toContain('sd_notify failed');
  });
});
