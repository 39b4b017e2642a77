/** Makes a store of tiny frames, as ten cameras that send 3,000 a day leave it. */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameLine } from '../../../receiver/store/record-line.js';
import { clockedPath } from '../../../shared/protocol/frame-path.js';
import { makeJpeg } from '../../support/pictures.js';

const cameras = 10;
const framesPerDay = 3000;
export const jpeg = makeJpeg(1, { widthPx: 8, heightPx: 8 });
export const sha256 = createHash('sha256').update(jpeg).digest('hex');
export const epoch = 'ab'.repeat(16);

/** The oldest frames are some days old on a small store, and weeks on a big one. @returns how many there are */
export function fillStore(directory: string, frames: number, nowMs: number): number {
  const perCamera = Math.ceil(frames / cameras);
  for (let camera = 0; camera < cameras; camera += 1) {
    let [folder, lines] = ['', ''];
    const flush = (): void => {
      if (lines !== '') appendFileSync(join(directory, folder, 'record.jsonl'), lines);
      lines = '';
    };
    for (let at = 0; at < perCamera; at += 1) {
      const capturedAtMs = nowMs - Math.round(((perCamera - at) * 86_400_000) / framesPerDay);
      const moment = { capturedAtMs, utcOffsetMinutes: 0 };
      const path = clockedPath(`camera-${camera}`, moment);
      if (path.folder !== folder) {
        flush();
        ({ folder } = path);
        mkdirSync(join(directory, folder), { recursive: true });
      }
      writeFileSync(join(directory, folder, `${path.stem}.jpg`), jpeg);
      lines += frameLine({
        ...{ camera: `camera-${camera}`, id: { epoch, sequence: 1 + at } },
        name: `${path.stem}.jpg`,
        ...{ ...moment, byteCount: jpeg.length, size: undefined, sha256, verdict: undefined },
        receivedAtMs: capturedAtMs + 100,
      });
    }
    flush();
  }
  return cameras * perCamera;
}
