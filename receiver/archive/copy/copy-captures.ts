/**
 * Copies captures into another store: erasures, then for each day its frames, then its record. So a copy that ends in the
 * middle has frames without lines, and no line without its frame; the next one of the same stores continues. Frames that
 * arrive meanwhile are left to the next one. A frame counts as copied when the target has it with the hash of the record.
 */
import { createHash } from 'node:crypto';
import { type Erasure, isErased } from '../../store/erasures.js';
import type { StoredCaptures, StoredFile } from '../../store/stored-captures.js';
import { parseFrameName } from '../../../shared/protocol/frame-path.js';
import { Lanes } from './lanes.js';
import type { CopyTarget, Held } from './copy-target.js';
import { type RecordedFrame, framesIn, heldEntries, linesToCopy } from './copied-lines.js';

export interface CopyListener {
  /** A frame that is not copied as it should be, as a sentence. */
  onFault(sentence: string): void;
  onBytes(byteCount: number): void;
}

export interface Copied {
  frames: number;
  byteCount: number;
  /** Frames that the target had. */
  there: number;
  /** Frames that were deleted in the target. */
  deleted: number;
  lines: number;
  cameras: number;
}

/** An object store answers slowly, and many at once. */
const framesAtOnce = 8;

/** @returns the sum of the sizes of all frames @throws {OperationalError} STORE */
export async function bytesToCopy(from: StoredCaptures): Promise<number> {
  let bytes = 0;
  for (const camera of await from.cameras()) {
    for (const day of await from.days(camera)) {
      for (const { byteCount } of await from.frames(day)) bytes += byteCount;
    }
  }
  return bytes;
}

/** @throws {OperationalError} STORE: one of the stores cannot be used */
export async function copyCaptures(
  from: StoredCaptures,
  to: CopyTarget,
  listener: CopyListener,
): Promise<Copied> {
  const copied: Copied = { frames: 0, byteCount: 0, there: 0, deleted: 0, lines: 0, cameras: 0 };
  for (const camera of await from.cameras()) {
    const erasures = await copyErasures(from, to, camera);
    for (const day of await from.days(camera)) {
      await new DayCopy({ from, to, day, erasures }, listener, copied).run();
    }
    copied.cameras += 1;
  }
  return copied;
}

/** @returns all of the camera that the target has then */
async function copyErasures(
  from: StoredCaptures,
  to: CopyTarget,
  camera: string,
): Promise<readonly Erasure[]> {
  const erasures = await from.erasures(camera);
  const known = new Set((await to.erasures(camera)).map((each) => JSON.stringify(each)));
  for (const each of erasures) if (!known.has(JSON.stringify(each))) await to.addErasure(each);
  return await to.erasures(camera);
}

interface DayToCopy {
  readonly from: StoredCaptures;
  readonly to: CopyTarget;
  readonly day: string;
  /** Of the target. */
  readonly erasures: readonly Erasure[];
}

class DayCopy {
  readonly #parts: DayToCopy;
  readonly #listener: CopyListener;
  readonly #copied: Copied;

  constructor(parts: DayToCopy, listener: CopyListener, copied: Copied) {
    this.#parts = parts;
    this.#listener = listener;
    this.#copied = copied;
  }

  async run(): Promise<void> {
    const { from, to, day, erasures } = this.#parts;
    const record = await from.readRecord(day);
    const source = framesIn(record);
    const { frames: recorded } = source;
    const recordThere = await to.readRecord(day);
    const { deleted } = framesIn(recordThere);
    const held = heldEntries(recordThere, erasures);
    const there = new Map((await to.frames(day)).map(({ name, byteCount }) => [name, byteCount]));
    const isGone = (name: string): boolean => {
      if (there.has(name)) return false;
      const { entry } = recorded.get(name) ?? {};
      if (entry !== undefined)
        return deleted.has(name) || held.isGone(entry) || held.isErased(entry);
      const moment = parseFrameName(name);
      return deleted.has(name) || (moment !== undefined && isErased(erasures, moment));
    };
    const copyAll = async (files: readonly StoredFile[]): Promise<void> => {
      const lanes = new Lanes(framesAtOnce);
      for (const file of files) {
        await lanes.start(async () => {
          const isThere = there.get(file.name) === file.byteCount;
          if (isGone(file.name)) this.#copied.deleted += 1;
          else await this.#copyFrame(file, recorded.get(file.name), isThere);
          this.#listener.onBytes(file.byteCount);
        });
      }
      await lanes.end();
    };
    const files = await from.frames(day);
    await copyAll(files.filter(({ name }) => recorded.has(name)));
    const unrecorded = files.filter(({ name }) => !recorded.has(name));
    if (unrecorded.length > 0) {
      // One that has a line by now came after the record was read: the next copy takes both.
      const { frames: recordedNow } = framesIn(await from.readRecord(day));
      await copyAll(unrecorded.filter(({ name }) => !recordedNow.has(name)));
    }
    await to.flush(day);
    const kept = new Map((await to.frames(day)).map(({ name, byteCount }) => [name, byteCount]));
    const isMissing = (name: string): boolean =>
      !kept.has(name) && !source.deleted.has(name) && !isGone(name);
    // What the source has deleted since its record was read has another line by now.
    const isOld = [...recorded.keys()].some(isMissing);
    const now = isOld ? await from.readRecord(day) : record;
    const sourceNow = isOld ? framesIn(now) : source;
    const names = [...sourceNow.frames.keys()].filter((name) => !kept.has(name));
    const left = new Set(names.filter((name) => !recorded.has(name)));
    const lines = linesToCopy({ source: now, target: recordThere, kept, left, erasures });
    const listed = new Set(files.map(({ name }) => name));
    for (const name of names) {
      if (left.has(name) || listed.has(name) || sourceNow.deleted.has(name) || isGone(name))
        continue;
      this.#listener.onFault(`${day}/${name} is recorded, and not there: receiver verify`);
    }
    if (lines.length > 0) await to.addLines(day, lines);
    this.#copied.lines += lines.toString('latin1').split('\n').length - 1;
    for (const name of kept.keys()) {
      const moment = parseFrameName(name);
      if (moment === undefined || !isErased(erasures, moment)) continue;
      this.#listener.onFault(`${day}/${name} is of an erased stretch, and still in the target`);
    }
  }

  async #copyFrame(
    { name }: StoredFile,
    recorded: RecordedFrame | undefined,
    isThere: boolean,
  ): Promise<void> {
    const { from, to, day } = this.#parts;
    const path = `${day}/${name}`;
    if (isThere && recorded !== undefined) {
      if ((await to.holds(path, recorded.sha256)) === 'the same') {
        this.#count('the same', 0, path);
        return;
      }
    }
    const jpeg = await from.readFrame(path);
    if (jpeg === undefined) return; // deleted meanwhile
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    if (recorded !== undefined && recorded.sha256 !== sha256) {
      this.#listener.onFault(`${path} is not as recorded, and not copied: receiver verify`);
      return;
    }
    const held = await to.addFrame({ path, jpeg, sha256, key: recorded?.key });
    // What was written is read again.
    const isWritten = held !== 'nothing' || (await to.holds(path, sha256)) === 'the same';
    if (isWritten) this.#count(held, jpeg.length, path);
    else this.#listener.onFault(`${path} was copied, and is not the same in the target`);
  }

  #count(held: Held, byteCount: number, path: string): void {
    const copied = this.#copied;
    if (held === 'nothing') {
      copied.frames += 1;
      copied.byteCount += byteCount;
    } else if (held === 'the same') copied.there += 1;
    else if (held === 'deleted') copied.deleted += 1;
    else this.#listener.onFault(`${path} has other bytes in the target, which stay`);
  }
}
