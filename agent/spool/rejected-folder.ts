/**
 * The folder of entries that are not sent any more, beside those that wait: frames that the receiver refused for good,
 * and damaged entries, each with the reason in a `.txt` beside it. A frame that is moved back into the folder above
 * while no agent uses it waits again.
 *
 *   000000000012.jpg, .jpg.txt      a frame that the receiver refused
 *   000000000013.damaged, …         an entry whose bytes are damaged: noted as gone, kept to be looked at
 */
import { copyFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flushToDisk, makeDirectory } from '../../shared/files/durable-file.js';
import { systemCode } from '../../shared/cli/errors.js';
import { entryName, parseEntryName } from './entry-name.js';
import { linkInto, partName, removeParts } from './part-file.js';
import type { RejectedEntry, StoredEntry } from './entry-store.js';

const reasonName = (name: string): string => `${name}.txt`;

export class RejectedFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what is there, by sequence, and removes what a killed process left unfinished. @throws a system error */
  async open(): Promise<RejectedEntry[]> {
    const names = new Set(await namesIn(this.#folder));
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

  /** Makes the entry at `path` lie here too, flushed. @throws a system error */
  async take(path: string, entry: StoredEntry, why: string, isDamaged: boolean): Promise<void> {
    await makeDirectory(this.#folder);
    const name = nameOf(entry, isDamaged);
    const final = join(this.#folder, name);
    const part = join(this.#folder, partName());
    try {
      // Only words: a full disk keeps the frame without them.
      await writeFile(join(this.#folder, reasonName(name)), `${why}\n`).catch(() => undefined);
      // A name that a failed flush left need not be on the disk: it is made anew.
      await rm(final, { force: true });
      if (!(await linkInto(path, final, part))) {
        await copyFile(path, part);
        await flushToDisk(part);
        await rename(part, final);
      }
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await flushToDisk(this.#folder);
  }

  /** Removes an entry; one that is not there is fine. @throws a system error */
  async remove(entry: StoredEntry, isDamaged: boolean): Promise<void> {
    const name = nameOf(entry, isDamaged);
    await rm(join(this.#folder, name), { force: true });
    await rm(join(this.#folder, reasonName(name)), { force: true });
  }
}

function nameOf({ sequence, kind }: StoredEntry, isDamaged: boolean): string {
  return entryName({ sequence, kind: isDamaged ? 'damaged' : kind });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
