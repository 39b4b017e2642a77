/** A small disk that can be filled: a tmpfs, which only root may mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../shared/cli/errors.js';

/** Why this machine cannot fill a disk; undefined when it can. */
export const noSmallDisks =
  process.platform !== 'linux' || process.geteuid?.() !== 0
    ? 'a small disk to fill is a tmpfs, which root mounts on Linux: run it as root'
    : undefined;

export class SmallDisk {
  readonly path: string;

  /** @param sizeBytes undefined: a plain directory, for runs without full disks */
  constructor(path: string, sizeBytes: number | undefined) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    if (sizeBytes === undefined) return;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', path]);
    this.unmount = () => void execFileSync('umount', ['-l', path]);
  }

  unmount: () => void = () => undefined;

  /** Fills its free space. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        const chunk = Buffer.alloc(bytes);
        while (isWritten(file, chunk));
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  get #ballast(): string {
    return join(this.path, ballastName);
  }
}

/** A hidden name: the audit ignores it. */
export const ballastName = '.ballast';

function isWritten(file: number, chunk: Buffer): boolean {
  try {
    return writeSync(file, chunk) === chunk.length;
  } catch (error) {
    if (systemCode(error) === 'ENOSPC') return false;
    throw error;
  }
}
