/** Errors of the captures directory, with a hint for each errno. */
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the quota is used up: make room',
  EROFS: 'the file system is read-only: remount it',
  EACCES: 'give this user write access, or choose another --dir',
  EPERM: 'give this user write access, or choose another --dir',
  ENOENT: 'it was unmounted or removed: put it back, or choose another --dir',
  ENOTDIR: 'a part of the path is a file: choose another --dir',
  EEXIST: 'a part of the path is a file: choose another --dir',
  EIO: 'the disk has errors: check the kernel log',
};

/** An OperationalError is returned unchanged. */
export function storeError(message: string, cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const hint = hints[systemCode(cause) ?? ''];
  return new OperationalError('STORE', message, { cause, ...(hint !== undefined && { hint }) });
}
