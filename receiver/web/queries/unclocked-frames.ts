/**
 * How many frames of a camera came without a plausible clock: they have a place in the order of their arrival, and none
 * on a time line. A record is read again only as far as it has grown.
 */
import { join } from 'node:path';
import { isDayName, unclockedFolder } from '../../../shared/protocol/frame-path.js';
import { within } from '../../archive/captures-reader.js';
import { readRecord } from '../../archive/record-reader.js';
import { recordName } from '../../store/day-record.js';
import type { Folder } from '../../store/folder.js';

interface Counted {
  readonly inode: bigint;
  readonly endByte: number;
  /** Names of frames that are there. */
  readonly names: Set<string>;
}

export class UnclockedFrames {
  readonly #captures: Folder;
  /** By the folder of the record. */
  readonly #counted = new Map<string, Counted>();

  constructor(captures: Folder) {
    this.#captures = captures;
  }

  /** @throws a system error */
  async count(camera: string): Promise<number> {
    const path = unclockedFolder(camera);
    const sum = await within(this.#captures, path.split('/'), (above) => this.#sum(path, above));
    return sum ?? 0;
  }

  async #sum(path: string, above: Folder): Promise<number> {
    const days: string[] = [];
    for await (const name of above.names()) if (isDayName(name)) days.push(name);
    // Version 0.1 stored such frames in one folder.
    let sum = await this.#ofRecord(path, above);
    for (const day of days) {
      sum += (await within(above, [day], (folder) => this.#ofRecord(join(path, day), folder))) ?? 0;
    }
    return sum;
  }

  async #ofRecord(path: string, folder: Folder): Promise<number> {
    const stats = folder.lstat(recordName);
    if (stats?.isFile() !== true) return 0;
    const known = this.#counted.get(path);
    const isGrown = known?.inode === stats.ino && known.endByte <= Number(stats.size);
    const { names, endByte: fromByte } = isGrown ? known : { names: new Set<string>(), endByte: 0 };
    if (fromByte === Number(stats.size)) return names.size;
    const read = await readRecord(
      folder,
      (line) => {
        if (line.kind === 'frame') names.add(line.name);
        else if (line.kind === 'deleted') for (const name of line.names) names.delete(name);
      },
      fromByte,
    );
    this.#counted.set(path, { inode: stats.ino, endByte: read?.endByte ?? fromByte, names });
    return names.size;
  }
}
