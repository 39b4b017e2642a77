/** Frames of a wanted size, made of others by ffmpeg: scaled, with a sensor's noise, as a webcam's MJPEG. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { costOf } from './process-cost.js';

export interface Size {
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

export const sizes: readonly Size[] = [
  { name: '640x480', widthPx: 640, heightPx: 480 },
  { name: '1280x720', widthPx: 1280, heightPx: 720 },
  { name: '1920x1080', widthPx: 1920, heightPx: 1080 },
];

/** About libjpeg's quality 85; tables as in a webcam's frames, 4:2:0. */
const encoding = ['-c:v', 'mjpeg', '-q:v', '3', '-huffman', 'default', '-pix_fmt', 'yuvj420p'];

/**
 * @param paths in order of time; a single one becomes a quiet scene
 * @returns the folder's frames, `count` of them; what is too short is played to and fro
 */
export async function makeFrames(
  paths: readonly string[],
  count: number,
  { widthPx, heightPx }: Size,
  folder: string,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const whole = paths.map((path) => resolve(path));
  const there = Array.from({ length: count }, (_, i) => toAndFro(i, paths.length));
  const list = there.map((i) => `file '${whole[i]!.replaceAll("'", "'\\''")}'\nduration 0.1\n`);
  const playlist = join(folder, 'frames.txt');
  writeFileSync(playlist, list.join(''));
  const filter = `scale=${widthPx}:${heightPx},noise=alls=6:allf=t`;
  await costOf('ffmpeg', [
    ...['-loglevel', 'error', '-f', 'concat', '-safe', '0', '-i', playlist, '-vf', filter],
    ...['-frames:v', String(count), '-vsync', '0', ...encoding, join(folder, '%06d.jpg')],
  ]);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => join(folder, name));
}

/** 0, 1, 2, 1, 0, 1, … : without a leap from the last frame to the first. */
function toAndFro(index: number, length: number): number {
  if (length < 2) return 0;
  const at = index % (2 * length - 2);
  return at < length ? at : 2 * length - 2 - at;
}

export function meanKilobytes(paths: readonly string[]): number {
  const sizesOf = paths.map((path) => readFileSync(path).length);
  return sizesOf.reduce((sum, each) => sum + each, 0) / sizesOf.length / 1000;
}
