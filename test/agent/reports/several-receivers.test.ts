/** Reports for two receivers, of which one is away. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Reporter } from '../../../agent/reports/reporter.js';
import { StateDirectory } from '../../../agent/service/state.js';
import { SpoolSet } from '../../../agent/spool/spool-set.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { spoolSettings } from '../../support/spool-settings.js';
import { temporaryDirectory } from '../../support/temporary.js';

const laptop = { host: 'laptop', port: 4444 };
const nas = { host: 'nas', port: 5 };

it('each receiver gets each time once, in its own reports', async () => {
  const directory = temporaryDirectory();
  const clock = new FakeClock();
  const open = async () => {
    const { log } = keptLog();
    const state = await StateDirectory.open(directory);
    const spools = await SpoolSet.onDisk(join(directory, 'spool'), [laptop, nas], {
      ...spoolSettings,
      clock,
    });
    const settings = { everyMs: 60_000, isOneShot: false, eventGapMs: 10_000 };
    const reporter = await Reporter.open({ ...settings, spools: spools.all, state, clock, log });
    const frames = async (count: number): Promise<void> => {
      for (let number = 0; number < count; number += 1) {
        await clock.advance(10_000);
        const frame = { jpeg: Buffer.alloc(0), capturedAtMs: clock.nowMs(), origin: 'a test' };
        reporter.compared(frame, false);
      }
    };
    const take = async (destination: typeof laptop) => {
      reporter.pendingFor(spools.spoolFor(destination)).setTaken(true);
      await reporter.written();
      return spools.all.get(`${destination.host}_${destination.port}`)?.reports.waiting();
    };
    return { reporter, frames, take };
  };
  const first = await open();
  await first.frames(12);
  await first.take(laptop);
  await first.frames(12);
  await first.reporter.finish();
  const second = await open();
  await second.frames(6);
  await second.reporter.finish();
  const all = [await second.take(laptop), await second.take(nas)];
  for (const reports of all) {
    expect(reports?.reduce((sum, { compared }) => sum + compared, 0)).toBe(30);
    for (const [index, { toMs }] of (reports ?? []).entries()) {
      expect(reports?.[index + 1]?.fromMs ?? toMs).toBe(toMs);
    }
  }
  // The last second of the first process, the time between both, and the second process.
  const [atLaptop, atNas] = all.map((reports) => reports?.map(({ state }) => state));
  expect(atNas).toEqual(['watching', 'off', 'watching']);
  expect(atLaptop?.filter((state) => state === 'off')).toHaveLength(1);
  expect(atLaptop?.length).toBeGreaterThan(3);
});
