/** The folder of buffered frames between one-shot runs: complete files, access of one user, contents verified. */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BufferedFrames } from '../../../agent/events/buffered-frames.js';
import type { Buffered } from '../../../agent/events/event-recorder.js';
import type { CapturedFrame } from '../../../agent/source/frame-source.js';
import { keptLog } from '../../support/log.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { detectionOf } from './detections.js';

function buffered(number: number): Buffered<CapturedFrame> {
  const jpeg = makeJpeg(number);
  return {
    frame: { jpeg, capturedAtMs: number, origin: 'a test' },
    ...{ capturedAtMs: number, detection: detectionOf('q'), byteCount: jpeg.length },
    ...{ isPending: false, isDue: number === 2 },
  };
}

async function openFolder() {
  const base = temporaryDirectory();
  const { log, lines } = keptLog();
  const open = () => BufferedFrames.open(base, '/var/lib/picchanged', log);
  const frames = await open();
  const [name = ''] = readdirSync(base);
  return { base, folder: join(base, name), frames, open, lines };
}

const bytesOf = (found: readonly Buffered<CapturedFrame>[]) => found.map(({ frame }) => frame.jpeg);

function removed(path: string): string {
  rmSync(path);
  return path;
}

function made(folder: string): string {
  mkdirSync(folder);
  return folder;
}

describe('buffered frames', () => {
  it('are the same in the next run', async () => {
    const { frames, open, lines } = await openFolder();
    const names = await frames.keep([buffered(1), buffered(2)]);
    const found = await (await open()).read(names);
    expect(bytesOf(found)).toEqual([makeJpeg(1), makeJpeg(2)]);
    expect(found.map(({ isDue }) => isDue)).toEqual([false, true]);
    expect(found[0]?.frame.capturedAtMs).toBe(1);
    expect(lines).toEqual([]);
  });

  it('are readable by their user only', async () => {
    const { folder, frames } = await openFolder();
    await frames.keep([buffered(1)]);
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      expect(lstatSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('of another state directory are in another folder', async () => {
    const { base, frames } = await openFolder();
    await frames.keep([buffered(1)]);
    await BufferedFrames.open(base, '/var/lib/other', keptLog().log);
    expect(readdirSync(base)).toHaveLength(2);
  });

  it('are removed when the state does not list them, and other files are not', async () => {
    const { folder, frames } = await openFolder();
    const [, second] = await frames.keep([buffered(1), buffered(2)]);
    writeFileSync(join(folder, 'letter.txt'), 'not ours');
    await frames.tidy([second!]);
    expect(readdirSync(folder).sort()).toEqual([`${second!.frame}.jpg`, 'letter.txt'].sort());
  });

  it.each<[string, (path: string) => void]>([
    ['is missing', (path) => rmSync(path)],
    ['is cut off', (path) => truncateSync(path, 10)],
    ['has other bytes', (path) => writeFileSync(path, Buffer.alloc(makeJpeg(1).length))],
    [
      'is a folder',
      (path) => {
        mkdirSync(removed(path));
      },
    ],
    [
      'is a link',
      (path) => {
        symlinkSync('/dev/zero', removed(path));
      },
    ],
  ])('of which one %s do without it, with a word', async (_, damage) => {
    const { folder, frames, open, lines } = await openFolder();
    const names = await frames.keep([buffered(1), buffered(2)]);
    damage(join(folder, `${names[0]!.frame}.jpg`));
    const next = await open();
    expect(bytesOf(await next.read(names))).toEqual([makeJpeg(2)]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/buffered frames of an earlier run cannot be used frames=1 error=/);
    expect(await next.keep([buffered(2)])).toEqual([names[1]]);
  });

  it('replace partial files of a killed run', async () => {
    const { folder, frames, open } = await openFolder();
    const [name] = await frames.keep([buffered(1)]);
    truncateSync(join(folder, `${name!.frame}.jpg`), 10);
    const next = await open();
    expect(bytesOf(await next.read(await next.keep([buffered(1)])))).toEqual([makeJpeg(1)]);
  });

  it('that cannot be written are left out, which is logged', async () => {
    const { folder, frames, lines } = await openFolder();
    rmSync(folder, { recursive: true });
    expect(await frames.keep([buffered(1)])).toEqual([]);
    expect(lines.join()).toContain('cannot buffer a frame for the next run');
  });
});

describe('an existing folder of buffered frames', () => {
  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'is accessible to other users',
      (folder) => {
        chmodSync(made(folder), 0o777);
      },
      /has mode 777/,
    ],
    ['is a link', (folder) => symlinkSync('/tmp', folder), /is not a directory/],
    ['is a file', (folder) => writeFileSync(folder, ''), /is not a directory/],
  ])('that %s is not used', async (_, make, message) => {
    const { folder, open } = await openFolder();
    rmSync(folder, { recursive: true });
    make(folder);
    await expect(open()).rejects.toThrow(
      expect.objectContaining({ code: 'STATE', message: expect.stringMatching(message) as string }),
    );
  });

  it('of another user is not used', async (test) => {
    test.skip(process.getuid?.() !== 0, 'only root can give a folder away');
    const { folder, open } = await openFolder();
    chownSync(folder, 65_534, 65_534);
    await expect(open()).rejects.toThrow('belongs to user 65534; this process runs as user 0');
  });

  it('cannot be made without a runtime directory', async () => {
    const { log } = keptLog();
    await expect(BufferedFrames.open('/nowhere', '/state', log)).rejects.toThrow(
      'cannot make /nowhere/',
    );
  });
});
