/** Files and folders that may be missing. */
import { systemCode } from '../cli/errors.js';

/**
 * The result of a system call on a path; undefined: nothing has this path.
 * @throws any other system error
 */
export async function ifExists<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether a system call failed since nothing has the path. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
}
