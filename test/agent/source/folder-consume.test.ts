/** `--consume` and `--recursive` of the folder source. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConsume } from '../../../agent/source/consume-guard.js';
import { ConsumedFiles } from '../../../agent/source/consumed-files.js';
import { type FolderSettings, openFolder } from '../../../agent/source/folder.js';
import { StateDirectory } from '../../../agent/service/state.js';
import { systemClock } from '../../../shared/clock.js';
import { keptLog } from '../../support/log.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, next } from '../../support/written-frames.js';

const consumed = (log = keptLog().log) => new ConsumedFiles(undefined, log, systemClock);

function openIn(directory: string, settings: Partial<FolderSettings> = {}) {
  const fixed = { directory, clock: systemClock, maxFrameBytes: 1_000_000 };
  return closing(openFolder({ ...fixed, ...settings }));
}

describe('folder source with subfolders', () => {
  it('takes files of subfolders that exist and of new ones, however deep', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'old'));
    writeFileSync(join(directory, 'old', 'seen.jpg'), makeJpeg(1));
    const source = await openIn(directory, { isRecursive: true });
    writeFileSync(join(directory, 'old', 'a.jpg'), makeJpeg(2));
    expect((await next(source)).origin).toBe(join(directory, 'old', 'a.jpg'));
    mkdirSync(join(directory, '2026', '11', '27'), { recursive: true });
    writeFileSync(join(directory, '2026', '11', '27', 'b.jpg'), makeJpeg(3));
    expect((await next(source)).origin).toBe(join(directory, '2026', '11', '27', 'b.jpg'));
    rmSync(join(directory, '2026'), { recursive: true });
    mkdirSync(join(directory, '2026'));
    writeFileSync(join(directory, '2026', 'c.jpg'), makeJpeg(4));
    expect((await next(source)).origin).toBe(join(directory, '2026', 'c.jpg'));
  });

  it('follows no link and looks into no hidden folder', async () => {
    const directory = temporaryDirectory();
    const other = temporaryDirectory();
    mkdirSync(join(directory, '.trash'));
    symlinkSync(other, join(directory, 'link'));
    const source = await openIn(directory, { isRecursive: true, consumed: consumed() });
    writeFileSync(join(other, 'a.jpg'), makeJpeg(1));
    writeFileSync(join(directory, '.trash', 'b.jpg'), makeJpeg(2));
    await expect(source.next(AbortSignal.timeout(2500))).rejects.toThrow('timeout');
    expect(existsSync(join(other, 'a.jpg'))).toBe(true);
  });

  it('says once that subfolders are not watched', async () => {
    const directory = temporaryDirectory();
    const lines: string[] = [];
    const log = { info: () => undefined, warn: (event: string) => void lines.push(event) };
    mkdirSync(join(directory, 'first'));
    const source = await openIn(directory, { log });
    mkdirSync(join(directory, 'second'));
    writeFileSync(join(directory, 'first', 'a.jpg'), makeJpeg(1));
    await expect(source.next(AbortSignal.timeout(1500))).rejects.toThrow('timeout');
    expect(lines).toEqual(['subfolders are not watched: --recursive takes their files']);
  });
});

describe('folder source with names that are not UTF-8', () => {
  /** As a camera that writes Latin-1: `é` is one byte. */
  const latin1 = (...names: string[]): Buffer => Buffer.from(join(...names), 'latin1');
  const told = ['files are not taken: their names, or those of folders, are no UTF-8'];

  function keptWarnings() {
    const lines: string[] = [];
    return {
      lines,
      log: { info: () => undefined, warn: (event: string) => void lines.push(event) },
    };
  }

  it('says once that it does not take files that lie there, and takes the others', async () => {
    const directory = temporaryDirectory();
    for (const name of ['entrée.jpg', 'allée.jpg']) {
      writeFileSync(latin1(directory, name), makeJpeg(1));
    }
    writeFileSync(join(directory, 'cour.jpg'), makeJpeg(2));
    const { log, lines } = keptWarnings();
    const source = await openIn(directory, { log, consumed: consumed() });
    expect((await next(source)).origin).toBe(join(directory, 'cour.jpg'));
    expect(lines).toEqual(told);
  });

  it('says it of a file that is new, and of a folder', async () => {
    const directory = temporaryDirectory();
    const { log, lines } = keptWarnings();
    const source = await openIn(directory, { log });
    writeFileSync(latin1(directory, 'entrée.jpg'), makeJpeg(1));
    await expect(source.next(AbortSignal.timeout(1500))).rejects.toThrow('timeout');
    expect(lines).toEqual(told);
    const above = temporaryDirectory();
    mkdirSync(latin1(above, 'entrée'));
    const other = keptWarnings();
    await openIn(above, { log: other.log, isRecursive: true });
    expect(other.lines).toEqual(told);
  });
});

describe('folder source that consumes', () => {
  it('takes what lies there at the start, and removes what is released', async () => {
    const directory = temporaryDirectory();
    const [taken, kept] = [join(directory, 'a.jpg'), join(directory, 'b.jpg')];
    writeFileSync(taken, makeJpeg(1));
    const source = await openIn(directory, { consumed: consumed() });
    const frame = await next(source);
    writeFileSync(kept, makeJpeg(2));
    expect((await next(source)).origin).toBe(kept);
    expect(existsSync(taken)).toBe(true);
    frame.lifecycle?.released();
    expect(existsSync(taken)).toBe(false);
    expect(existsSync(kept)).toBe(true);
  });

  it('keeps a file that was written again before its frame was released', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.jpg');
    writeFileSync(path, makeJpeg(1));
    const source = await openIn(directory, { consumed: consumed() });
    const first = await next(source);
    writeFileSync(`${path}.tmp`, makeJpeg(2));
    renameSync(`${path}.tmp`, path);
    first.lifecycle?.released();
    const second = await next(source);
    expect(second.jpeg.equals(makeJpeg(2))).toBe(true);
    second.lifecycle?.released();
    expect(existsSync(path)).toBe(false);
  });

  it('is watched although files that lie there are no JPEGs', async () => {
    const directory = temporaryDirectory();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(directory, `${name}.jpg`), 'no picture');
    const present: boolean[] = [];
    const observer = { polled: (_: boolean, is: boolean): void => void present.push(is) };
    const settings = { consumed: consumed(), observer, stabilityTimeoutMs: 300 };
    const source = await openIn(directory, settings);
    for (let nth = 0; nth < 3; nth += 1) {
      await expect(next(source)).rejects.toMatchObject({ code: 'FRAME' });
    }
    await expect(source.next(AbortSignal.timeout(300))).rejects.toThrow('timeout');
    expect(new Set(present)).toEqual(new Set([true]));
  });

  it('keeps what is no JPEG, and other files', async () => {
    const directory = temporaryDirectory();
    const [bad, text] = [join(directory, 'bad.jpg'), join(directory, 'notes.txt')];
    for (const path of [bad, text]) writeFileSync(path, 'not a picture');
    const source = await openIn(directory, { consumed: consumed(), stabilityTimeoutMs: 200 });
    await expect(next(source)).rejects.toMatchObject({ code: 'FRAME' });
    expect(existsSync(bad) && existsSync(text)).toBe(true);
  });

  it('reports a file that it cannot remove, once', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'sub', 'a.jpg');
    mkdirSync(dirname(path));
    writeFileSync(path, makeJpeg(1));
    const { lines, log } = keptLog();
    const source = await openIn(directory, { consumed: consumed(log), isRecursive: true });
    const frame = await next(source);
    // A folder in its place: ENOTDIR, also for root.
    renameSync(dirname(path), `${dirname(path)}-moved`);
    writeFileSync(dirname(path), '');
    frame.lifecycle?.released();
    frame.lifecycle?.released();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`a delivered file stays error="cannot remove ${path}`);
  });
});

describe('the guard of --consume', () => {
  async function check(directory: string, isAllowed = false, at = temporaryDirectory()) {
    const state = await StateDirectory.open(at);
    return checkConsume({ directory, isRecursive: true, isAllowed, state });
  }
  const refusal = (text: string) => ({
    code: 'USAGE',
    message: expect.stringContaining(text) as string,
  });

  it('refuses the root and folders above a home always, and a home without --yes', async () => {
    await expect(check('/', true)).rejects.toMatchObject(refusal('never removes files from /'));
    await expect(check(dirname(homedir()), true)).rejects.toMatchObject(refusal('never'));
    await expect(check(homedir())).rejects.toMatchObject(refusal('home directory'));
  });

  it('refuses a full folder before its first use, and remembers what it allowed', async () => {
    const directory = temporaryDirectory();
    const state = temporaryDirectory();
    mkdirSync(join(directory, 'sub'));
    const fill = () => {
      for (let n = 0; n < 11; n += 1) writeFileSync(join(directory, 'sub', `${n}.jpg`), '');
    };
    fill();
    await expect(check(directory, false, state)).rejects.toMatchObject(refusal('remove 11 JPEGs'));
    await check(directory, true, state);
    await check(directory, false, state);
    const other = temporaryDirectory();
    await check(other, false, state);
    for (let n = 0; n < 20; n += 1) writeFileSync(join(other, `${n}.jpg`), '');
    await check(other, false, state);
    expect(existsSync(join(state, 'consumed-folders'))).toBe(true);
  });
});
