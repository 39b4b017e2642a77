/**
 * The folder `rejected/` of entries that are set aside: frames that the receiver refused for good, and damaged
 * entries, each with the reason in a `.txt` file. To send a frame again, move it to the parent folder while no agent
 * runs.
 *
 *   000000000012.jpg, .jpg.txt      a frame that the receiver refused
 *   000000000013.damaged, …         a damaged entry: a gap entry counts it; kept for inspection
 */
import { copyFile, link, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectory, replaceFile } from '../../shared/files/durable-file.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { entryName, parseEntryName } from './entry-name.js';
import { lacksHardLinks, partName, removeParts } from './part-file.js';
import type { RejectedEntry, StoredEntry } from './entry-store.js';

const reasonName = (name: string): string => `${name}.txt`;

export class RejectedFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lists the entries, by sequence, and removes temporary files of a killed process. @throws a system error */
  async open(): Promise<RejectedEntry[]> {
    const names = new Set(await ifExists(readdir(this.#folder)));
    if (names.size > 0) await removeParts(this.#folder);
    const aside: RejectedEntry[] = [];
    for (const name of [...names].sort()) {
      const described = name.endsWith('.txt') ? name.slice(0, -4) : name;
      const parsed = parseEntryName(described);
      if (parsed === undefined || parsed.kind === 'sent') continue;
      if (described !== name) {
        if (!names.has(described)) await rm(join(this.#folder, name), { force: true });
        continue;
      }
      const { size, mtimeMs } = await stat(join(this.#folder, name));
      const reason = reasonName(name);
      const reasonBytes = names.has(reason) ? (await stat(join(this.#folder, reason))).size : 0;
      const isDamaged = parsed.kind === 'damaged';
      const kind = parsed.kind === 'dropped' ? 'dropped' : 'frame';
      const { sequence } = parsed;
      const byteCount = size + reasonBytes;
      aside.push({ sequence, kind, byteCount, atMs: Math.round(mtimeMs), isDamaged });
    }
    return aside;
  }

  /** Links or copies the entry at `path` into this folder, flushed. @throws a system error */
  async take(path: string, entry: StoredEntry, why: string, isDamaged: boolean): Promise<void> {
    await makeDirectory(this.#folder);
    const name = nameOf(entry, isDamaged);
    const final = join(this.#folder, name);
    // Optional: on a full disk the frame is kept without its reason.
    await writeFile(join(this.#folder, reasonName(name)), `${why}\n`).catch(() => undefined);
    // After a failed flush an existing name may not be on the disk: it is made again.
    await rm(final, { force: true });
    await replaceFile(final, join(this.#folder, partName()), (part) => linkOrCopy(path, part));
  }

  /** Removes an entry; a missing entry is no error. @throws a system error */
  async remove(entry: StoredEntry, isDamaged: boolean): Promise<void> {
    const name = nameOf(entry, isDamaged);
    await rm(join(this.#folder, name), { force: true });
    await rm(join(this.#folder, reasonName(name)), { force: true });
  }
}

function nameOf({ sequence, kind }: StoredEntry, isDamaged: boolean): string {
  return entryName({ sequence, kind: isDamaged ? 'damaged' : kind });
}

async function linkOrCopy(path: string, part: string): Promise<void> {
  try {
    await link(path, part);
  } catch (error) {
    if (!lacksHardLinks(error)) throw error;
    await copyFile(path, part);
    await flushToDisk(part);
  }
}
