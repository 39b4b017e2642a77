/** The pictures of the mechanisms in docs/detection.md, drawn by the detector's own code. `UPDATE=1` rewrites them. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { type Panel, mechanisms, panelsOf } from '../agent/detect/mechanisms.js';
import { root } from '../support/programs.js';

const folder = `${root}docs/detection`;
const gapPx = 8;
/** All pictures together: they are in the package. */
const maxBytes = 480 * 1024;

/** What decides in the panels of each picture: the text of the page says the same. */
const rules: Readonly<Record<string, readonly string[]>> = {
  size: ['small', 'change'],
  illumination: ['still', 'scene'],
  light: ['light', 'change'],
  confirmation: ['unconfirmed', 'change'],
  absorption: ['change', 'still', 'still'],
  ghost: ['change', 'still'],
  wind: ['change', 'still', 'change'],
  sway: ['swayed', 'change'],
  turned: ['change', 'turned'],
};

/** The panels beside each other. */
function sheetOf(panels: readonly Panel[]): Buffer {
  const images = panels.map(({ png }) => PNG.sync.read(png));
  const height = Math.max(...images.map((image) => image.height));
  const width = images.reduce((sum, image) => sum + image.width + gapPx, -gapPx);
  const sheet = new PNG({ width, height });
  sheet.data.fill(255);
  let left = 0;
  for (const image of images) {
    PNG.bitblt(image, sheet, 0, 0, image.width, image.height, left, 0);
    left += image.width + gapPx;
  }
  return PNG.sync.write(sheet, {
    colorType: 2,
    filterType: 4,
    deflateStrategy: 0,
    deflateLevel: 9,
  });
}

describe('the pictures of the mechanisms', () => {
  it.each(mechanisms)('%s: it shows what the detector does', (mechanism) => {
    const panels = panelsOf(mechanism);
    expect(panels.map(({ rule }) => rule)).toEqual(rules[mechanism]);
    const path = `${folder}/${mechanism}.png`;
    if (process.env.UPDATE) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, sheetOf(panels));
    }
    const shown = PNG.sync.read(readFileSync(path));
    expect(shown.data.equals(PNG.sync.read(sheetOf(panels)).data)).toBe(true);
  });

  it('are all in the page, and small', () => {
    const page = readFileSync(`${root}docs/detection.md`, 'utf8');
    const names = readdirSync(folder);
    expect(names.sort()).toEqual(mechanisms.map((name) => `${name}.png`).sort());
    for (const name of names) expect(page).toContain(`(detection/${name})`);
    const bytes = names.map((name) => readFileSync(`${folder}/${name}`).length);
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(maxBytes);
  });
});
