import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchError } from '../../../agent/source/directory-watch.js';
import { type FolderSettings, openFolder } from '../../../agent/source/folder.js';
import { systemClock } from '../../../shared/clock.js';
import { OperationalError, UsageError } from '../../../shared/cli/errors.js';
import { eventually } from '../../support/eventually.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { closing, next, rewriteForever } from '../../support/written-frames.js';

async function openIn(directory: string, settings: Partial<FolderSettings> = {}) {
  const clock = systemClock;
  return closing(openFolder({ directory, clock, maxFrameBytes: 1_000_000, ...settings }));
}

/** Number of inotify watches of this process. */
function inotifyWatches(): number {
  const texts = readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return ''; // The descriptor of the listing itself.
    }
  });
  return texts.join('').match(/^inotify wd/gm)?.length ?? 0;
}

describe('openFolder', () => {
  it('returns a new file as a frame, with its bytes, its time and its path', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const path = join(directory, 'a.jpg');
    await writeFile(path, makeJpeg(1));
    await utimes(path, 1_700_000_000, 1_700_000_000.123);
    const frame = await next(source);
    expect(frame.jpeg.equals(makeJpeg(1))).toBe(true);
    expect(frame).toMatchObject({ capturedAtMs: 1_700_000_000_123, origin: path });
  });

  it('ignores files that existed before it opened, until they are rewritten', async () => {
    const directory = temporaryDirectory();
    await writeFile(join(directory, 'old.jpg'), makeJpeg(1));
    const source = await openIn(directory);
    await writeFile(join(directory, 'new.jpg'), makeJpeg(2));
    expect((await next(source)).origin).toBe(join(directory, 'new.jpg'));
    await writeFile(join(directory, 'old.jpg'), makeJpeg(3));
    const frame = await next(source);
    expect(frame.origin).toBe(join(directory, 'old.jpg'));
    expect(frame.jpeg.equals(makeJpeg(3))).toBe(true);
  });

  it('takes .jpg and .jpeg in any case and nothing else', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    for (const name of ['.hidden.jpg', 'a.jpg.tmp', 'a.png', 'jpg']) {
      await writeFile(join(directory, name), makeJpeg(1));
    }
    await mkdir(join(directory, 'below.jpg'));
    await writeFile(join(directory, 'below.jpg', 'a.jpg'), makeJpeg(1));
    await symlink(join(directory, 'a.png'), join(directory, 'link.jpg'));
    execFileSync('mkfifo', [join(directory, 'pipe.jpg')]);
    await writeFile(join(directory, 'A.JPG'), makeJpeg(2));
    expect((await next(source)).origin).toBe(join(directory, 'A.JPG'));
    await writeFile(join(directory, 'b.Jpeg'), makeJpeg(3));
    expect((await next(source)).origin).toBe(join(directory, 'b.Jpeg'));
  });

  it('returns each version of a file once, written in place or moved there', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    for (const shade of [1, 2, 3, 4]) {
      if (shade % 2 === 0) {
        await writeFile(join(directory, 'a.tmp'), makeJpeg(shade));
        await rename(join(directory, 'a.tmp'), join(directory, 'a.jpg'));
      } else await writeFile(join(directory, 'a.jpg'), makeJpeg(shade));
      expect((await next(source)).jpeg.equals(makeJpeg(shade))).toBe(true);
    }
  });

  it('takes other files while one is incomplete', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory, { stabilityTimeoutMs: 60_000 });
    const half = makeJpeg(1);
    await writeFile(join(directory, 'half.jpg'), half.subarray(0, 300));
    await writeFile(join(directory, 'whole.jpg'), makeJpeg(2));
    expect((await next(source)).origin).toBe(join(directory, 'whole.jpg'));
    await writeFile(join(directory, 'half.jpg'), half.subarray(300), { flag: 'a' });
    const frame = await next(source);
    expect(frame.origin).toBe(join(directory, 'half.jpg'));
    expect(frame.jpeg.equals(half)).toBe(true);
  });

  it('refuses a file that stays incomplete, once, and takes it when it is complete', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory, { stabilityTimeoutMs: 300 });
    const half = makeJpeg(1);
    await writeFile(join(directory, 'half.jpg'), half.subarray(0, 300));
    const error = await next(source).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OperationalError);
    expect(error).toMatchObject({
      code: 'FRAME',
      message: expect.stringMatching(
        /half\.jpg is not a complete JPEG.* 300ms: it ends before/,
      ) as string,
    });
    await writeFile(join(directory, 'whole.jpg'), makeJpeg(2));
    expect((await next(source)).origin).toBe(join(directory, 'whole.jpg'));
    await writeFile(join(directory, 'half.jpg'), half);
    expect((await next(source)).origin).toBe(join(directory, 'half.jpg'));
  });

  it('refuses a file above the limit and continues', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory, { maxFrameBytes: 10_000 });
    await writeFile(join(directory, 'huge.jpg'), Buffer.alloc(10_001));
    await expect(next(source)).rejects.toMatchObject({
      code: 'FRAME',
      message: `${directory}/huge.jpg has 10001 bytes; the limit is 10kB`,
    });
    await writeFile(join(directory, 'a.jpg'), makeJpeg(1));
    expect((await next(source)).origin).toBe(join(directory, 'a.jpg'));
  });

  it('is not watched while three files in a row are no pictures, until one is', async () => {
    const directory = temporaryDirectory();
    const present: boolean[] = [];
    const observer = { polled: (_: boolean, is: boolean): void => void present.push(is) };
    const source = await openIn(directory, { observer, stabilityTimeoutMs: 300 });
    const polledAfter = async (name: string, bytes: Buffer): Promise<boolean[]> => {
      await writeFile(join(directory, name), bytes);
      await next(source).catch((error: unknown) => expect(error).toMatchObject({ code: 'FRAME' }));
      present.length = 0;
      await expect(source.next(AbortSignal.timeout(300))).rejects.toThrow('timeout');
      return [...new Set(present)];
    };
    const half = makeJpeg(1).subarray(0, 300);
    expect(await polledAfter('a.jpg', half)).toEqual([true]);
    expect(await polledAfter('b.jpg', half)).toEqual([true]);
    expect(await polledAfter('c.jpg', half)).toEqual([false]);
    expect(await polledAfter('d.jpg', makeJpeg(2))).toEqual([true]);
    expect(await polledAfter('e.jpg', half)).toEqual([true]);
  });

  it('ignores dangling and circular links, and continues', async () => {
    const directory = temporaryDirectory();
    const links = async (start: string): Promise<void> => {
      await symlink(`${start}-self.jpg`, join(directory, `${start}-self.jpg`));
      await symlink(`${start}-b.jpg`, join(directory, `${start}-a.jpg`));
      await symlink(`${start}-a.jpg`, join(directory, `${start}-b.jpg`));
      await symlink('.', join(directory, `${start}-folder.jpg`));
      await symlink('nothing', join(directory, `${start}-nothing.jpg`));
    };
    await links('before');
    const source = await openIn(directory);
    for (let number = 1; number <= 3; number += 1) {
      const path = join(directory, `${number}.jpg`);
      await writeFile(path, makeJpeg(number));
      expect((await next(source)).origin).toBe(path);
      await rm(path);
      await links(`after-${number}`);
    }
    await writeFile(join(directory, '1.jpg'), makeJpeg(4));
    expect((await next(source)).jpeg.equals(makeJpeg(4))).toBe(true);
  });

  it('takes a file that becomes readable later', async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o777);
    becomeNobody();
    const path = join(directory, 'a.jpg');
    let polls = 0;
    const source = await openIn(directory, { observer: { polled: () => (polls += 1) } });
    await writeFile(path, makeJpeg(1), { mode: 0o200 });
    const waiting = next(source);
    // More than 4 polls: two checks, a failed read, and a check after it.
    await eventually(() => polls > 4, 'some polls');
    chmodSync(path, 0o600);
    expect((await waiting).origin).toBe(path);
  });

  it('refuses an unreadable file and continues', async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o777);
    becomeNobody();
    const source = await openIn(directory, { stabilityTimeoutMs: 300 });
    await writeFile(join(directory, 'secret.jpg'), makeJpeg(1), { mode: 0o200 });
    await writeFile(join(directory, 'a.jpg'), makeJpeg(2));
    const results = [
      await next(source).catch((reason: unknown) => reason),
      await next(source).catch((reason: unknown) => reason),
    ];
    expect(results).toContainEqual(expect.objectContaining({ code: 'FRAME' }));
    expect(results).toContainEqual(expect.objectContaining({ origin: join(directory, 'a.jpg') }));
  });

  it('returns all of 2,000 files that are written at once, each once', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const wanted = Array.from({ length: 2000 }, (_, n) => join(directory, `${n + 1000}.jpg`));
    const bytes = makeJpeg(1);
    for (const path of wanted) writeFileSync(path, bytes);
    const got: string[] = [];
    while (got.length < wanted.length) got.push((await next(source)).origin);
    expect(got.sort()).toEqual(wanted);
  });

  it('ignores a file that is removed before it is read', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    await writeFile(join(directory, 'gone.jpg'), makeJpeg(1));
    await writeFile(join(directory, 'a.jpg'), makeJpeg(2));
    await rm(join(directory, 'gone.jpg'));
    expect((await next(source)).origin).toBe(join(directory, 'a.jpg'));
  });

  it('does not starve on a file that is rewritten many times a second', async () => {
    const directory = temporaryDirectory();
    const source = await openIn(directory);
    const versions = rewriteForever(join(directory, 'a.jpg'), 50);
    for (let taken = 0; taken < 5; taken++) {
      const { jpeg } = await next(source);
      expect(versions.some((each) => each.equals(jpeg))).toBe(true);
    }
  });

  it('reports a missing directory once, and continues when it is back', async () => {
    const directory = join(temporaryDirectory(), 'frames');
    await mkdir(directory);
    const source = await openIn(directory);
    await writeFile(join(directory, 'a.jpg'), makeJpeg(1));
    await next(source);
    await rm(directory, { recursive: true });
    await expect(next(source)).rejects.toMatchObject({
      code: 'CAMERA',
      message: `the watched directory ${directory} does not exist`,
    });
    const waiting = next(source);
    await mkdir(directory);
    await writeFile(join(directory, 'a.jpg'), makeJpeg(2));
    expect((await waiting).jpeg.equals(makeJpeg(2))).toBe(true);
    await writeFile(join(directory, 'b.jpg'), makeJpeg(3));
    expect((await next(source)).jpeg.equals(makeJpeg(3))).toBe(true);
  });

  it('detects that its directory was replaced', async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, 'frames');
    await mkdir(directory);
    const source = await openIn(directory);
    await mkdir(join(parent, 'other'));
    await writeFile(join(parent, 'other', 'a.jpg'), makeJpeg(1));
    await rename(directory, join(parent, 'old'));
    await rename(join(parent, 'other'), directory);
    expect((await next(source)).jpeg.equals(makeJpeg(1))).toBe(true);
    await writeFile(join(directory, 'b.jpg'), makeJpeg(2));
    expect((await next(source)).jpeg.equals(makeJpeg(2))).toBe(true);
  });

  it('watches the target of a symbolic link', async () => {
    const parent = temporaryDirectory();
    await mkdir(join(parent, 'real'));
    await symlink('real', join(parent, 'link'));
    const source = await openIn(join(parent, 'link'));
    await writeFile(join(parent, 'real', 'a.jpg'), makeJpeg(1));
    expect((await next(source)).jpeg.equals(makeJpeg(1))).toBe(true);
  });

  it('refuses a missing directory, and a path that is not a directory', async () => {
    const parent = temporaryDirectory();
    await writeFile(join(parent, 'a.jpg'), makeJpeg(1));
    await expect(openIn(join(parent, 'nowhere'))).rejects.toBeInstanceOf(UsageError);
    await expect(openIn(join(parent, 'a.jpg'))).rejects.toBeInstanceOf(UsageError);
  });

  it('rejects with the reason of its signal', async () => {
    const source = await openIn(temporaryDirectory());
    const controller = new AbortController();
    const waiting = source.next(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it.skipIf(process.platform !== 'linux')('has no inotify watch after close', async () => {
    const before = inotifyWatches();
    const source = await openIn(temporaryDirectory());
    expect(inotifyWatches()).toBeGreaterThan(before);
    await source.close();
    await source.close();
    await eventually(() => inotifyWatches() <= before, 'the end of its watches');
  });
});

describe('watchError', () => {
  it.each([
    ['ENOSPC', 'raise the limit: sysctl fs.inotify.max_user_watches=524288'],
    ['EMFILE', 'raise the limit: sysctl fs.inotify.max_user_instances=524288'],
    ['EIO', undefined],
  ])('has a hint for %s', (code, hint) => {
    const cause = Object.assign(new Error(`${code}: it failed`), { code });
    expect(watchError('/frames', cause)).toMatchObject({ code: 'CAMERA', hint, cause });
  });
});
