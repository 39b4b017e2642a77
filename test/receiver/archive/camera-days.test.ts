/** The cameras and their days: what is new and what is gone is found, links are none, what has not changed is not listed. */
import {
  mkdirSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Folder } from '../../../receiver/store/folder.js';
import { CameraDays } from '../../../receiver/archive/camera-days.js';
import { FakeClock } from '../../support/fake-clock.js';
import { temporaryDirectory } from '../../support/temporary.js';

async function open(aheadMs = 0) {
  const directory = temporaryDirectory();
  const captures = await Folder.open(directory);
  onTestFinished(() => captures.close());
  const days = new CameraDays(new FakeClock(Date.now() + aheadMs));
  const add = (...path: string[]): unknown =>
    mkdirSync(join(directory, ...path), { recursive: true });
  return { directory, captures, days, add };
}

describe('the days of cameras', () => {
  it.each([
    ['now', 0],
    ['after the clock was set back', -3_600_000],
  ])('are those of the folders: %s', async (_, aheadMs) => {
    const { directory, captures, days, add } = await open(aheadMs);
    expect(await days.cameras(captures)).toEqual([]);
    add('yard', '2026_11_20');
    add('yard', 'other');
    add('door', 'unclocked');
    add('lost+found', '2026_11_20');
    expect(await days.cameras(captures)).toEqual(['door', 'yard']);
    expect(await days.of(captures, 'yard')).toEqual(['2026_11_20']);
    expect(await days.of(captures, 'door')).toEqual([]);
    add('yard', '2026_11_22');
    add('yard', '2026_11_21');
    expect(await days.of(captures, 'yard')).toEqual(['2026_11_20', '2026_11_21', '2026_11_22']);
    rmdirSync(join(directory, 'yard/2026_11_20'));
    expect(await days.of(captures, 'yard')).toEqual(['2026_11_21', '2026_11_22']);
    rmSync(join(directory, 'yard'), { recursive: true });
    expect(await days.of(captures, 'yard')).toEqual([]);
    expect(await days.cameras(captures)).toEqual(['door']);
    add('yard', '2026_11_23');
    expect(await days.of(captures, 'yard')).toEqual(['2026_11_23']);
  });

  it('are not those of links and files', async () => {
    const { directory, captures, days, add } = await open(60_000);
    add('yard', '2026_11_20');
    symlinkSync(join(directory, 'yard'), join(directory, 'door'));
    writeFileSync(join(directory, 'gate'), '');
    expect(await days.cameras(captures)).toEqual(['yard']);
    expect(await days.of(captures, 'door')).toEqual([]);
    expect(await days.of(captures, 'gate')).toEqual([]);
  });

  it('are listed again only when a folder has changed', async () => {
    const { directory, captures, days, add } = await open(60_000);
    add('yard', '2026_11_20');
    const opened = vi.spyOn(captures, 'openFolder');
    await days.of(captures, 'yard');
    await days.cameras(captures);
    await days.of(captures, 'yard');
    expect(opened).toHaveBeenCalledTimes(1);
    const path = join(directory, 'yard');
    utimesSync(path, statSync(path).atime, new Date(Date.now() - 5000));
    await days.of(captures, 'yard');
    expect(opened).toHaveBeenCalledTimes(2);
  });
});
