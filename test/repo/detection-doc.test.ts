/** The pictures of the detection flags in docs/detection.md, drawn from a real visit. `UPDATE=1` rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { decodeSmall } from '../../agent/detect/decode.js';
import { drawExplanation } from '../../agent/detect/explain.js';
import { MotionDetector, type DetectorSettings } from '../../agent/detect/motion-detector.js';
import { readMask } from '../../agent/detect/mask-png.js';

const path = new URL('../../docs/detection.png', import.meta.url);
const frame = (name: string) =>
  decodeSmall(readFileSync(new URL(`../fixtures/visit/${name}.jpg`, import.meta.url)));
const empty = ['f00205', 'f00209', 'f00213', 'f00217'].map(frame);
const visitor = frame('f00233');

const asItComes: DetectorSettings = { sensitivity: 0.5, minArea: 0.002, absorbMs: 20_000 };
/** What each panel shows, row by row, two in a row: settings, and for how many seconds a person stood there. */
const panels: readonly (readonly [changed: Partial<DetectorSettings>, seconds: number])[] = [
  [{}, 1],
  [{ sensitivity: 0 }, 1],
  [{ sensitivity: 1 }, 1],
  [{ minArea: 0.2 }, 1],
  [{ mask: leftHalf() }, 1],
  [{ absorbMs: 5000 }, 8],
];
const across = 2;
const gapPx = 8;

/** White: cells that are compared. */
function leftHalf() {
  const png = new PNG({ width: 96, height: 54 });
  for (let i = 0; i < 96 * 54; i++) png.data.fill(i % 96 < 48 ? 255 : 0, 4 * i, 4 * i + 3);
  for (let i = 0; i < 96 * 54; i++) png.data[4 * i + 3] = 255;
  return readMask(PNG.sync.write(png));
}

/** The explanation of the last of so many frames, a second apart. */
function explain(changed: Partial<DetectorSettings>, seconds: number): PNG {
  const detector = new MotionDetector({ ...asItComes, ...changed });
  let second = 0;
  for (let round = 0; round < 5; round++) {
    for (const picture of empty) detector.detect(picture, 1000 * second++);
  }
  for (let i = 0; i < seconds; i++) detector.detect(visitor, 1000 * second++);
  return PNG.sync.read(drawExplanation(visitor, detector.lastCellMap!));
}

/** Half as wide and high. */
function draw(): Buffer {
  const drawn = panels.map(([changed, seconds]) => explain(changed, seconds));
  const [width, height] = [drawn[0]!.width >> 1, drawn[0]!.height >> 1];
  const sheet = new PNG({
    width: across * (width + gapPx) - gapPx,
    height: (panels.length / across) * (height + gapPx) - gapPx,
  });
  sheet.data.fill(255);
  drawn.forEach((panel, index) => {
    const left = (index % across) * (width + gapPx);
    const top = Math.floor(index / across) * (height + gapPx);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = 4 * (2 * y * panel.width + 2 * x);
        const to = 4 * ((top + y) * sheet.width + left + x);
        panel.data.copy(sheet.data, to, from, from + 4);
      }
    }
  });
  return PNG.sync.write(sheet, { colorType: 2, filterType: 4 });
}

it('the picture of the detection flags shows what they do', () => {
  if (process.env.UPDATE) writeFileSync(path, draw());
  const shown = PNG.sync.read(readFileSync(path));
  expect(shown.data.equals(PNG.sync.read(draw()).data)).toBe(true);
});
