import { join } from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StateDirectory } from '../../../agent/service/state.js';
import { UplinkStates, decodeUplinks } from '../../../agent/uplink/uplink-states.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { temporaryDirectory } from '../../support/temporary.js';

const laptop = { host: 'Laptop', port: 4444 };
const refused = new OperationalError('LINK', 'nobody answers', { hint: 'start it' });

async function makeStates(path = temporaryDirectory()) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const state = await StateDirectory.open(path);
  const states = await UplinkStates.open({ state, clock, log });
  const read = async () => {
    await states.close();
    return decodeUplinks(readFileSync(join(path, 'uplinks.json')));
  };
  return { states, clock, lines, read, path };
}

describe('the state of uplinks', () => {
  it('says why frames wait, since when, for which host as it was typed', async () => {
    const { states, clock, read } = await makeStates();
    const status = states.statusOf('laptop_4444', laptop);
    expect(await read()).toMatchObject({ laptop_4444: { receiver: 'Laptop:4444' } });
    await clock.advance(5000);
    status.waits(refused);
    expect(states.why).toBe('nobody answers; start it');
    const sinceMs = Math.round(clock.nowMs());
    expect(await read()).toEqual({
      laptop_4444: { receiver: 'Laptop:4444', why: 'nobody answers; start it', sinceMs },
    });
    await clock.advance(5000);
    status.waits(refused);
    expect((await read()).laptop_4444?.sinceMs).toBe(sinceMs);
    status.delivers();
    expect(states.why).toBeUndefined();
    expect((await read()).laptop_4444).not.toHaveProperty('why');
  });

  it('calls back and writes when something changes, not for each acknowledged frame', async () => {
    const { states, read, path } = await makeStates();
    let changes = 0;
    states.onChange(() => (changes += 1));
    const status = states.statusOf('laptop_4444', laptop);
    status.waits(refused);
    status.waits(refused);
    status.exceeds(1000);
    status.delivers();
    expect(states.why).toContain('--max-frame of 1.0 kB');
    status.exceeds(undefined);
    expect(changes).toBe(4);
    await read();
    rmSync(join(path, 'uplinks.json'));
    for (let frame = 0; frame < 100; frame += 1) status.delivers();
    status.exceeds(undefined);
    await expect(read()).rejects.toThrow('ENOENT');
    expect(changes).toBe(4);
  });

  it('logs clocks that differ by more than a minute, in both directions, once', async () => {
    const { states, clock, lines, read } = await makeStates();
    const status = states.statusOf('laptop_4444', laptop);
    status.comparesClock(clock.nowMs() + 59_000);
    expect(lines).toEqual([]);
    status.comparesClock(clock.nowMs() + 61_000);
    status.comparesClock(clock.nowMs() + 62_000);
    status.comparesClock(clock.nowMs() - 86_400_000 * 20_000);
    expect(lines).toEqual([
      expect.stringContaining('61 s behind') as string,
      expect.stringContaining('20000 days ahead of') as string,
    ]);
    expect((await read()).laptop_4444?.clockErrorMs).toBe(86_400_000 * 20_000);
    status.comparesClock(clock.nowMs());
    expect((await read()).laptop_4444).not.toHaveProperty('clockErrorMs');
  });

  it('continues what an earlier run stated, and forgets it for hosts that are not configured', async () => {
    const first = await makeStates();
    first.states.statusOf('laptop_4444', laptop).waits(refused);
    first.states.statusOf('old_1', { host: 'old', port: 1 }).waits(refused);
    await first.states.close();
    const { states, read } = await makeStates(first.path);
    states.setConfigured(['laptop_4444']);
    states.statusOf('laptop_4444', laptop).exceeds(5);
    expect(await read()).toMatchObject({
      laptop_4444: { why: 'nobody answers; start it' },
      old_1: { receiver: 'old:1' },
    });
    expect((await read()).old_1).not.toHaveProperty('why');
  });

  it('takes a damaged file as none', () => {
    for (const text of ['', '{', '[]', '{"a":{"receiver":3}}', 'null']) {
      expect(decodeUplinks(Buffer.from(text))).toEqual({});
    }
  });
});
