/** Reads a secret from a file that a flag names: its text without space around it. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../shared/cli/errors.js';

/** @param flag for messages @returns undefined: no file is named @throws {UsageError} it cannot be read, or is empty */
export async function readSecretFile(
  flag: string,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`cannot read ${flag} ${file}`, { cause });
  });
  const secret = text.trim();
  if (secret === '') throw new UsageError(`${flag} ${file} is empty`);
  return secret;
}
