/** Whether a store takes frames: the newest attempt decides, and a trial where there is none. */
import { describe, expect, it } from 'vitest';
import { StoreHealth } from '../../../receiver/store/store-health.js';
import type { FrameStore, FrameToStore, Gap, Report } from '../../../receiver/store/store-port.js';
import { tryDirectory } from '../../../receiver/store/store-trials.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';
import { filesBelow } from '../../support/files.js';
import { temporaryDirectory } from '../../support/temporary.js';

const full = new OperationalError('STORE', 'full');
const stored = { name: 'yard/a.jpg', duplicate: false };

function makeWorld() {
  const clock = new FakeClock();
  const world = {
    ...{ clock, trials: 0, failure: undefined as Error | undefined },
    trial: (): Promise<void> => Promise.resolve(),
  };
  const outcome = (): Promise<typeof stored> =>
    world.failure === undefined ? Promise.resolve(stored) : Promise.reject(world.failure);
  const store: FrameStore = {
    ...{ id: 'a', put: outcome, recordGap: outcome, recordReport: outcome },
    ...{ lock: () => Promise.resolve(undefined), close: () => Promise.resolve() },
  };
  const { log, lines } = keptLog();
  const health = new StoreHealth(clock, log, () => {
    world.trials += 1;
    return world.trial();
  });
  return { world, clock, health, lines, watched: health.watch(store) };
}

describe('a store', () => {
  it('is tried while no frame comes, and not again at once', async () => {
    const { world, clock, health } = makeWorld();
    expect(await health.takesFrames()).toBe(true);
    expect(await health.takesFrames()).toBe(true);
    expect(world.trials).toBe(1);
    await clock.advance(5001);
    await health.takesFrames();
    expect(world.trials).toBe(2);
  });

  it.each([
    ['frame', (store: FrameStore) => store.put({} as FrameToStore)],
    ['gap', (store: FrameStore) => store.recordGap({} as Gap)],
    ['report', (store: FrameStore) => store.recordReport({} as Report)],
  ])('is known by its answer to a %s', async (_, attempt) => {
    const { world, clock, health, watched } = makeWorld();
    world.failure = full;
    await expect(attempt(watched)).rejects.toBe(full);
    expect(await health.takesFrames()).toBe(false);
    world.failure = undefined;
    expect(await attempt(watched)).toBe(stored);
    expect(await health.takesFrames()).toBe(true);
    expect(world.trials).toBe(0);
    await clock.advance(1);
  });

  it('works again when a trial works, also after a frame was refused', async () => {
    const { world, clock, health, watched } = makeWorld();
    world.failure = full;
    await expect(watched.put({} as FrameToStore)).rejects.toBe(full);
    world.trial = () => Promise.reject(full);
    await clock.advance(5001);
    expect(await health.takesFrames()).toBe(false);
    world.trial = () => Promise.resolve();
    await clock.advance(5001);
    expect(await health.takesFrames()).toBe(true);
  });

  it.each(['trial', 'frame'])(
    'that fails while no frame comes is in the log with the reason, until a %s works',
    async (what) => {
      const { world, clock, health, lines, watched } = makeWorld();
      world.trial = () =>
        Promise.reject(new OperationalError('STORE', 'full', { hint: 'make room' }));
      for (let ask = 0; ask < 3; ask += 1) {
        expect(await health.takesFrames()).toBe(false);
        await clock.advance(5001);
      }
      expect(lines).toEqual([expect.stringMatching(/takes no frames.*full; make room/)]);
      world.trial = () => Promise.resolve();
      if (what === 'frame') await watched.put({} as FrameToStore);
      else await health.takesFrames();
      expect(lines[1]).toContain('the store takes frames again');
    },
  );

  it('that does not answer a trial takes no frames, and is tried once', async () => {
    const { world, clock, health } = makeWorld();
    world.trial = () => new Promise(() => undefined);
    for (let ask = 0; ask < 2; ask += 1) {
      const asked = health.takesFrames();
      await clock.advance(1500);
      expect(await asked).toBe(false);
    }
    expect(world.trials).toBe(1);
  });
});

describe('a trial of a captures directory', () => {
  it('leaves nothing, and fails where no frame could be stored', async () => {
    const directory = temporaryDirectory();
    await expect(tryDirectory(directory)).rejects.toThrow('has no .picchanged.json any more');
    await (await openFrameStore(directory, Date.now())).close();
    const before = filesBelow(directory, { hidden: true });
    await tryDirectory(directory);
    expect(filesBelow(directory, { hidden: true })).toEqual(before);
    await expect(tryDirectory(`${directory}/missing`)).rejects.toThrow('cannot write in');
  });
});
