/** A secret of a service, as a camera's password: install does not print it, and does not keep its digest. */
import { readFile, rm } from 'node:fs/promises';
import { replaceFile, writeNewFile } from '../../files/durable-file.js';
import { ifExists } from '../../files/if-exists.js';
import { ask } from '../../process/run-tool.js';
import type { Runner } from './runner.js';

export interface SecretFile {
  /** In a folder of the plan. */
  readonly path: string;
  /** Undefined: the file is removed. */
  readonly text: string | undefined;
  /** User that alone can read it, beside root; undefined: the user that runs install. */
  readonly owner: string | undefined;
}

/** @returns whether the file changes */
export async function writeSecret(secret: SecretFile, runner: Runner): Promise<boolean> {
  const { path, text, owner } = secret;
  const existing = await ifExists(readFile(path, 'utf8'));
  if (existing === text) return false;
  runner.print(`${text === undefined ? 'remove  ' : 'write   '} ${path}`);
  if (runner.isDryRun) return true;
  if (text === undefined) await rm(path);
  else {
    const ids = owner && (await ask(runner.run, 'getent', ['passwd', owner]))?.split(':');
    const ownerIds = ids ? { uid: Number(ids[2]), gid: Number(ids[3]) } : undefined;
    const part = `${path}.part`;
    await rm(part, { force: true }); // left by a killed install
    await replaceFile(path, part, (name) =>
      writeNewFile(name, text, { mode: 0o600, owner: ownerIds }),
    );
  }
  return true;
}
