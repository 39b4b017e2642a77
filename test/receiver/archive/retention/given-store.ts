/** A store with frames of several days, for the tests of retention. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RetentionLimits } from '../../../../receiver/archive/retention/limits.js';
import { noLimits } from '../../../../receiver/archive/retention/limits.js';
import { StoreTotals } from '../../../../receiver/archive/retention/store-totals.js';
import type { SweepParts } from '../../../../receiver/archive/retention/sweep-parts.js';
import { sweptDirectory } from '../../../../receiver/archive/retention/swept-directory.js';
import { Folder } from '../../../../receiver/store/folder.js';
import { openFrameStore } from '../../../../receiver/store/frame-store.js';
import type { FrameStore, FrameToStore } from '../../../../receiver/store/store-port.js';
import { StoreMarker } from '../../../../receiver/store/store-marker.js';
import { frameLine } from '../../../../receiver/store/record-line.js';
import { clockedPath } from '../../../../shared/protocol/frame-path.js';
import { makeJpeg } from '../../../support/pictures.js';
import { temporaryDirectory } from '../../../support/temporary.js';

export const dayMs = 86_400_000;
/** Noon of the first day. */
export const firstMs = Date.UTC(2026, 10, 1, 12);
export const epoch = '0123456789abcdef0123456789abcdef';

/** Of all test files of this process. */
let newest = 0;

interface FrameParts {
  readonly camera?: string;
  readonly event?: string;
  readonly bytes?: number;
  /** Undefined: a higher one than that of every frame before. */
  readonly sequence?: number;
}

/** A unique frame of some 4 KiB or more. */
export function frameAt(
  atMs: number,
  { camera = 'yard', event, bytes = 0, sequence = (newest += 1) }: FrameParts = {},
): FrameToStore {
  const small = makeJpeg(sequence);
  // Bytes before the end of the picture, as a comment would be.
  const filling = Buffer.alloc(Math.max(0, bytes - small.length));
  const jpeg = Buffer.concat([small.subarray(0, -2), filling, small.subarray(-2)]);
  return {
    ...{ camera, jpeg, sha256: createHash('sha256').update(jpeg).digest('hex') },
    ...{ capturedAtMs: atMs, receivedAtMs: atMs + 1000, utcOffsetMinutes: 0 },
    id: { epoch, sequence },
    verdict:
      event === undefined
        ? undefined
        : { ratio: 0.1, boxes: [], reason: 'change', event, changed: true },
  };
}

/** @param directory of a store that exists */
export async function openTotals(directory: string) {
  const root = await Folder.open(directory);
  onTestFinished(() => root.close());
  const marker = await StoreMarker.open(root);
  const totals = await StoreTotals.open(root, marker.id);
  return { root, totals, marker };
}

export async function makeStore(directory = temporaryDirectory()) {
  const store = await openFrameStore(directory, Date.now());
  onTestFinished(() => store.close());
  const { root, totals, marker } = await openTotals(directory);
  const parts = (limits: Partial<RetentionLimits>, nowMs: number): SweepParts => ({
    ...{ directory, totals, limits: { ...noLimits, ...limits }, swept: sweptDirectory },
    checkRoot: (folder) => marker.check(folder),
    nowMs: () => nowMs,
    disk: () => ({ totalBytes: 1e12, freeBytes: 1e12 }),
  });
  return { directory, store, root, totals, marker, parts };
}

/** Writes frames as the store does, without flushes. @returns their names */
export function plantAll(directory: string, frames: readonly FrameToStore[]): string[] {
  return frames.map((frame) => {
    const { camera, jpeg } = frame;
    const { folder, stem } = clockedPath(camera, frame);
    const name = `${stem}.jpg`;
    mkdirSync(join(directory, folder), { recursive: true });
    writeFileSync(join(directory, folder, name), jpeg);
    const line = frameLine({ ...frame, name, byteCount: jpeg.length, size: undefined });
    appendFileSync(join(directory, folder, 'record.jsonl'), line);
    return `${folder}/${name}`;
  });
}

/** Stores frames. @returns their names */
export function putAll(store: FrameStore, frames: readonly FrameToStore[]): Promise<string[]> {
  return Promise.all(frames.map(async (frame) => (await store.put(frame)).name));
}

export function isThere(directory: string, name: string): boolean {
  return existsSync(join(directory, name));
}

/** Lines of a day's record that are of a kind. */
export function linesOf(directory: string, day: string, key: string): Record<string, unknown>[] {
  const lines = readFileSync(join(directory, day, 'record.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => Object.hasOwn(line, key));
}
