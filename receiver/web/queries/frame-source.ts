/** Where the bytes of frames come from: the files beside their records, or the bucket whose records are mirrored. */
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import type { FrameEntry } from '../../archive/frame-entry.js';
import type { Folder } from '../../store/folder.js';
import { readFrameFile } from '../../store/read-frame-file.js';
import type { StoredCaptures } from '../../store/stored-captures.js';
import { QueryError } from './query-error.js';

export interface WantedFrame {
  /** Of its record. */
  readonly folder: Folder;
  /** `yard/2026_11_22` */
  readonly day: string;
  readonly entry: Pick<FrameEntry, 'name' | 'byteCount'>;
}

export interface FrameSource {
  /** @throws {QueryError} `gone`; `busy`: the bucket is away; a system error; {OperationalError} FRAME: it is larger */
  read(wanted: WantedFrame, maxBytes: number): Promise<Buffer>;
}

const gone = (name: string): QueryError => new QueryError('gone', `${name} was deleted`);

export const directoryFrames: FrameSource = {
  async read({ folder, entry: { name } }, maxBytes) {
    try {
      return await readFrameFile(folder, name, maxBytes);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      throw gone(name);
    }
  },
};

/** Frames that are read at the same time. */
const readAtOnce = 8;

export class BucketFrameSource implements FrameSource {
  readonly #bucket: Pick<StoredCaptures, 'readFrame'>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(bucket: Pick<StoredCaptures, 'readFrame'>) {
    this.#bucket = bucket;
  }

  async read({ day, entry: { name, byteCount } }: WantedFrame, maxBytes: number): Promise<Buffer> {
    if (byteCount > maxBytes) {
      const message = `${day}/${name} has ${byteCount} bytes; the limit is ${maxBytes}`;
      throw new OperationalError('FRAME', message);
    }
    if (this.#running >= readAtOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      const bytes = await this.#bucket.readFrame(`${day}/${name}`);
      if (bytes === undefined) throw gone(name);
      return bytes;
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      throw new QueryError('busy', `the bucket cannot be read now: ${describeError(error)}`);
    } finally {
      // The next one takes its place.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
