/** Film strips: each frame in its tile, whatever the others are. */
import { readFileSync } from 'node:fs';
import jpegJs from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import {
  type Strip,
  makeStrip,
  maxStripFrameBytes,
} from '../../../../receiver/web/strips/make-strip.js';
import { encodeJpeg } from '../../../../shared/jpeg/encoder.js';

type Colour = readonly [red: number, green: number, blue: number];

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../fixtures/jpeg/${name}.jpg`, import.meta.url));

function plain([red, green, blue]: Colour, widthPx = 64, heightPx = 48): Buffer {
  const rgba = Buffer.alloc(4 * widthPx * heightPx);
  for (let at = 0; at < rgba.length; at += 4) rgba.set([red, green, blue, 255], at);
  return encodeJpeg({ widthPx, heightPx, rgba }, 90);
}

const empty: Colour = [32, 32, 32];
const red: Colour = [200, 40, 30];
const never = new AbortController().signal;

/** A strip of frames that are in memory. */
const stripOf = (
  tiles: readonly (Buffer | undefined)[],
  tileSize?: { widthPx: number; heightPx: number },
) =>
  makeStrip({
    tiles,
    readFrame: (jpeg) => Promise.resolve(jpeg),
    ...(tileSize && { tileSize }),
    signal: never,
  });

const decodedStrips = new WeakMap<Strip, ReturnType<typeof jpegJs.decode>>();

function decodedOf(strip: Strip) {
  const decoded = decodedStrips.get(strip) ?? jpegJs.decode(strip.jpeg);
  decodedStrips.set(strip, decoded);
  return decoded;
}

/** The colour at a place of a tile, as a share of its width and height. */
function colourIn(strip: Strip, index: number, across = 0.5, down = 0.5): Colour {
  const { width, data } = decodedOf(strip);
  const x = Math.floor(((index % 10) + across) * strip.tileWidth);
  const y = Math.floor((Math.floor(index / 10) + down) * strip.tileHeight);
  const at = 4 * (y * width + x);
  return [data[at]!, data[at + 1]!, data[at + 2]!];
}

function expectColour(got: Colour, wanted: Colour): void {
  for (const i of [0, 1, 2] as const) expect(Math.abs(got[i] - wanted[i])).toBeLessThan(9);
}

describe('a film strip', () => {
  it('has each of 60 frames in its tile', async () => {
    // Seven: each column and each row has several.
    const some = Array.from({ length: 7 }, (_, i): Colour => [40 + 25 * i, 220 - 25 * i, 100]);
    const frames = some.map((colour) => plain(colour));
    const strip = await stripOf(Array.from({ length: 60 }, (_, index) => frames[index % 7]));
    expect(strip).toMatchObject({ tileWidth: 80, tileHeight: 60, columns: 10, failures: [] });
    expect(strip.present).toEqual(Array.from({ length: 60 }, (_, index) => index));
    const { width, height } = decodedOf(strip);
    expect([width, height]).toEqual([800, 360]);
    for (const index of strip.present) expectColour(colourIn(strip, index), some[index % 7]!);
  });

  it('shows a picture upright and in its colours', async () => {
    const rgba = Buffer.alloc(4 * 640 * 480);
    for (let at = 0; at < rgba.length; at += 4) {
      const [x, y] = [(at / 4) % 640, Math.floor(at / 4 / 640)];
      rgba.set([x < 320 ? 210 : 40, y < 240 ? 200 : 50, 90, 255], at);
    }
    const strip = await stripOf([encodeJpeg({ widthPx: 640, heightPx: 480, rgba }, 90)]);
    expect([strip.tileWidth, strip.tileHeight]).toEqual([160, 120]);
    expectColour(colourIn(strip, 0, 0.2, 0.2), [210, 200, 90]);
    expectColour(colourIn(strip, 0, 0.8, 0.2), [40, 200, 90]);
    expectColour(colourIn(strip, 0, 0.2, 0.8), [210, 50, 90]);
    expectColour(colourIn(strip, 0, 0.8, 0.8), [40, 50, 90]);
  });

  it('is dark where a tile has no frame', async () => {
    const strip = await stripOf([undefined, plain(red), undefined, plain(red)]);
    expect(strip.present).toEqual([1, 3]);
    for (const index of [0, 2, 4, 59]) expectColour(colourIn(strip, index), empty);
    for (const index of [1, 3]) expectColour(colourIn(strip, index), red);
  });

  it('reports frames that cannot be read or decoded, and shows the others', async () => {
    const missing = Object.assign(new Error('ENOENT: no such file: 12.00.jpg'), { code: 'ENOENT' });
    const strip = await makeStrip<Buffer | Error>({
      tiles: [
        ...[missing, fixture('444').subarray(0, 500), fixture('arithmetic'), Buffer.alloc(0)],
        ...[plain(red), fixture('progressive'), Buffer.alloc(maxStripFrameBytes + 1)],
      ],
      readFrame: (frame) =>
        frame instanceof Error ? Promise.reject(frame) : Promise.resolve(frame),
      signal: never,
    });
    expect(strip.present).toEqual([4, 5]);
    expect(strip.failures).toEqual([
      { index: 0, reason: expect.stringContaining('ENOENT') as string },
      { index: 1, reason: expect.stringContaining('damaged') as string },
      { index: 2, reason: expect.stringContaining('SOF9') as string },
      { index: 3, reason: expect.stringContaining('empty') as string },
      { index: 6, reason: expect.stringMatching(/16777217 bytes.*16777216/) as string },
    ]);
    for (const { index } of strip.failures) expectColour(colourIn(strip, index), empty);
    // The first frame that can be read has the aspect 4:3.
    expect([strip.tileWidth, strip.tileHeight]).toEqual([80, 60]);
    expectColour(colourIn(strip, 4), red);
  });

  it.each([[[]], [[undefined]], [[Buffer.from('x'), Buffer.from('y')]]])(
    'is all dark when there is no frame that can be read: %#',
    async (tiles) => {
      const strip = await stripOf(tiles);
      expect(strip).toMatchObject({ tileWidth: 160, tileHeight: 90, present: [] });
      for (const index of [0, 31, 59]) expectColour(colourIn(strip, index), empty);
    },
  );

  it('letterboxes frames of another aspect', async () => {
    const strip = await stripOf([plain(red), plain(red, 128, 48), plain(red, 48, 96)]);
    expect([strip.tileWidth, strip.tileHeight]).toEqual([80, 60]);
    for (const [index, across, down, colour] of [
      ...([[0, 0.05, 0.05, red], [0, 0.95, 0.95, red]] as const), // prettier-ignore
      ...([[1, 0.5, 0.08, empty], [1, 0.05, 0.5, red], [1, 0.5, 0.9, empty]] as const), // prettier-ignore
      ...([[2, 0.1, 0.5, empty], [2, 0.5, 0.05, red], [2, 0.9, 0.5, empty]] as const), // prettier-ignore
    ] as const) {
      expectColour(colourIn(strip, index, across, down), colour);
    }
  });

  it('has tiles of the size that the caller wants', async () => {
    const strip = await stripOf([plain(red)], { widthPx: 100, heightPx: 20 });
    expect([strip.tileWidth, strip.tileHeight]).toEqual([100, 20]);
    expectColour(colourIn(strip, 0, 0.5, 0.5), red);
    expectColour(colourIn(strip, 0, 0.1, 0.5), empty);
    await expect(stripOf([], { widthPx: 241, heightPx: 20 })).rejects.toThrow(RangeError);
    await expect(stripOf(new Array<undefined>(61).fill(undefined))).rejects.toThrow(RangeError);
  });

  it('reads one frame at a time, and lets other work run between two', async () => {
    let [reading, most, turns, isDone] = [0, 0, 0, false];
    const other = (): void => {
      turns += 1;
      if (!isDone) setImmediate(other);
    };
    setImmediate(other);
    await makeStrip({
      tiles: new Array<Buffer>(20).fill(plain(red)),
      readFrame: async (jpeg, { maxBytes }) => {
        expect(maxBytes).toBe(16 * 1024 * 1024);
        reading += 1;
        most = Math.max(most, reading);
        await Promise.resolve();
        reading -= 1;
        return jpeg;
      },
      signal: never,
    });
    isDone = true;
    expect(most).toBe(1);
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it('ends when its signal is aborted, between two frames', async () => {
    const controller = new AbortController();
    const reason = new Error('the page has moved on');
    let reads = 0;
    const strip = makeStrip({
      tiles: new Array<Buffer>(60).fill(plain(red)),
      readFrame: (jpeg) => {
        reads += 1;
        if (reads === 5) setImmediate(() => controller.abort(reason));
        return Promise.resolve(jpeg);
      },
      signal: controller.signal,
    });
    await expect(strip).rejects.toBe(reason);
    expect(reads).toBeLessThan(8);
  });

  it('ends with the signal’s reason when reading is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('the page has moved on');
    const strip = makeStrip({
      tiles: [1],
      readFrame: (_, { signal }) =>
        new Promise<Buffer>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          controller.abort(reason);
        }),
      signal: controller.signal,
    });
    await expect(strip).rejects.toBe(reason);
  });
});
