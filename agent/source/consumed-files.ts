/** Removes the files of a watched folder whose frames are released (`--consume`). */
import { lstatSync, unlinkSync } from 'node:fs';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { type FileVersion, versionOf } from './pending-file.js';

export class ConsumedFiles {
  #failure: OperationalError | undefined;
  /** A failure is reported once, until a removal succeeds. */
  #isFailing = false;

  /** Removes a file, if it still is the version that was taken. Does not throw. */
  remove(path: string, version: FileVersion): void {
    try {
      // Without a pause between the two calls: the writer may overwrite the file at any time.
      const stats = lstatSync(path);
      if (!stats.isFile() || versionOf(stats).id !== version.id) return;
      unlinkSync(path);
      this.#isFailing = false;
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT' || this.#isFailing) return;
      this.#isFailing = true;
      this.#failure = new OperationalError('FRAME', `cannot remove ${path} after it was taken`, {
        hint: 'files stay and are taken again at the next start: give the agent write access to the folder',
        cause,
      });
    }
  }

  /** @throws {OperationalError} FRAME: the last removal failed; once */
  throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
