/**
 * Stretches of a camera's time that were erased on purpose: `CAMERA/erased.jsonl`, a line each. Frames of them that
 * arrive later are not stored.
 */
import { lstatSync } from 'node:fs';
import { constants } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../../shared/cli/errors.js';
import { wallTimeMs } from '../../shared/protocol/fields.js';
import type { FrameMoment } from '../../shared/protocol/frame-path.js';
import type { CaptureFolders } from './capture-folders.js';
import type { Folder } from './folder.js';

export const erasuresName = 'erased.jsonl';
/** A larger file is not an operator's. */
const maxBytes = 2 ** 24;
const maxCameras = 10_000;

/** By the camera's own local time: milliseconds as if its zone were UTC. */
export interface Erasure {
  readonly camera: string;
  /** The receiver's clock at the erasure. */
  readonly atMs: number;
  readonly fromLocalMs: number;
  /** The first moment after it. */
  readonly toLocalMs: number;
  readonly why: string;
}

const localTime = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/),
  v.transform((text) => Date.parse(`${text}Z`)),
  wallTimeMs,
);
const erasureLine = v.object({
  ...{ erased: v.number(), camera: v.string(), at: wallTimeMs },
  ...{ from: localTime, to: localTime, why: v.string() },
});

/** With its line end. @param erasure between the years 0 and 9999 */
export function lineOfErasure({ camera, atMs, fromLocalMs, toLocalMs, why }: Erasure): string {
  const text = (ms: number): string => new Date(ms).toISOString().slice(0, -1);
  const times = { at: atMs, from: text(fromLocalMs), to: text(toLocalMs) };
  return `${JSON.stringify({ erased: 1, camera, ...times, why })}\n`;
}

export interface ErasureLines {
  readonly erasures: readonly Erasure[];
  /** Numbers of the lines that are no erasure, from 1: what they erased is not known. */
  readonly unreadable: readonly number[];
}

const lineStart = '{"erased":1,"camera":"';

/**
 * A killed `erase` cuts its line off, and has erased nothing; the next one begins another line. After a power cut the rest
 * of the line may be zero bytes.
 */
export function readErasureLines(text: string): ErasureLines {
  const erasures: Erasure[] = [];
  const unreadable: number[] = [];
  const lines = text.split('\n');
  for (const [at, whole] of lines.entries()) {
    const line = whole.replace(/\0+$/, '');
    if (line === '') continue;
    const erasure = readErasure(line);
    const isStart = lineStart.startsWith(line) || line.startsWith(lineStart);
    const isTorn = at === lines.length - 1 || (isStart && !line.endsWith('}'));
    if (erasure !== undefined) erasures.push(erasure);
    else if (!isTorn) unreadable.push(at + 1);
  }
  return { erasures, unreadable };
}

/** Unknown and incomplete lines are left out. */
export const readErasures = (text: string): readonly Erasure[] => readErasureLines(text).erasures;

function readErasure(line: string): Erasure | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const read = v.safeParse(erasureLine, value);
  if (!read.success) return undefined;
  const { camera, at: atMs, from: fromLocalMs, to: toLocalMs, why } = read.output;
  return { camera, atMs, fromLocalMs, toLocalMs, why };
}

/** `yard/erased.jsonl lines 2, 7` */
export const unreadableText = (camera: string, lines: readonly number[]): string =>
  `${camera}/${erasuresName} ${lines.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}`;

/** @param what cannot be read: lines of a file, or an object */
export type OnUnreadableErasure = (what: string) => void;

export function isErased(
  erasures: readonly Erasure[],
  { capturedAtMs, utcOffsetMinutes }: Pick<FrameMoment, 'capturedAtMs' | 'utcOffsetMinutes'>,
): boolean {
  const localMs = capturedAtMs + utcOffsetMinutes * 60_000;
  return erasures.some((each) => each.fromLocalMs <= localMs && localMs < each.toLocalMs);
}

const noErasures: ErasureLines = { erasures: [], unreadable: [] };

/** Of a camera's folder. @throws a system error; {OperationalError} STORE: the file is a link or not a regular file */
export async function erasuresIn(folder: Folder): Promise<ErasureLines> {
  if (folder.lstat(erasuresName) === undefined) return noErasures;
  const file = await folder.openFile(erasuresName, constants.O_RDONLY);
  try {
    const { size } = await file.stat();
    if (size > maxBytes)
      throw new Error(`${erasuresName} has ${size} bytes, more than ${maxBytes}`);
    return readErasureLines(await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}

/** What is known of a camera's file, as it was. */
interface Known extends ErasureLines {
  readonly version: string;
}

/** The erasures of all cameras, as they are now. */
export class Erasures {
  readonly #directory: string;
  readonly #folders: CaptureFolders;
  readonly #known = new Map<string, Known>();
  readonly #onUnreadable: OnUnreadableErasure;

  /** @param onUnreadable called when there are lines that were not unreadable before */
  constructor(directory: string, folders: CaptureFolders, onUnreadable: OnUnreadableErasure) {
    this.#directory = directory;
    this.#folders = folders;
    this.#onUnreadable = onUnreadable;
  }

  /** @throws a system error; {OperationalError} STORE */
  async covers(
    camera: string,
    moment: Pick<FrameMoment, 'capturedAtMs' | 'utcOffsetMinutes'>,
  ): Promise<boolean> {
    // Only whether it has changed: it is read through its folder.
    const version = versionOf(join(this.#directory, camera, erasuresName));
    if (version === undefined) return false;
    let known = this.#known.get(camera);
    if (known?.version !== version) {
      const lines = await this.#folders.useExisting([camera], erasuresIn);
      // Another frame may have read it meanwhile.
      const before = this.#known.get(camera)?.unreadable ?? [];
      known = { version, ...(lines ?? noErasures) };
      const { unreadable } = known;
      if (unreadable.some((line) => !before.includes(line))) {
        this.#onUnreadable(unreadableText(camera, unreadable));
      }
      if (this.#known.size >= maxCameras) this.#known.clear();
      this.#known.set(camera, known);
    }
    return isErased(known.erasures, moment);
  }
}

/** @returns undefined: there is no such file */
function versionOf(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
  } catch (error) {
    // What is in the place of the camera's folder is not followed when the frame is stored.
    if (['ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
