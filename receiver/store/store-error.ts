/** What can be wrong with the captures directory, as an error that says what to do. */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the quota is used up: make room',
  EROFS: 'the file system is read-only: remount it',
  EACCES: 'let this user write there, or choose another --dir',
  EPERM: 'let this user write there, or choose another --dir',
  ENOENT: 'is it unmounted, or was it removed? Put it back or restart the receiver',
  ENOTDIR: 'something in the path is a file: choose another --dir',
  EEXIST: 'something in the path is a file: choose another --dir',
  EIO: 'the disk has errors: look at the kernel log',
};

/** An error that has its own words already is left as it is. */
export function storeError(message: string, cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const hint = hints[systemCode(cause) ?? ''];
  return new OperationalError('STORE', message, { cause, ...(hint !== undefined && { hint }) });
}
