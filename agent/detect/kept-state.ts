/**
 * The state of the motion detector and of the event recorder as bytes, for a process that ends after each frame.
 * Reading never throws: foreign or damaged bytes give a reason, and both start again. Pure.
 *
 *   "PICCJUDGE3\n"   CRC-32 of the rest, u32   header length, u32   header: JSON   background
 *
 * The background is an array of one f32 a cell for each of `levelNames`, then the labels, a byte a cell.
 * Integers are big-endian; the floats are as this machine has them, for the file never leaves it.
 */
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { makeGrid } from './grid.js';
import type { DetectorState } from './motion-detector.js';
import { type KeptRecorder, encodeRecorder, keptRecorder } from '../events/recorder-state.js';

export interface KeptState {
  readonly detector: DetectorState;
  readonly recorder: KeptRecorder;
}

const magic = Buffer.from('PICCJUDGE3\n');
const crcAt = magic.length;
const lengthAt = crcAt + 4;
const headerAt = lengthAt + 4;

/** The arrays of the background in the order in which they are written. */
const levelNames = [
  'reference',
  'secondMode',
  'meanAbsDev',
  'blinkRate',
  'foregroundMean',
  'lastStableLuma',
  'stationaryS',
] as const;
const maxLabel = 2;

const sizePx = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_535));
const header = v.object({
  frameWidthPx: sizePx,
  frameHeightPx: sizePx,
  capturedAtMs: v.pipe(v.number(), v.finite()),
  frames: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  selection: keptRecorder,
});

/** Takes the memory as it is now. */
export function encodeState({ detector, recorder }: KeptState): Buffer {
  const { grid, background, capturedAtMs } = detector;
  const { frameWidthPx, frameHeightPx } = grid;
  const { frames } = background;
  const facts = {
    frameWidthPx,
    frameHeightPx,
    capturedAtMs,
    frames,
    selection: encodeRecorder(recorder),
  };
  const json = Buffer.from(JSON.stringify(facts));
  const arrays = levelNames.map((name) => {
    const array = background[name];
    return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  });
  const bytes = Buffer.concat([magic, Buffer.alloc(8), json, ...arrays, background.labels]);
  bytes.writeUInt32BE(json.length, lengthAt);
  bytes.writeUInt32BE(crc32(bytes.subarray(lengthAt)), crcAt);
  return bytes;
}

/** @returns the memory, or why the bytes hold none, to complete "the kept state cannot be used: …" */
export function decodeState(bytes: Buffer): KeptState | string {
  if (!bytes.subarray(0, magic.length).equals(magic)) return 'another version or program wrote it';
  if (bytes.length < headerAt) return 'it is cut off';
  if (crc32(bytes.subarray(lengthAt)) !== bytes.readUInt32BE(crcAt)) return 'it is damaged';
  const arraysAt = headerAt + bytes.readUInt32BE(lengthAt);
  const result = v.safeParse(header, parseJson(bytes.subarray(headerAt, arraysAt)));
  if (!result.success) return 'its header is wrong';
  const { frameWidthPx, frameHeightPx, capturedAtMs, frames, selection } = result.output;
  const grid = makeGrid(frameWidthPx, frameHeightPx);
  const cells = grid.columns * grid.rows;
  const labelsAt = arraysAt + 4 * cells * levelNames.length;
  if (bytes.length !== labelsAt + cells) return 'its length is wrong';
  const levels = Object.fromEntries(
    levelNames.map((name, index) => {
      const start = arraysAt + 4 * cells * index;
      // A copy, for the floats need not be aligned where they lie.
      const copy = Uint8Array.from(bytes.subarray(start, start + 4 * cells));
      return [name, new Float32Array(copy.buffer)];
    }),
  ) as Record<(typeof levelNames)[number], Float32Array>;
  const labels = Uint8Array.from(bytes.subarray(labelsAt));
  // One number that is none would spread over the picture and never leave it.
  const isSound =
    Object.values(levels).every((each) => each.every(Number.isFinite)) &&
    labels.every((label) => label <= maxLabel);
  if (!isSound) return 'it holds what is no number';
  return {
    detector: { grid, background: { frames, ...levels, labels }, capturedAtMs },
    recorder: selection,
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // no header either, and said so
  }
}
