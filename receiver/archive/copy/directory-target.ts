/** A captures directory that is copied into; a receiver may store in it meanwhile. */
import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { OperationalError } from '../../../shared/cli/errors.js';
import { makeDirectories } from '../../../shared/files/durable-file.js';
import { parseFrameName } from '../../../shared/protocol/frame-path.js';
import { CaptureFolders } from '../../store/capture-folders.js';
import { DayRecord } from '../../store/day-record.js';
import type { Erasure } from '../../store/erasures.js';
import { FolderFlushes } from '../../store/folder-flushes.js';
import { Folder } from '../../store/folder.js';
import { hasContent } from '../../store/frame-copy.js';
import { publishFile } from '../../store/publish.js';
import { storeError } from '../../store/store-error.js';
import { StoreMarker, markerName } from '../../store/store-marker.js';
import { incomingFolder } from '../../store/unfinished.js';
import { DirectoryCaptures } from '../directory-captures.js';
import { appendErasure } from '../erase.js';
import type { CopyTarget, FrameToCopy, Held } from './copy-target.js';

/** Bytes of lines that are written at once. */
const pieceBytes = 256 * 1024;

/**
 * Opens a captures directory, or makes one.
 * @throws {OperationalError} STORE: it belongs to another user, has other files, or cannot be written
 */
export async function openDirectoryTarget(path: string): Promise<DirectoryTarget> {
  try {
    await makeDirectories(path);
    const { uid } = await stat(path);
    const ownUid = process.geteuid?.();
    if (uid !== ownUid) {
      throw new OperationalError('STORE', `${path} belongs to user ${uid}, not to ${ownUid}`, {
        hint: 'a receiver could not write what is copied: run receiver copy as that user',
      });
    }
    const root = await Folder.open(path);
    try {
      if (root.lstat(markerName) === undefined && !(await isEmpty(root))) {
        throw new OperationalError('STORE', `${path} has files, and is no captures directory`, {
          hint: 'name a captures directory, or a new one',
        });
      }
      return new DirectoryTarget(root, await StoreMarker.open(root));
    } catch (error) {
      await root.close();
      throw error;
    }
  } catch (cause) {
    throw storeError(`cannot use ${path}`, cause);
  }
}

async function isEmpty(folder: Folder): Promise<boolean> {
  for await (const name of folder.names()) return name === '';
  return true;
}

export class DirectoryTarget extends DirectoryCaptures implements CopyTarget {
  readonly #root: Folder;
  readonly #folders: CaptureFolders;
  readonly #flushes = new FolderFlushes();

  constructor(root: Folder, marker: StoreMarker) {
    super(root);
    this.#root = root;
    this.#folders = new CaptureFolders(root.path, (folder) => marker.check(folder));
  }

  async close(): Promise<void> {
    await this.#folders.close();
    await this.#root.close();
  }

  async holds(path: string, sha256: string): Promise<Held> {
    const bytes = await this.readFrame(path);
    if (bytes === undefined) return 'nothing';
    const found = createHash('sha256').update(bytes).digest('hex');
    return found === sha256 ? 'the same' : 'other bytes';
  }

  addFrame({ path, jpeg }: FrameToCopy): Promise<Held> {
    const at = path.lastIndexOf('/');
    const [day, name] = [path.slice(0, at), path.slice(at + 1)];
    const incoming = `${day.split('/')[0] ?? ''}/${incomingFolder}`;
    return this.#writing(path, () =>
      this.#folders.use([day, incoming], async (folder, temporaries) => {
        const temporary = { folder: temporaries, name: `${randomUUID()}.part` };
        try {
          // The name of a frame without a clock has no time.
          await temporaries.writeNew(temporary.name, jpeg, parseFrameName(name)?.capturedAtMs);
          if (await publishFile(temporary, { folder, name })) return 'nothing';
        } finally {
          temporaries.removeIfThere(temporary.name);
        }
        return (await hasContent(folder, name, jpeg)) ? 'the same' : 'other bytes';
      }),
    );
  }

  async flush(day: string): Promise<void> {
    await this.#writing(day, () =>
      this.#folders.useExisting([day], (folder) => this.#flushes.flush(folder)),
    );
  }

  async addLines(day: string, lines: Buffer): Promise<void> {
    await this.#writing(`${day}/record.jsonl`, () =>
      this.#folders.use([day], async (folder) => {
        const record = new DayRecord();
        try {
          for (let at = 0; at < lines.length;) {
            const end = lines.indexOf(0x0a, Math.min(at + pieceBytes, lines.length - 1)) + 1;
            await record.append(folder, lines.toString('utf8', at, end), undefined);
            at = end;
          }
          await record.flush(folder);
        } finally {
          await record.rest();
        }
        await this.#flushes.flush(folder);
      }),
    );
  }

  async addErasure(erasure: Erasure): Promise<void> {
    await this.#writing(`the erasures of ${erasure.camera}`, () =>
      this.#folders.use([erasure.camera], (folder) => appendErasure(folder, erasure)),
    );
  }

  async #writing<T>(what: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (cause) {
      throw storeError(`cannot write ${what} in ${this.#root.path}`, cause);
    }
  }
}
