/** What a receiver learns about a camera, through links that are cut, kills and clocks that step. */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OperationalError } from '../../../shared/cli/errors.js';
import { CameraDay, minuteMs } from './camera-day.js';

const hourMs = 60 * minuteMs;

describe('a day of a camera', () => {
  it('is stated exactly: unplugged, cut off, killed, its clock set twice, and quiet', async () => {
    const day = new CameraDay();
    const { clock } = day;
    await day.start();
    await day.link(true);
    await day.watch(30 * minuteMs);
    await day.watch(30 * minuteMs, 'visitor');
    const whileLinked = day.received.length;
    await day.link(false);
    await day.watch(hourMs);
    for (let failure = 0; failure < 30; failure += 1) {
      await day.pass(20_000);
      await day.fail();
    }
    await day.watch(50 * minuteMs - 30_000);
    await day.watch(20_000, 'cut');
    await day.kill();
    await clock.advance(5 * minuteMs);
    await day.start();
    await day.watch(55 * minuteMs);
    clock.setWall(clock.nowMs() + 2 * hourMs);
    await day.watch(hourMs);
    clock.setWall(clock.nowMs() - hourMs);
    await day.watch(10 * minuteMs);
    expect(day.received).toHaveLength(whileLinked);
    await day.link(true);
    const whileCut = day.received.length - whileLinked;
    await day.watch(11 * hourMs);
    await day.stop();
    expect(day.known()).toEqual([
      '08:00:10-10:00:00 watching 720/3 pause 10s ended visitor',
      '10:00:00-10:10:10 failing (no camera)',
      '10:10:10-10:59:40 watching 298/1 pause 10s',
      // The state was written when the event began; the agent was killed before the next time.
      '10:59:40-11:05:00 off ended cut (cut)',
      '11:05:00-11:59:50 watching 330/0 pause 10s',
      '13:59:50-14:59:50 watching 360/0 pause 10s stepped 7200s',
      '13:59:50-00:00:00 watching 3600/0 pause 10s stepped -3600s',
      '00:00:00-01:09:50 watching 420/0 pause 10s',
    ]);
    // One a minute, the event, and the first one; while no receiver took them, one for each state.
    expect([whileLinked, whileCut]).toEqual([62, 7]);
    const sequences = day.received.map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  it('states changes at once, and writes no more than every five seconds', async () => {
    const day = new CameraDay();
    await day.start();
    await day.link(true);
    await day.watch(minuteMs + 10_000);
    const before = day.received.length;
    await day.pass(1000);
    await day.fail();
    await day.pass(0);
    const news = day.received.slice(before).map(({ header }) => header.state);
    expect(news).toEqual(['watching', 'failing']);
    let writes = 0;
    for (let second = 0; second < 20; second += 1) {
      const count = day.received.length;
      await day.pass(500);
      await day.frame();
      await day.pass(500);
      await day.fail();
      if (day.received.length > count) writes += 1;
    }
    expect(writes).toBe(4);
    await day.pass(5000);
    // 40 changes of state: a report every five seconds states them.
    expect(day.received.length - before).toBeLessThan(10);
    const whys = day.received.slice(before).map(({ header }) => header.why ?? '');
    expect(whys.filter((why) => why.startsWith('fails and delivers in turns: '))).toHaveLength(4);
  });

  it('counts damaged frames, and states a failure when there are only damaged ones', async () => {
    const day = new CameraDay();
    await day.start();
    const damaged = new OperationalError('FRAME', 'cut off: é');
    await day.watch(20_000);
    await day.pass(1000);
    day.process.reporter.failed(damaged);
    await day.watch(20_000);
    for (let second = 0; second < 80; second += 1) {
      await day.pass(1000);
      day.process.reporter.failed(damaged);
    }
    await day.link(true);
    await day.stop();
    expect(day.known()).toEqual([
      '08:00:10-08:00:41 watching 4/0 skipped 61 pause 11s',
      '08:00:41-08:02:01 failing (cut off: ?) skipped 20',
    ]);
  });

  it('states as watched a folder that nothing is written to, not one that is missing', async () => {
    const day = new CameraDay();
    await day.start();
    const poll = async (minutes: number, isPresent: boolean): Promise<void> => {
      for (let second = 0; second < 60 * minutes; second += 10) {
        await day.pass(10_000);
        day.process.reporter.polled(isPresent);
      }
    };
    await poll(10, true);
    await poll(5, false);
    await day.fail('no folder');
    await poll(5, false);
    await poll(5, true);
    await day.link(true);
    await day.stop();
    expect(day.known()).toEqual([
      '08:00:10-08:10:00 watching pause 590s',
      '08:10:00-08:20:10 failing (no folder)',
      '08:20:10-08:25:00 watching pause 290s',
    ]);
  });
});

describe('the state of the reports', () => {
  it('neither loses nor repeats a report that was in the spool when the agent was killed', async () => {
    const day = new CameraDay();
    await day.start();
    await day.watch(5 * minuteMs, 'visitor');
    await day.process.reporter.written();
    const before = readFileSync(day.stateFile);
    await day.watch(30_000);
    day.isAnswering = false;
    await day.link(true);
    expect(day.process.spool.reports.count).toBe(1);
    await day.kill();
    writeFileSync(day.stateFile, before);
    day.isAnswering = true;
    await day.clock.advance(10_000);
    await day.start();
    await day.watch(minuteMs);
    await day.stop();
    expect(day.known()).toEqual([
      '08:00:10-08:05:30 watching 33/3 pause 10s ended visitor',
      '08:05:30-08:05:50 off',
      '08:05:50-08:06:40 watching 6/0 pause 10s',
    ]);
  });

  it('does not end an event again whose end was in the spool when the agent was killed', async () => {
    const day = new CameraDay();
    await day.start();
    await day.watch(minuteMs);
    await day.watch(20_000, 'visitor');
    await day.process.reporter.written();
    const before = readFileSync(day.stateFile);
    expect(before.toString()).toContain('"event":"visitor"');
    await day.watch(2 * minuteMs);
    day.isAnswering = false;
    await day.link(true);
    await day.kill();
    writeFileSync(day.stateFile, before);
    day.isAnswering = true;
    await day.start();
    await day.watch(minuteMs);
    await day.stop();
    const ended = day.received.flatMap(({ header }) => header.ended ?? []);
    expect(ended).toEqual([expect.objectContaining({ event: 'visitor', frames: 2 })]);
    expect(ended[0]).not.toHaveProperty('isCut');
  });

  it('holds reports back while it cannot be written, and sends them afterwards', async () => {
    const day = new CameraDay();
    await day.start();
    await day.watch(10_000);
    rmSync(day.stateFile);
    mkdirSync(join(day.stateFile, 'full'), { recursive: true });
    await day.link(true);
    await day.watch(3 * minuteMs, 'visitor');
    expect(day.received).toEqual([]);
    expect(day.process.spool.reports.count).toBeGreaterThan(0);
    expect(day.process.spool.waitingCount).toBe(0); // frames are sent
    expect(day.log).toContain('cannot write the state of the reports: they wait in memory');
    expect(day.process.reporter.pendingFor(day.process.spool).isMoving).toBe(false);
    rmSync(day.stateFile, { recursive: true });
    await day.watch(minuteMs);
    await day.stop();
    expect(day.log).toContain('the state of the reports is written again');
    expect(day.known()).toEqual(['08:00:10-08:04:10 watching 25/3 pause 10s ended visitor']);
  });

  it('is ignored, logged and copied when it is damaged', async () => {
    const day = new CameraDay();
    await day.start();
    await day.watch(minuteMs);
    await day.kill();
    writeFileSync(day.stateFile, '{"version":1,"nextNumber":');
    await day.start();
    expect(day.log).toContain('reports that waited are lost: reports.json cannot be used');
    expect(readFileSync(join(day.directory, 'reports.unusable.json'), 'utf8')).toContain('next');
    await day.link(true);
    await day.watch(minuteMs);
    await day.stop();
    expect(day.known()).toEqual(['08:01:10-08:02:00 watching 6/0 pause 10s']);
  });

  it('continues the numbers of the spool when it is lost', async () => {
    const day = new CameraDay();
    await day.start();
    await day.link(true);
    await day.watch(5 * minuteMs);
    day.isAnswering = false;
    await day.watch(2 * minuteMs);
    await day.kill();
    rmSync(day.stateFile);
    await day.clock.advance(minuteMs);
    day.isAnswering = true;
    await day.start();
    await day.watch(minuteMs);
    await day.stop();
    expect(day.known()).toEqual([
      '08:00:10-08:06:50 watching 41/0 pause 10s',
      '08:06:50-08:08:10 off',
      '08:08:10-08:09:00 watching 6/0 pause 10s',
    ]);
  });

  it('names the epoch before a new one in its first report', async () => {
    const day = new CameraDay();
    await day.start();
    await day.link(true);
    await day.watch(2 * minuteMs);
    const { epoch, lastSequence } = day.process.spool;
    await day.kill();
    rmSync(join(day.directory, 'spool', 'laptop_4444'), { recursive: true });
    const before = day.received.length;
    await day.start();
    await day.watch(2 * minuteMs);
    await day.stop();
    const [first, ...others] = day.received.slice(before).map(({ header }) => header.before);
    expect(first).toEqual({ epoch, sequence: lastSequence });
    expect(others.filter((each) => each !== undefined)).toEqual([]);
  });

  it('waits in memory without a state directory', async () => {
    const day = new CameraDay({ state: undefined });
    await day.start();
    await day.watch(minuteMs);
    await day.link(true);
    await day.watch(minuteMs);
    await day.stop();
    expect(readdirSync(day.directory)).toEqual(['spool']);
    expect(day.known()).toEqual(['08:00:10-08:02:00 watching 12/0 pause 10s']);
  });
});

describe('one-shot runs', () => {
  const oneShot = { isOneShot: true };

  it('state the time between them, in a connection every ten minutes', async () => {
    const day = new CameraDay(oneShot);
    for (let run = 0; run < 6 * 60 + 1; run += 1) {
      await day.run();
      await day.clock.advance(10_000);
    }
    expect(day.connections).toBe(7);
    expect(day.known()).toEqual(['08:00:00-09:00:00 watching 361/0 pause 10s']);
    expect(day.received.map(({ header }) => header.everyMs)).toEqual(Array(7).fill(600_000));
  });

  it('connect at once when the state changes, and with frames', async () => {
    const day = new CameraDay(oneShot);
    const runs: Parameters<CameraDay['run']>[0][] = [{}, {}, { isFailing: true }, {}, {}];
    const connected: number[] = [];
    for (const run of [...runs, { event: 'a' }, {}, {}, {}, {}, {}]) {
      await day.run(run);
      connected.push(day.connections);
      await day.clock.advance(10_000);
    }
    expect(connected).toEqual([1, 1, 2, 3, 3, 4, 4, 4, 5, 5, 5]);
    expect(day.known()).toEqual([
      '08:00:00-08:00:10 watching 2/0 pause 10s',
      '08:00:10-08:00:30 failing (no camera)',
      '08:00:30-08:01:20 watching 6/1 pause 10s ended a',
    ]);
  });

  it('state as off a pause that is much longer than the one before', async () => {
    const day = new CameraDay({ ...oneShot, everyMs: 20_000 });
    for (const seconds of [10, 20, 60, 200, 10, 0]) {
      await day.run();
      await day.clock.advance(seconds * 1000);
    }
    await day.run({ event: 'last' });
    expect(day.known()).toEqual([
      '08:00:00-08:01:30 watching 4/0 pause 60s',
      '08:01:30-08:04:50 off',
      '08:04:50-08:05:00 watching 3/1 pause 10s',
    ]);
  });

  it('are counted also when they follow each other at once', async () => {
    const day = new CameraDay(oneShot);
    for (let run = 0; run < 20; run += 1) {
      await day.run();
      await day.clock.advance(100);
    }
    await day.run({ event: 'a' });
    expect(day.known()).toEqual(['08:00:00-08:00:02 watching 21/1 pause 0.1s']);
  });

  it('wait for a receiver that cannot be reached', async () => {
    const day = new CameraDay(oneShot);
    day.isAnswering = false;
    for (let run = 0; run < 200; run += 1) {
      await day.run();
      await day.clock.advance(10_000);
    }
    expect(day.connections).toBe(4);
    expect(readFileSync(day.stateFile).length).toBeLessThan(2000);
    day.isAnswering = true;
    await day.run({ event: 'a' });
    expect(day.known()).toEqual(['08:00:00-08:33:20 watching 201/1 pause 10s']);
  });

  it('write a large state less often, and state the time all the same', async () => {
    const day = new CameraDay(oneShot);
    day.isAnswering = false;
    for (let run = 0; run < 200; run += 1) {
      await day.run({ isFailing: run % 2 === 1 });
      await day.clock.advance(10_000);
    }
    const bytes = readFileSync(day.stateFile).length;
    expect(bytes).toBeGreaterThan(30_000);
    let writes = 0;
    for (let run = 0; run < 120; run += 1) {
      const before = statSync(day.stateFile).ino;
      await day.run();
      if (statSync(day.stateFile).ino !== before) writes += 1;
      await day.clock.advance(10_000);
    }
    // 20 minutes; two of the writes are connections.
    expect(writes).toBeLessThan(1200 / (bytes / 500) + 4);
    day.isAnswering = true;
    await day.run({ event: 'a' });
    const known = day.known();
    expect(known.filter((each) => each.includes('off'))).toEqual([]);
    expect(known.at(-1)).toMatch(/^08:33:20-08:53:20 watching .* pause \d+s$/);
  });
});
