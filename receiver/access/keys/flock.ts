/** A lock between processes, flock(2), on a file that is open: it goes when the file is closed. */
import { systemCode } from '../../../shared/cli/errors.js';
import { runWithFile } from '../../listen/run-program.js';

/** Waits for whoever has it; they hold it for milliseconds. */
export async function flock(fd: number): Promise<void> {
  try {
    const code = await runWithFile('flock', ['--exclusive', '--timeout', '4', '3'], fd);
    if (code === 1) throw new Error('another process has it locked');
  } catch (error) {
    // Without util-linux (macOS) one process serves; a person rarely types at the same moment.
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
