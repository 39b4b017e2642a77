/** What `--consume` remembers of the files that it took. */
import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsumedFiles } from '../../../agent/source/consumed-files.js';
import { statVersion } from '../../../agent/source/pending-file.js';
import { type TakenFile, TakenFiles } from '../../../agent/source/taken-files.js';
import { StateDirectory } from '../../../agent/service/state.js';
import { systemClock } from '../../../shared/clock.js';
import { keptLog } from '../../support/log.js';
import { smallDisk, whyNoMount } from '../../support/mounts.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** A folder with two files, and a state directory. */
async function stage() {
  const folder = temporaryDirectory();
  const state = await StateDirectory.open(temporaryDirectory());
  const names = ['a.jpg', 'b.jpg'].map((name) => join(folder, name));
  const files: TakenFile[] = [];
  for (const path of names) {
    writeFileSync(path, makeJpeg(files.length));
    const version = (await statVersion(path, false))?.id ?? '';
    files.push({ path, version, capturedAtMs: 1000 + files.length, sha256: '0'.repeat(64) });
  }
  const [a, b] = files;
  if (!a || !b) throw new Error('no files');
  const opened: TakenFiles[] = [];
  /** As the next process. */
  const open = async (): Promise<TakenFiles> => {
    await opened.at(-1)?.close();
    opened.push(await TakenFiles.open(state));
    return opened.at(-1) ?? TakenFiles.open(state);
  };
  return { state, folder, a, b, open, stored: join(state.path, 'taken-files') };
}

const notAsked = () => Promise.reject(new Error('not asked'));

describe('taken files', () => {
  it('are known to the next process, while they are the same version', async () => {
    const { a, b, open } = await stage();
    const first = await open();
    await first.add(a);
    await first.add(b);
    writeFileSync(b.path, makeJpeg(9));
    utimesSync(b.path, 5, 5);
    const next = await open();
    expect(next.has(a.path, a.version)).toBe(true);
    expect(next.has(b.path, b.version)).toBe(false);
    expect(next.all).toEqual([{ ...a, isReleased: false }]);
    await next.close();
  });

  it('survive a line that a power cut tore', async () => {
    const { a, open, stored } = await stage();
    await (await open()).add(a);
    appendFileSync(stored, '{"path":"/tmp/b.jp');
    const next = await open();
    expect(next.has(a.path, a.version)).toBe(true);
    await next.close();
  });

  const noDisk = whyNoMount();
  it('survive a line that a full disk has cut off', async (context) => {
    if (noDisk !== undefined) return context.skip(noDisk);
    const { a, stored: name } = await stage();
    const state = await StateDirectory.open(smallDisk('64k'));
    const stored = join(state.path, basename(name));
    const filler = join(state.path, 'filler');
    writeFileSync(filler, Buffer.alloc(40_960));
    const taken = await TakenFiles.open(state);
    let failure: unknown;
    for (let n = 0; n < 1000 && failure === undefined; n += 1) {
      await taken
        .add({ ...a, path: `${a.path}-${n}` })
        .catch((error: unknown) => (failure = error));
    }
    expect(failure).toMatchObject({ code: 'STATE' });
    expect(readFileSync(stored, 'utf8').endsWith('\n')).toBe(false);
    rmSync(filler);
    await taken.add(a);
    await taken.close();
    const next = await TakenFiles.open(state);
    expect(next.has(a.path, a.version)).toBe(true);
    await next.close();
  });

  it('drop the lines of files that are gone', async () => {
    const { a, b, open, stored } = await stage();
    const taken = await open();
    await taken.add(b);
    for (let n = 0; n < 1100; n += 1) {
      await taken.add({ ...a, path: `${a.path}-${n}` });
      taken.forget(`${a.path}-${n}`);
    }
    expect(readFileSync(stored, 'utf8').split('\n').length).toBeLessThan(200);
    const next = await open();
    expect(next.has(b.path, b.version)).toBe(true);
    await next.close();
  });
});

describe('the files that an earlier process took', () => {
  it('are removed when the spool has delivered them, and stay when it does not hold them', async () => {
    const { a, b, open } = await stage();
    const taken = await open();
    await taken.add(a);
    await taken.add(b);
    const { log, lines } = keptLog();
    const delivered: (() => void)[] = [];
    const files = new ConsumedFiles(await open(), log, systemClock);
    await files.resume({
      resume: ({ capturedAtMs }, onDelivered) => {
        if (capturedAtMs === a.capturedAtMs) delivered.push(onDelivered);
        return Promise.resolve(capturedAtMs === a.capturedAtMs);
      },
      newestOf: notAsked,
    });
    expect(lines).toEqual([expect.stringContaining('files stay')]);
    expect(lines[0]).toContain(b.path);
    expect(existsSync(a.path)).toBe(true);
    for (const act of delivered) act();
    expect(existsSync(a.path)).toBe(false);
    expect(existsSync(b.path)).toBe(true);
    await (await open()).close();
  });

  it('are taken again, unless their frame is the newest in the spool and of no other file', async () => {
    const { a, b, open } = await stage();
    const resumed: number[] = [];
    const resume = async (newestMs: number | undefined) => {
      const taken = await open();
      const files = new ConsumedFiles(taken, keptLog().log, systemClock);
      await files.resume({
        resume: ({ capturedAtMs }) => {
          resumed.push(capturedAtMs);
          return Promise.resolve(true);
        },
        newestOf: () => Promise.resolve(newestMs),
      });
      return taken.has(b.path, b.version);
    };
    await (await open()).add({ ...b, capturedAtMs: undefined });
    expect(await resume(7000)).toBe(true);
    expect(resumed).toEqual([7000]);
    // The newest frame with these bytes is that of another file.
    await (await open()).add({ ...a, capturedAtMs: 7000 });
    expect(await resume(7000)).toBe(false);
    await (await open()).add({ ...b, capturedAtMs: undefined });
    expect(await resume(undefined)).toBe(false);
    await (await open()).close();
  });

  it('are removed at once, when they were delivered and could not be removed', async () => {
    const { a, open } = await stage();
    await (await open()).add({ ...a, isReleased: true });
    const { log, lines } = keptLog();
    const files = new ConsumedFiles(await open(), log, systemClock);
    await files.resume({ resume: notAsked, newestOf: notAsked });
    expect(existsSync(a.path)).toBe(false);
    expect(lines).toEqual([]);
    await (await open()).close();
  });
});
