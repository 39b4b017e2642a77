import { mkdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
      onLooked: () => undefined,
      settleTimeoutMs: 10_000,
      ...settings,
    }),
  );
}

/** Different ways in which programs write a file anew. */
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
  it.each(Object.entries(ways))('gives each version of a file %s', async (_, write) => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path);
    for (const shade of [1, 2, 3]) {
      await write(path, makeJpeg(shade));
      const frame = await next(source);
      expect(frame.jpeg.equals(makeJpeg(shade))).toBe(true);
      expect(frame.origin).toBe(path);
    }
  });

  it('passes over the version that was there before it opened', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1));
    const source = await open(path);
    await writeFile(path, makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it('gives the newest of the versions that came while nobody asked', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path);
    for (const shade of [1, 2, 3]) await writeFile(path, makeJpeg(shade));
    expect((await next(source)).jpeg.equals(makeJpeg(3))).toBe(true);
  });

  it('passes over the neighbours of its file', async () => {
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

  it('says once that its file stays away, and takes it when it comes', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { settleTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `${path} is not there`,
    });
    const waiting = next(source);
    await writeFile(path, makeJpeg(1));
    expect((await waiting).jpeg.equals(makeJpeg(1))).toBe(true);
    await unlink(path);
    await expect(next(source)).rejects.toMatchObject({ code: 'CAMERA' });
  });

  it('gives up a version that stays unfinished and takes the next one', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { settleTimeoutMs: 300 });
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

  it('says once that its directory is gone, and goes on when it is back', async () => {
    const directory = join(temporaryDirectory(), 'camera');
    const path = join(directory, 'monitor.jpg');
    await mkdir(directory);
    const source = await open(path);
    await rm(directory, { recursive: true });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `the watched directory ${directory} is gone`,
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

  it('refuses a path that is no regular file, or in no directory', async () => {
    const directory = temporaryDirectory();
    await expect(open(directory)).rejects.toMatchObject({
      name: 'UsageError',
      hint: `for the frames in a directory say folder:${directory}`,
    });
    await expect(open(join(directory, 'nowhere', 'a.jpg'))).rejects.toBeInstanceOf(UsageError);
  });

  it('ends a wait with the reason of its signal', async () => {
    const source = await open(join(temporaryDirectory(), 'monitor.jpg'));
    const controller = new AbortController();
    const waiting = source.next(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('openFile, one-shot', () => {
  it('gives the file as it is, with its time', async () => {
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

  it('fails when there is no file in time', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    const source = await open(path, { wantsExisting: true, settleTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `${path} is not there`,
    });
  });

  it('fails when the file does not become whole in time', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1).subarray(0, 300));
    const source = await open(path, { wantsExisting: true, settleTimeoutMs: 300 });
    await expect(next(source)).rejects.toMatchObject({
      code: 'FRAME',
      message: `${path} is no whole JPEG after 300ms: it ends before its end marker (FF D9)`,
    });
  });
});

describe('a file that a service was started for', () => {
  it('is a frame as it is, then each time it is written, and looks in between are told', async () => {
    const path = join(temporaryDirectory(), 'monitor.jpg');
    await writeFile(path, makeJpeg(1));
    const looks: boolean[] = [];
    const onLooked = (isQuiet: boolean): void => void looks.push(isQuiet);
    const source = await open(path, { wantsExisting: true, wantsMore: true, onLooked });
    expect((await next(source)).jpeg.equals(makeJpeg(1))).toBe(true);
    const waiting = next(source);
    await eventually(() => looks.includes(true), 'a look at a file that is quiet');
    await writeFile(path, makeJpeg(2));
    expect((await waiting).jpeg.equals(makeJpeg(2))).toBe(true);
    expect(looks).toContain(false);
  });
});
