/**
 * Links, pipes and folders that a local user planted in the captures directory: nothing outside it is written, no
 * operation blocks, the camera concerned gets a refusal, and the others are served.
 */
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkClosedMark, directoryMark } from '../../../receiver/store/closed-mark.js';
import { lockCamera } from '../../../receiver/store/camera-lock.js';
import { LockBatches } from '../../../receiver/store/lock-batches.js';
import { openFrameStore } from '../../../receiver/store/frame-store.js';
import { AgentPeer, peerEpoch } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { makeJpeg } from '../../support/pictures.js';
import { startReceiver } from '../../support/receiver.js';
import { temporaryDirectory } from '../../support/temporary.js';

const day = 'yard/2026_11_22';
const firstName = `${day}/2026_11_22_00_00_00_001+0000.jpg`;

/** Puts something at a path. */
type Plant = (path: string, outside: string) => void;
const plants = {
  'a link to a folder': (path, outside) => symlinkSync(outside, path),
  'a link to a file': (path, outside) => symlinkSync(join(outside, 'precious'), path),
  'a link to nothing': (path, outside) => symlinkSync(join(outside, 'new'), path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a link to a pipe': (path, outside) => symlinkSync(join(outside, 'pipe'), path),
  'a pipe': (path) => makePipe(path),
  'a folder': (path) => mkdirSync(path),
  'a file': (path) => writeFileSync(path, 'null'),
} satisfies Record<string, Plant>;
type Planted = keyof typeof plants;
const links = Object.keys(plants).filter((each) => each.startsWith('a link')) as Planted[];

function makePipe(path: string): void {
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
}

/** A folder outside the captures, and a check that it is unchanged. */
function makeOutside() {
  const outside = temporaryDirectory();
  writeFileSync(join(outside, 'precious'), 'precious');
  writeFileSync(join(outside, 'old.part'), 'precious too');
  makePipe(join(outside, 'pipe'));
  const contents = (): unknown =>
    readdirSync(outside).map((name) => {
      const path = join(outside, name);
      return [name, lstatSync(path).isFile() ? readFileSync(path, 'utf8') : 'no file'];
    });
  const before = contents();
  return { outside, isUntouched: () => expect(contents()).toEqual(before) };
}

function plant(directory: string, name: string, what: Planted, outside: string): void {
  const path = join(directory, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  plants[what](path, outside);
}

const folderCases = ['yard', day, 'yard/.incoming'].flatMap((name) =>
  ([...links, 'a pipe', 'a file'] as const).map((what) => ({ name, what })),
);
const recordCases = ([...links, 'a pipe', 'a folder'] as const).map((what) => ({
  name: `${day}/record.jsonl`,
  what,
}));

describe('what is planted in the captures directory', () => {
  it.each([...folderCases, ...recordCases])(
    '$what as $name: its camera is refused, and another is served',
    async ({ name, what }) => {
      const { outside, isUntouched } = makeOutside();
      const { directory, lines, port } = await startReceiver();
      const yard = new AgentPeer(port);
      yard.hello('yard');
      await yard.answer('welcome');
      plant(directory, name, what, outside);
      yard.frame(1, makeJpeg(1));
      expect(await yard.answer('refused')).toMatchObject({
        sequence: 1,
        code: 'store',
        retry: true,
      });
      expect(lines.join('')).toMatch(
        new RegExp(`${join(directory, name)} is (a symbolic link|not a folder|not a regular file)`),
      );
      yard.dropped(2);
      const garden = new AgentPeer(port);
      garden.hello('garden', 'ffeeddccbbaa99887766554433221100');
      garden.frame(1, makeJpeg(1));
      expect(await garden.answer('stored')).toMatchObject({ sequence: 1, duplicate: false });
      isUntouched();
      // After its removal the frame is stored on the same connection.
      rmSync(join(directory, name), { recursive: true });
      yard.frame(1, makeJpeg(1));
      const stored = { type: 'stored', sequence: 1, name: firstName, duplicate: false };
      await eventually(
        () => yard.messages.some((each) => isDeepStrictEqual(each, stored)),
        'the stored frame',
      );
    },
  );

  it.each([...links, 'a pipe', 'a folder'] as const)(
    '%s under the name of a frame: the frame gets another',
    async (what) => {
      const { outside, isUntouched } = makeOutside();
      // The target has the frame's bytes, but it is not a stored frame.
      writeFileSync(join(outside, 'precious'), makeJpeg(1));
      const { directory, port } = await startReceiver();
      plant(directory, firstName, what, outside);
      const yard = new AgentPeer(port);
      yard.hello('yard');
      yard.frame(1, makeJpeg(1));
      expect(await yard.answer('stored')).toMatchObject({
        name: firstName.replace('.jpg', '-2.jpg'),
        duplicate: false,
      });
      rmSync(join(outside, 'precious'));
      writeFileSync(join(outside, 'precious'), 'precious');
      isUntouched();
    },
  );
});

describe("what is planted in a camera lock's place", () => {
  const cases = [
    ...[...links, 'a pipe', 'a folder'].map((what) => ({ name: '.locks/yard', what })),
    ...[...links, 'a pipe', 'a file'].map((what) => ({ name: '.locks', what })),
  ] as { name: string; what: Planted }[];

  it.each(cases)('$what as $name: frames of the camera are refused', async ({ name, what }) => {
    const { outside, isUntouched } = makeOutside();
    const { directory, port } = await startReceiver();
    plant(directory, name, what, outside);
    const yard = new AgentPeer(port);
    yard.hello('yard');
    yard.frame(1, makeJpeg(1));
    expect(await yard.answer('refused')).toMatchObject({ code: 'store', retry: true });
    isUntouched();
    rmSync(join(directory, name), { recursive: true });
    yard.frame(1, makeJpeg(1));
    await yard.answer('stored');
  });

  afterEach(() => void vi.useRealTimers());

  it.each(['null', '7', '[]', '{"connection":{}}', '\0', '['.repeat(100_000)])(
    '%.20s in it is ignored',
    async (text) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const directory = temporaryDirectory();
      const path = join(directory, '.locks/yard');
      let isReplaced = false;
      const onReplaced = (): void => void (isReplaced = true);
      const claim = { camera: 'yard', epoch: peerEpoch, onReplaced };
      const lock = await lockCamera(directory, claim, new LockBatches());
      writeFileSync(path, text);
      vi.advanceTimersByTime(3000);
      // The check of the lock, started above, has fewer steps than these reads.
      for (let nth = 0; nth < 10; nth += 1) await readFile(path);
      writeFileSync(path, JSON.stringify({ epoch: peerEpoch, connection: 'another' }).padEnd(127));
      await eventually(() => {
        vi.advanceTimersByTime(3000);
        return isReplaced;
      }, 'a check of the lock');
      await lock?.release();
    },
  );
});

describe("what is planted in the marker's place", () => {
  it.each(['a link to nothing', 'a link to a pipe', 'a pipe', 'a folder'] as const)(
    '%s: the store is not opened, and one that is open stores nothing',
    async (what) => {
      const { outside, isUntouched } = makeOutside();
      const { directory, port } = await startReceiver();
      const yard = new AgentPeer(port);
      yard.hello('yard');
      await yard.answer('welcome');
      plant(directory, '.picchanged.json', what, outside);
      yard.frame(1, makeJpeg(1));
      expect(await yard.answer('refused')).toMatchObject({ code: 'store', retry: true });
      await expect(openFrameStore(directory, Date.now())).rejects.toMatchObject({ code: 'STORE' });
      isUntouched();
    },
  );

  it.each([...links, 'a pipe', 'a folder', 'a file'] as const)(
    '%s as the mark of a closed receiver: it stays closed',
    async (what) => {
      const { outside, isUntouched } = makeOutside();
      const directory = temporaryDirectory();
      plant(directory, '.picchanged-closed', what, outside);
      const checking = checkClosedMark(directoryMark(directory), false, '/keys');
      await expect(checking).rejects.toMatchObject({ code: 'KEYS' });
      await checkClosedMark(directoryMark(directory), true, '/keys');
      isUntouched();
    },
  );
});

describe('unfinished files at a start', () => {
  it('are not searched behind a link', async () => {
    const { outside, isUntouched } = makeOutside();
    const directory = temporaryDirectory();
    plant(directory, 'yard/.incoming', 'a link to a folder', outside);
    plant(directory, 'garden', 'a link to a folder', outside);
    const inAnHour = Date.now() + 3_600_000;
    await openFrameStore(directory, inAnHour);
    isUntouched();
    rmSync(join(directory, 'yard/.incoming'));
    plant(directory, 'yard/.incoming/old.part', 'a link to a file', outside);
    await openFrameStore(directory, inAnHour);
    isUntouched();
    expect(readdirSync(join(directory, 'yard/.incoming'))).toEqual([]);
  });
});
