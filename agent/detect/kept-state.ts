/**
 * Encodes the state of the motion detector and of the event recorder, for a process that ends after each frame.
 * Decoding never throws: for foreign or damaged bytes it returns the reason, and the caller starts without state.
 * Pure.
 *
 *   "PICCJUDGE4\n"   CRC-32 of the rest, u32   header length, u32   header: JSON   background
 *
 * 4 is the version. It goes up when an array is added or gets another meaning, also where the bytes stay as they were:
 * 3, of 0.1.0, has the same arrays, but measures stillness from one value instead of a mean.
 *
 * The background is one array of f32 (one per cell) for each of `levelNames`, then the labels (one byte per cell).
 * Integers are big-endian; floats have the machine's byte order, since the file never leaves the machine.
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

const version = 4;
const magic = Buffer.from(`PICCJUDGE${version}\n`);
/** That of any version. */
const anyMagic = /^PICCJUDGE(\d+)\n/;
const maxMagicBytes = 20;
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
  'stableMean',
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

/** @returns the state, or the reason why the bytes cannot be used */
export function decodeState(bytes: Buffer): KeptState | string {
  if (!bytes.subarray(0, magic.length).equals(magic)) return describeForeign(bytes);
  if (bytes.length < headerAt) return 'truncated';
  if (crc32(bytes.subarray(lengthAt)) !== bytes.readUInt32BE(crcAt)) return 'CRC-32 mismatch';
  const arraysAt = headerAt + bytes.readUInt32BE(lengthAt);
  const result = v.safeParse(header, parseJson(bytes.subarray(headerAt, arraysAt)));
  if (!result.success) return 'invalid header';
  const { frameWidthPx, frameHeightPx, capturedAtMs, frames, selection } = result.output;
  const grid = makeGrid(frameWidthPx, frameHeightPx);
  const cells = grid.columns * grid.rows;
  const labelsAt = arraysAt + 4 * cells * levelNames.length;
  if (bytes.length !== labelsAt + cells)
    return `${bytes.length} bytes, expected ${labelsAt + cells}`;
  const levels = Object.fromEntries(
    levelNames.map((name, index) => {
      const start = arraysAt + 4 * cells * index;
      // A copy: a Float32Array must be aligned to 4 bytes.
      const copy = Uint8Array.from(bytes.subarray(start, start + 4 * cells));
      return [name, new Float32Array(copy.buffer)];
    }),
  ) as Record<(typeof levelNames)[number], Float32Array>;
  const labels = Uint8Array.from(bytes.subarray(labelsAt));
  // A NaN would spread to the neighbour cells and stay.
  const isValid =
    Object.values(levels).every((level) => level.every(Number.isFinite)) &&
    labels.every((label) => label <= maxLabel);
  if (!isValid) return 'a value of the background is invalid';
  return {
    detector: { grid, background: { frames, ...levels, labels }, capturedAtMs },
    recorder: selection,
  };
}

function describeForeign(bytes: Buffer): string {
  const [, other] = anyMagic.exec(bytes.toString('latin1', 0, maxMagicBytes)) ?? [];
  if (other === undefined) return 'written by another program';
  const age = Number(other) < version ? 'an older' : 'a newer';
  return `written by ${age} version of the agent: format ${other}, and this agent has format ${version}`;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // rejected by the schema
  }
}
