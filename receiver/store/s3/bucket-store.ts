/**
 * Stores frames as objects of a bucket, under the paths of a captures directory, gaps and reports as objects of its
 * records. When `put`, `recordGap` or `recordReport` resolves, the object store has acknowledged the frame and its
 * line. Any number of processes may store in one bucket: none holds a state that another needs.
 *
 * The steps of storing a frame, and what a crash after each one leaves:
 *
 *   1. the object, if the key is free   the whole frame, recognized by its metadata when the agent repeats it
 *   2. the line, as an object           the same; the repeat writes the line again, and a reader drops one
 *   3. acknowledged
 */
import type { Clock } from '../../../shared/clock.js';
import { readFrameSize } from '../../../shared/jpeg/frame-size.js';
import {
  type FramePath,
  clockedPath,
  isDayName,
  isPlausibleClock,
  numberedName,
  unclockedFolder,
  unclockedPath,
} from '../../../shared/protocol/frame-path.js';
import type { CameraLock } from '../camera-lock.js';
import { recordName } from '../day-record.js';
import {
  type FrameId,
  frameKey,
  frameLine,
  gapKey,
  gapLine,
  reportKey,
  reportLine,
} from '../record-line.js';
import type { FrameStore, FrameToStore, Gap, Report, StoredFrame } from '../store-port.js';
import { noteLine } from '../store-note.js';
import type { OnUnreadableErasure } from '../erasures.js';
import { BucketErasures } from './bucket-erasures.js';
import { BucketFrames, type FrameToName, emptyFrame } from './bucket-frames.js';
import { BucketHints } from './bucket-hints.js';
import { openBucketMarker } from './bucket-marker.js';
import { BucketRecords } from './record-writer.js';
import type { S3Client } from './s3-client.js';

export interface BucketStoreParts {
  readonly client: S3Client;
  readonly clock: Clock;
  /** Nothing is made: a bucket that is named by mistake is not begun. */
  readonly requiresMarker?: boolean;
  readonly onUnreadableErasure?: OnUnreadableErasure | undefined;
  /** Shorter in tests. */
  readonly erasuresMaxAgeMs?: number;
}

interface EntryLine {
  readonly key: string;
  readonly text: string;
  readonly id: FrameId;
  readonly atMs: number;
}

/** An agent sends its oldest frame first: repeated frames are the last ones of the day before. */
const maxEarlierDays = 2;
const maxCameras = 1000;

/** @throws {OperationalError} STORE: the bucket cannot be used; KEYS: its keys cannot be read */
export async function openBucketStore(parts: BucketStoreParts): Promise<FrameStore> {
  const id = await openBucketMarker(parts.client, parts.requiresMarker === true);
  return new BucketStore(id, parts);
}

class BucketStore implements FrameStore {
  readonly id: string;
  readonly #client: S3Client;
  readonly #frames: BucketFrames;
  readonly #records: BucketRecords;
  readonly #erasures: BucketErasures;
  readonly #hints: BucketHints;
  /** Days before today's with frames without a clock, by camera. */
  readonly #earlier = new Map<string, { today: string; folders: readonly string[] }>();

  constructor(id: string, parts: BucketStoreParts) {
    const { client, clock, erasuresMaxAgeMs: maxAgeMs, onUnreadableErasure: onUnreadable } = parts;
    this.id = id;
    this.#client = client;
    this.#frames = new BucketFrames(client);
    this.#hints = new BucketHints(client, clock);
    this.#records = new BucketRecords(client, clock, (day, piece) => this.#hints.note(day, piece));
    const onNew = (): void => this.#records.forgetPieces();
    this.#erasures = new BucketErasures({ client, clock, onNew, onUnreadable, maxAgeMs });
  }

  async put(frame: FrameToStore): Promise<StoredFrame> {
    const { camera, id, capturedAtMs } = frame;
    const { folder, stem } = pathOf(frame, id);
    if (id === undefined) return await this.#store({ frame, key: undefined, folder, stem });
    if (await this.#erasures.covers(camera, frame))
      return await this.#recordLate(folder, frame, id);
    const wanted = { frame, key: frameKey(id, capturedAtMs), folder, stem };
    const stored = (await this.#findEarlier(wanted)) ?? (await this.#store(wanted));
    // The erasure may have passed the folder before the frame was in it.
    if (await this.#erasures.covers(camera, frame)) await this.#erase(stored, frame);
    return stored;
  }

  recordGap(gap: Gap): Promise<StoredFrame> {
    const { id, lastCapturedAtMs: atMs } = gap;
    return this.#record(gap, { key: `gap ${gapKey(gap)}`, text: gapLine(gap), id, atMs });
  }

  recordReport(report: Report): Promise<StoredFrame> {
    const line = { key: `report ${reportKey(report)}`, text: reportLine(report), id: report.id };
    return this.#record(report, { ...line, atMs: report.report.toMs });
  }

  /** Receivers hold no names: two agents that send as one camera lose nothing, and store nothing twice. */
  lock(): Promise<CameraLock> {
    return Promise.resolve({ release: () => Promise.resolve() });
  }

  async close(): Promise<void> {
    await Promise.all([this.#records.settled(), this.#hints.close()]);
    this.#client.close();
  }

  async #store({
    frame,
    key,
    folder,
    stem,
  }: Omit<FrameToName, 'isOfAnother'>): Promise<StoredFrame> {
    const index = await this.#records.indexOf(folder);
    const known = key === undefined ? undefined : index.nameOf(key, stem);
    const { id, capturedAtMs } = frame;
    const isSummarized = id !== undefined && index.isSummarized(id, capturedAtMs);
    if (isSummarized || (known !== undefined && index.isDeleted(known))) {
      return { name: `${folder}/${known ?? numberedName(stem, 1)}`, duplicate: true };
    }
    const isOfAnother = (name: string): boolean =>
      index.isDeleted(name) || (key !== undefined && index.ownerOf(name, key) === 'another');
    const { name, isNew } = await this.#frames.store({ frame, key, folder, stem, isOfAnother });
    if (known !== name) {
      const byteCount = frame.jpeg.length;
      const size = readFrameSize(frame.jpeg);
      await this.#records.append(folder, frameLine({ ...frame, name, byteCount, size }));
    }
    return { name: `${folder}/${name}`, duplicate: !isNew };
  }

  /** A frame of an erased stretch is not stored. */
  async #recordLate(folder: string, frame: FrameToStore, id: FrameId): Promise<StoredFrame> {
    const { camera, receivedAtMs: atMs, capturedAtMs } = frame;
    const name = `${folder}/${recordName}`;
    const index = await this.#records.indexOf(folder);
    if (index.isSummarized(id, capturedAtMs)) return { name, duplicate: true };
    const text = noteLine({ kind: 'late', camera, atMs, ...id, capturedAtMs });
    const isNew = await this.#records.addOnce(folder, `late ${frameKey(id, capturedAtMs)}`, text);
    return { name, duplicate: !isNew };
  }

  async #erase({ name: path }: StoredFrame, { camera, receivedAtMs, jpeg }: FrameToStore) {
    const at = path.lastIndexOf('/');
    const facts = { names: [path.slice(at + 1)], byteCount: jpeg.length };
    const note = { kind: 'deleted', camera, atMs: receivedAtMs, why: 'erased', ...facts } as const;
    await this.#records.append(path.slice(0, at), noteLine(note));
    await emptyFrame(this.#client, path, 'erased');
  }

  async #record(entry: Gap | Report, line: EntryLine): Promise<StoredFrame> {
    const { folder } = pathOf(entry, entry.id);
    const isKnown = async (day: string): Promise<boolean> => {
      const index = await this.#records.indexOf(day);
      const plainKey = line.key.slice(line.key.indexOf(' ') + 1);
      return index.hasLine(plainKey) || index.isSummarized(line.id, line.atMs);
    };
    for (const day of await this.#earlierDays(entry, folder)) {
      if ((await isKnown(day)) || (await this.#records.has(day, line.key))) {
        return { name: `${day}/${recordName}`, duplicate: true };
      }
    }
    const duplicate =
      (await isKnown(folder)) || !(await this.#records.addOnce(folder, line.key, line.text));
    return { name: `${folder}/${recordName}`, duplicate };
  }

  /** Searches the days before for a frame of a camera without a clock. */
  async #findEarlier(wanted: Omit<FrameToName, 'isOfAnother'>): Promise<StoredFrame | undefined> {
    for (const folder of await this.#earlierDays(wanted.frame, wanted.folder)) {
      const name = await this.#frames.find({ ...wanted, folder, isOfAnother: () => false });
      if (name !== undefined) return { name: `${folder}/${name}`, duplicate: true };
    }
    return undefined;
  }

  async #earlierDays(
    { camera, capturedAtMs }: FrameToStore | Gap | Report,
    today: string,
  ): Promise<readonly string[]> {
    if (isPlausibleClock(capturedAtMs)) return [];
    const known = this.#earlier.get(camera);
    if (known?.today === today) return known.folders;
    const above = unclockedFolder(camera);
    const { folders: names, files } = await this.#client.below(`${above}/`);
    const days = names.filter((name) => isDayName(name) && `${above}/${name}` !== today).sort();
    const newest = days.slice(-maxEarlierDays).reverse();
    // Version 0.1 stored such frames without a folder for the day.
    const folders = [
      ...newest.map((name) => `${above}/${name}`),
      ...(files.length > 0 ? [above] : []),
    ];
    if (this.#earlier.size >= maxCameras) this.#earlier.clear();
    this.#earlier.set(camera, { today, folders });
    return folders;
  }
}

function pathOf(received: FrameToStore | Gap | Report, id: FrameId | undefined): FramePath {
  const { camera, capturedAtMs, receivedAtMs, utcOffsetMinutes } = received;
  if (id === undefined || isPlausibleClock(capturedAtMs)) return clockedPath(camera, received);
  const arrival = { capturedAtMs: receivedAtMs, utcOffsetMinutes };
  return unclockedPath(camera, id.epoch, id.sequence, arrival);
}
