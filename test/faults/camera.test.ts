/** The suite's camera makes whole JPEGs, each unique, some repeated on purpose. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJpegDamage } from '../../shared/jpeg/splitter.js';
import { diskDirectory } from '../support/temporary.js';
import { Camera, numberedJpeg } from './camera.js';
import { seededRandom } from './plan.js';
import { jpegIn } from './spool-entry.js';

describe('a numbered picture', () => {
  it('is a whole JPEG, split from data that follows it', () => {
    for (const byteCount of [10, 60_000]) {
      const jpeg = numberedJpeg(7, byteCount);
      expect(findJpegDamage(jpeg)).toBeUndefined();
      expect(jpeg.length).toBeGreaterThan(byteCount);
      expect(jpegIn(Buffer.concat([jpeg, Buffer.from('after')]))).toEqual(jpeg);
    }
    expect(numberedJpeg(7, 100)).not.toEqual(numberedJpeg(8, 100));
  });
});

describe('a camera', () => {
  it('counts each frame that it put', () => {
    const directory = diskDirectory();
    const camera = new Camera(directory, seededRandom(1));
    for (let frame = 0; frame < 24; frame += 1) camera.shoot();
    const sums = readdirSync(directory).map((name) =>
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    );
    expect(sums).toHaveLength(24);
    expect(new Set(sums)).toEqual(new Set(camera.put.keys()));
    expect([...camera.put.values()].filter((times) => times === 2)).toHaveLength(2);
  });
});
