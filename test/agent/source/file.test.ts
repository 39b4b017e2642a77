import { mkdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FileSettings, openFile } from '../../../agent/source/file.js';
import { systemClock } from '../../../shared/clock.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { makeJpeg } from '../../support/pictures.js';
import { eventually } from '../../support/eventually.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, next, rewriteForever } from '../../support/written-frames.js';

async function open(path: string, settings: Partial<FileSettings> = {}) {
  return closing(
    openFile({
      path,
      clock: systemClock,
      maxFrameBytes: 1_000_000,
      wantsExisting: false,
      wantsMore: settings.wantsExisting !== true,
      stabilityTimeoutMs: 10_000,
      ...settings,
    }),
  );
}

/** Ways in which programs write a new version of a file. */
const ways: Record<string, (path: string, bytes: Buffer) => Promise<void>> = {
  'overwritten in place': (path, bytes) => writeFile(path, bytes),
  'replaced by rename': async (path, bytes) => {
    await writeFile(`${path}.tmp`, bytes);
    await rename(`${path}.tmp`, path);
  },
  'deleted and written again': async (path, bytes) => {
    await rm(path, { force: true });
    await writeFile(path, bytes);
  },
};

describe('openFile', () => {
  it.each(Object.entries(ways))('returns each version of a file %s', async (_, write) => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path);
    for (const shade of [1, 2, 3]) {
      await write(path, makeJpeg(shade));
      const frame = await next(source);
      expect(frame.jpeg.equals(makeJpeg(shade))).toBe(true);
      expect(frame.origin).toBe(path);
    }
  });

  it('ignores the version that existed before it opened', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1));
    const source = await open(path);
    await writeFile(path, makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it('returns the newest of the versions that were written between two calls', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path);
    for (const shade of [1, 2, 3]) await writeFile(path, makeJpeg(shade));
    expect((await next(source)).jpeg.equals(makeJpeg(3))).toBe(true);
  });

  it('ignores other files in the directory', async () => {
    const directory = temporaryDirectory();
    const source = await open(join(directory, 'monitor.jpg'));
    await writeFile(join(directory, 'other.jpg'), makeJpeg(1));
    await writeFile(join(directory, 'monitor.jpg'), makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it.each(Object.entries(ways))(
    'does not starve on a file %s by a busy program',
    async (_, write) => {
      const directory = temporaryDirectory();
      const path = join(directory, 'monitor.jpg');
      const source = await open(path);
      const versions = [1, 2, 3].map((number) => makeJpeg(number));
      const busy = new AbortController();
      onTestFinished(() => busy.abort());
      const writing = (async () => {
        for (let turn = 0; !busy.signal.aborted; turn++) {
          await write(path, versions[turn % 3]!);
          await systemClock.sleep(30);
        }
      })();
      for (let taken = 0; taken < 5; taken++) {
        const { jpeg } = await next(source);
        expect(versions.some((each) => each.equals(jpeg))).toBe(true);
      }
      busy.abort();
      await writing;
    },
  );

  it('does not starve on a file that another process rewrites many times a second', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path);
    const versions = rewriteForever(path, 20);
    for (let taken = 0; taken < 5; taken++) {
      const { jpeg } = await next(source);
      expect(versions.some((each) => each.equals(jpeg))).toBe(true);
    }
  });

  it('reports a missing file once, and takes it when it is written', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { stabilityTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `${path} does not exist`,
    });
    const waiting = next(source);
    await writeFile(path, makeJpeg(1));
    expect((await waiting).jpeg.equals(makeJpeg(1))).toBe(true);
    await unlink(path);
    await expect(next(source)).rejects.toMatchObject({ code: 'CAMERA' });
  });

  it('refuses a version that stays incomplete and takes the next one', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { stabilityTimeoutMs: 300 });
    await writeFile(path, makeJpeg(1).subarray(0, 300));
    await expect(next(source)).rejects.toMatchObject({ code: 'FRAME' });
    await writeFile(path, makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it('refuses a version above the limit and takes the next one', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { maxFrameBytes: 10_000 });
    await writeFile(path, Buffer.alloc(10_001));
    await expect(next(source)).rejects.toMatchObject({ code: 'FRAME' });
    await writeFile(path, makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it('reports a missing directory once, and continues when it is back', async () => {
    const directory = join(temporaryDirectory(), 'camera');
    const path = join(directory, 'monitor.jpg');
    await mkdir(directory);
    const source = await open(path);
    await rm(directory, { recursive: true });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `the watched directory ${directory} does not exist`,
    });
    const waiting = next(source);
    await mkdir(directory);
    await writeFile(path, makeJpeg(1));
    expect((await waiting).jpeg.equals(makeJpeg(1))).toBe(true);
  });

  it('follows a symbolic link, also to another target', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'latest.jpg');
    await mkdir(join(directory, 'shots'));
    const source = await open(path);
    for (const shade of [1, 2]) {
      const shot = join('shots', `${shade}.jpg`);
      await writeFile(join(directory, shot), makeJpeg(shade));
      await rm(path, { force: true });
      await symlink(shot, path);
      expect((await next(source)).jpeg.equals(makeJpeg(shade))).toBe(true);
    }
    await writeFile(join(directory, 'shots', '2.jpg'), makeJpeg(3));
    expect((await next(source)).jpeg.equals(makeJpeg(3))).toBe(true);
  });

  it('refuses a path that is not a regular file, or whose directory does not exist', async () => {
    const directory = temporaryDirectory();
    await expect(open(directory)).rejects.toMatchObject({
      name: 'UsageError',
      hint: `for the frames in a directory use folder:${directory}`,
    });
    await expect(open(join(directory, 'nowhere', 'a.jpg'))).rejects.toBeInstanceOf(UsageError);
  });

  it('rejects with the reason of its signal', async () => {
    const source = await open(join(temporaryDirectory(), 'monitor.jpg'));
    const controller = new AbortController();
    const waiting = source.next(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('openFile, one-shot', () => {
  it('returns the existing version, with its time', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1));
    await utimes(path, 1_700_000_000, 1_700_000_000.5);
    const frame = await next(await open(path, { wantsExisting: true }));
    expect(frame.jpeg.equals(makeJpeg(1))).toBe(true);
    expect(frame.capturedAtMs).toBe(1_700_000_000_500);
  });

  it('waits for a file that is being written', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1).subarray(0, 300));
    const waiting = next(await open(path, { wantsExisting: true }));
    await writeFile(path, makeJpeg(1).subarray(300), { flag: 'a' });
    expect((await waiting).jpeg.equals(makeJpeg(1))).toBe(true);
  });

  it('fails when the file does not exist in time', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { wantsExisting: true, stabilityTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `${path} does not exist`,
    });
  });

  it('fails when the file is not complete in time', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1).subarray(0, 300));
    const source = await open(path, { wantsExisting: true, stabilityTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'FRAME',
      message: `${path} is not a complete JPEG after 300ms: it ends before its end marker (FF D9)`,
    });
  });
});

describe('openFile, a file that is never a picture', () => {
  it('fails although each version is replaced in time, does not call itself watching, and goes on', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const present: boolean[] = [];
    const observer = {
      polled: (_: boolean, isPresent: boolean): void => void present.push(isPresent),
    };
    const source = await open(path, { observer, stabilityTimeoutMs: 1000 });
    const writing = new AbortController();
    const written = (async () => {
      for (let n = 0; !writing.signal.aborted; n += 1) {
        await writeFile(path, `no picture ${n % 2}`);
        await setTimeout(300);
      }
    })();
    const error = {
      code: 'FRAME',
      message: expect.stringContaining('written again and again') as string,
    };
    await expect(next(source)).rejects.toMatchObject(error);
    await expect(next(source)).rejects.toMatchObject(error);
    const before = present.length;
    await expect(next(source)).rejects.toMatchObject(error);
    expect(new Set(present.slice(before))).toEqual(new Set([false]));
    writing.abort();
    await written;
    await writeFile(path, makeJpeg(1));
    expect((await next(source)).jpeg.equals(makeJpeg(1))).toBe(true);
    void next(source).catch(() => undefined);
    await eventually(() => present.at(-1), 'a file that is watched again');
  });

  it('waits for a file that only grows', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { stabilityTimeoutMs: 1000 });
    const taken = next(source);
    const jpeg = makeJpeg(1);
    const step = Math.ceil(jpeg.length / 8);
    for (let at = 0; at < jpeg.length; at += step) {
      await writeFile(path, jpeg.subarray(at, at + step), { flag: 'a' });
      await setTimeout(300);
    }
    expect((await taken).jpeg.equals(jpeg)).toBe(true);
  });
});

describe('openFile, existing and later versions', () => {
  it('returns the existing version, then each new one, and reports the checks in between', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1));
    const polls: boolean[] = [];
    const observer = { polled: (isQuiet: boolean): void => void polls.push(isQuiet) };
    const source = await open(path, { wantsExisting: true, wantsMore: true, observer });
    expect((await next(source)).jpeg.equals(makeJpeg(1))).toBe(true);
    const waiting = next(source);
    await eventually(() => polls.includes(true), 'a check of a quiet file');
    await writeFile(path, makeJpeg(2));
    expect((await waiting).jpeg.equals(makeJpeg(2))).toBe(true);
    expect(polls).toContain(false);
  });
});
