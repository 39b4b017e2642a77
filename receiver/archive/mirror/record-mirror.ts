/**
 * A record mirror: the records of a bucket as a captures directory without frames, in a cache. What reads the records of
 * a directory reads those of a bucket by it; the bytes of frames come from the bucket. It is derived, and may be removed
 * at any time while no process uses it.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../../shared/cli/errors.js';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { ifExists } from '../../../shared/files/if-exists.js';
import { CoalescedTask } from '../../store/coalesced-task.js';
import { mapAtOnce } from '../../store/at-once.js';
import { BucketCaptures } from '../../store/s3/bucket-captures.js';
import type { S3Client } from '../../store/s3/s3-client.js';
import { cameraPattern } from '../frame-entry.js';
import { mirrorErasures } from './mirrored-erasures.js';
import { type MirrorFolder, takeMirrorFolder } from './mirror-folder.js';
import { MirroredDay } from './mirrored-day.js';

export interface MirrorParts {
  readonly client: S3Client;
  /** Of the bucket. */
  readonly id: string;
  /** The parent of mirrors, see `mirrorsPath`. */
  readonly parent: string;
}

/** A mirror, and how its user says that it needs it no longer. */
export interface HeldMirror {
  readonly mirror: RecordMirror;
  close(): Promise<void>;
}

/** @param days of a camera, as `StoredCaptures.days` has them @returns those that are refreshed */
export type ChooseDays = (days: readonly string[]) => readonly string[];

interface KnownDay {
  readonly day: MirroredDay;
  /** Names of pieces for the next refresh; undefined: it makes a list. */
  wanted: Set<string> | undefined;
  readonly refreshes: CoalescedTask;
}

/** Each reads up to 16 objects at the same time. */
const daysAtOnce = 4;
const camerasAtOnce = 8;
/** Lines whose hashes stay in memory, of some 50 bytes each. */
const maxLines = 1_000_000;
const unclocked = unclockedFolder('').slice(1);

export class RecordMirror {
  /** A captures directory without frames. */
  readonly directory: string;
  /** The bucket itself, for frames. */
  readonly bucket: BucketCaptures;
  readonly #client: S3Client;
  readonly #folder: MirrorFolder;
  /** In the order of their last refresh. */
  readonly #days = new Map<string, KnownDay>();

  private constructor(client: S3Client, folder: MirrorFolder) {
    this.#client = client;
    this.#folder = folder;
    this.directory = folder.path;
    this.bucket = new BucketCaptures(client);
  }

  /** @throws {OperationalError} STORE: the cache cannot be written */
  static async open({ client, id, parent }: MirrorParts): Promise<RecordMirror> {
    return new RecordMirror(client, await takeMirrorFolder(parent, id));
  }

  /**
   * Refreshes the records of all cameras: folders are those of the bucket then.
   * @param choose which days of each camera @throws {OperationalError} STORE: of the bucket, or the cache
   */
  async refresh(choose?: ChooseDays): Promise<void> {
    const cameras = await this.refreshCameras();
    await mapAtOnce(cameras, camerasAtOnce, (camera) => this.refreshCamera(camera, choose));
  }

  /** Makes the folders of cameras those of the bucket, also those without a day. @returns their names @throws as `refresh` */
  async refreshCameras(): Promise<readonly string[]> {
    const before = await this.#foldersIn([]);
    const { folders } = await this.#client.below('');
    const cameras = folders.filter((name) => cameraPattern.test(name));
    const isGone = (name: string): boolean => cameraPattern.test(name) && !cameras.includes(name);
    await this.#writing(() => this.#matchFolders([], cameras, before.filter(isGone)));
    return cameras;
  }

  /** Refreshes erasures and records of a camera. @returns its days @throws as `refresh` */
  async refreshCamera(
    camera: string,
    choose: ChooseDays = (days) => days,
  ): Promise<readonly string[]> {
    const days = await this.refreshDays(camera);
    await this.#writing(() => mirrorErasures(this.#client, this.directory, camera));
    await mapAtOnce(choose(days), daysAtOnce, (day) => this.refreshDay(day));
    return days;
  }

  /** Makes the folders of days those of the bucket. @returns them @throws as `refresh` */
  async refreshDays(camera: string): Promise<readonly string[]> {
    const before = await this.#foldersIn([camera]);
    const unclockedBefore = await this.#foldersIn([camera, unclocked]);
    const days = await this.bucket.days(camera);
    const above = unclockedFolder(camera);
    const nameOf = (day: string): string => day.slice(day.lastIndexOf('/') + 1);
    const isUnclocked = (day: string): boolean => day.startsWith(`${above}/`);
    const unclockedNames = days.filter(isUnclocked).map(nameOf);
    const names = days.filter((day) => !isUnclocked(day)).map(nameOf);
    if (unclockedNames.length > 0 && !names.includes(unclocked)) names.push(unclocked);
    const goneFrom = (all: readonly string[], there: readonly string[]): string[] =>
      all.filter((name) => (isDayName(name) || name === unclocked) && !there.includes(name));
    await this.#writing(async () => {
      await this.#matchFolders([camera], names, goneFrom(before, names));
      if (!names.includes(unclocked)) return;
      const gone = goneFrom(unclockedBefore, unclockedNames);
      await this.#matchFolders([camera, unclocked], unclockedNames, gone);
    });
    return days;
  }

  /** Makes the record of a day that of the bucket, as it was at this call or later. @throws as `refresh` */
  async refreshDay(day: string): Promise<void> {
    await this.#refresh(day, undefined);
  }

  /** Adds lines of pieces that are new in the bucket. @param names from hints @throws as `refresh` */
  async addToDay(day: string, names: ReadonlySet<string>): Promise<void> {
    await this.#refresh(day, names);
  }

  /** Another process may take its directory then. */
  async close(): Promise<void> {
    await this.#folder.release();
  }

  async #refresh(path: string, names: ReadonlySet<string> | undefined): Promise<void> {
    const known = this.#days.get(path) ?? this.#newDay(path);
    this.#days.delete(path);
    this.#days.set(path, known);
    if (names === undefined) known.wanted = undefined;
    else for (const name of names) known.wanted?.add(name);
    await this.#writing(() => known.refreshes.join());
    this.#forgetOldest();
  }

  #newDay(path: string): KnownDay {
    const day = new MirroredDay(this.#client, this.directory, path);
    const refreshes = new CoalescedTask(async () => {
      const { wanted } = known;
      known.wanted = new Set();
      if (wanted === undefined || !(await day.addNamed(wanted))) await day.refresh();
    });
    const known: KnownDay = { day, wanted: new Set(), refreshes };
    return known;
  }

  #forgetOldest(): void {
    let lines = 0;
    for (const { day } of this.#days.values()) lines += day.lineCount;
    for (const { day } of this.#days.values()) {
      if (lines <= maxLines) return;
      lines -= day.lineCount;
      day.forget();
    }
  }

  /** Those of before a list alone may be removed by it: another refresh may have made one meanwhile. */
  async #foldersIn(parent: readonly string[]): Promise<readonly string[]> {
    return (await ifExists(readdir(join(this.directory, ...parent)))) ?? [];
  }

  async #matchFolders(
    parent: readonly string[],
    names: readonly string[],
    gone: readonly string[],
  ): Promise<void> {
    const path = join(this.directory, ...parent);
    for (const name of names) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
    for (const name of gone) {
      const below = [...parent, name].join('/');
      for (const [each, { day }] of this.#days) {
        if (each === below || each.startsWith(`${below}/`)) day.forget();
      }
      await rm(join(path, name), { recursive: true, force: true });
    }
  }

  async #writing<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      throw new OperationalError('STORE', `cannot write the record mirror ${this.directory}`, {
        cause,
        hint: 'make room there, or name another directory: --cache DIR',
      });
    }
  }
}
