/** Limits of an installed receiver in a real systemd: its own sweep while frames arrive, and the timer's while none do. */
import { mkdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { dayMs, frameAt, plantAll } from '../receiver/archive/retention/given-store.js';
import { eventually } from '../support/eventually.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab();
const folder = '/opt/picchanged';
const captures = '/srv/captures';
const [timer, service] = ['picchanged-prune.timer', 'picchanged-prune.service'];

/** Four frames a day on four days, the last of them six days ago. */
async function plantOld(directory: string): Promise<void> {
  mkdirSync(directory);
  const firstMs = Date.now() - 9 * dayMs;
  const times = [0, 1, 2, 3].flatMap((day) => [0, 1, 2, 3].map((at) => firstMs + day * dayMs + at));
  await (await openFrameStore(directory, Date.now())).close();
  plantAll(
    directory,
    times.map((ms) => frameAt(ms)),
  );
}

describe.skipIf(why !== undefined)(`limits${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    const copies = packageAt(folder);
    lab = await Lab.boot({ copies });
    await plantOld(lab.path('/srv/old'));
  });
  afterAll(() => lab.close());
  afterEach(() => lab.run('rm', '-r', captures));

  const program =
    (name: string) =>
    (...args: string[]): Promise<string> =>
      lab.must('node', `${folder}/dist/${name}.js`, ...args);
  const [agent, receiver] = [program('agent'), program('receiver')];

  const frames = async (): Promise<string[]> => {
    const { stdout } = await lab.run('find', captures, '-name', '*.jpg');
    return stdout
      .split('\n')
      .filter((name) => name !== '')
      .sort();
  };
  const fillWithOld = (): Promise<string> =>
    lab.must(
      ...['sh', '-c'],
      `find ${captures} -mindepth 1 -delete; cp -r /srv/old/. ${captures}; chown -R surveillance: ${captures}`,
    );

  it('hold by a timer while no camera is connected, and without a limit nothing is deleted', async () => {
    await receiver('install', '--dir', captures, '--max-age', '7d', '--min-free', '1MiB');
    expect(await lab.show(timer, 'ActiveState')).toBe('active');
    expect(await lab.show(timer, 'UnitFileState')).toBe('enabled');
    expect(await lab.show('surveillance-many.service', 'ActiveState')).toBe('inactive');
    expect(await receiver('status')).toContain(`${timer} is active (waiting)`);
    // A fresh directory that no receiver has used.
    await lab.must('systemctl', 'start', service);
    expect(await lab.journal(service)).toContain('no receiver has stored in /srv/captures');

    await fillWithOld();
    await lab.must('systemctl', 'start', service);
    expect(await lab.journal(service)).toContain('8 frames deleted');
    expect(await frames()).toHaveLength(8);
    expect(await lab.must('find', captures, '!', '-user', 'surveillance')).toBe('');
    expect(await receiver('verify')).toContain('yard: all as recorded');
    expect(await receiver('doctor', '--json')).toContain(timer);

    await fillWithOld();
    await lab.must('sed', '-i', '/_MAX_AGE=\\|_MIN_FREE=/d', '/etc/picchanged/receiver.env');
    await lab.must('systemctl', 'start', service);
    expect(await lab.journal(service)).toContain('nothing is deleted: there is no limit');
    expect(await frames()).toHaveLength(16);
    expect(await receiver('install')).toContain('nothing is deleted: there is no limit');
    expect(await lab.show(timer, 'LoadState')).toBe('not-found');
    expect(await frames()).toHaveLength(16);

    await receiver('install', '--max-size', '1GiB');
    expect(await lab.show(timer, 'ActiveState')).toBe('active');
    await receiver('uninstall');
    expect(await lab.show(timer, 'LoadState')).toBe('not-found');
    expect((await lab.run('ls', '/var/lib/systemd/timers')).stdout).not.toContain('picchanged');
  });

  it('hold while frames arrive: the captures stay below them, with what is kept', async () => {
    const limit = 2 ** 20;
    await receiver('install', '--dir', captures, '--max-size', '1MiB', '--min-free', '1MiB');
    const source = ['--source', 'scene', '--all', '--interval', '1h'];
    await agent('install', '--host', '127.0.0.1', '--camera', 'yard', ...source);
    const unit = 'surveillance-many.service';
    const atLeast = (count: number): Promise<string[]> =>
      eventually(async () => {
        const found = await frames();
        return found.length >= count && found;
      }, `${count} frames`);
    // It is kept before others come, which push it out.
    const [kept = ''] = await atLeast(1);
    await receiver('keep', kept);
    await agent('install', '--interval', '50ms');
    const others = (await atLeast(3)).filter((name) => name !== kept);

    /** Bytes in blocks, while the receiver stands still. */
    const usedBytes = async (): Promise<number> => {
      await lab.must('systemctl', 'kill', '--signal', 'STOP', unit);
      // A removal that was begun may still be done.
      const all = ['find', captures, '-ignore_readdir_race'];
      const sizes = await lab.must(...all, '-type', 'f', '-printf', '%s\n');
      await lab.must('systemctl', 'kill', '--signal', 'CONT', unit);
      const blocks = sizes.split('\n').map((size) => Math.ceil(Number(size) / 4096));
      return blocks.reduce((sum, count) => sum + count * 4096, 0);
    };
    let [most, sweeps] = [0, 0];
    await eventually(async () => {
      most = Math.max(most, await usedBytes());
      sweeps = (await lab.journal(unit)).split('old frames deleted').length - 1;
      return sweeps >= 3;
    }, 'three sweeps');
    expect(most).toBeLessThan(limit);
    expect(most).toBeGreaterThan(limit / 2);
    const there = await frames();
    expect(there).toContain(kept);
    for (const gone of others) expect(there).not.toContain(gone);
    expect(await receiver('verify')).toContain('yard: all as recorded');
    // What it deletes does not come back, and new frames go on arriving.
    const [newest = ''] = there.slice(-1);
    await eventually(async () => (await frames()).some((name) => name > newest), 'newer frames');
    await agent('uninstall');
    await receiver('uninstall');
  });
});
