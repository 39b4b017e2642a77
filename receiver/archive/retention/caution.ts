/**
 * A running receiver does not delete more than half of its store at once: that is a limit that was typed wrong more
 * often than one that is meant. It waits for a day first, logs what it would delete, and stores meanwhile; then it
 * goes ahead, since a receiver must not stop for ever. `receiver prune --yes` does it at once.
 *
 * The file `.picchanged-caution.json` at the root of the captures directory has since when and for which limits it
 * waits: other limits wait anew.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs/promises';
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import type { Folder } from '../../store/folder.js';

export const cautionName = '.picchanged-caution.json';
export const cautionMs = 86_400_000;

const cautionFile = v.object({ limits: v.string(), sinceMs: v.pipe(v.number(), v.safeInteger()) });
type Caution = v.InferOutput<typeof cautionFile>;

/** Whether a sweep needs a confirmation. */
export function isMuch(frames: number, storeFrames: number): boolean {
  return frames > storeFrames / 2;
}

/**
 * Begins to wait, or continues.
 * @param limits see `limitsText`
 * @returns when the wait ends; undefined: it is over @throws a system error
 */
export async function waitFor(
  root: Folder,
  limits: string,
  nowMs: number,
): Promise<number | undefined> {
  const known = await read(root);
  // A wait that began in the future: the clock was set back.
  if (known?.limits !== limits || known.sinceMs > nowMs) {
    await write(root, { limits, sinceMs: nowMs });
    return nowMs + cautionMs;
  }
  const endMs = known.sinceMs + cautionMs;
  return nowMs < endMs ? endMs : undefined;
}

/** Ends the wait: a later sweep of more than half waits anew. */
export function forgetWait(root: Folder): void {
  root.removeIfThere(cautionName);
}

async function read(root: Folder): Promise<Caution | undefined> {
  try {
    const file = await root.openFile(cautionName, constants.O_RDONLY);
    try {
      const parsed = v.safeParse(cautionFile, JSON.parse(await file.readFile('utf8')));
      return parsed.success ? parsed.output : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    const isUnusable = error instanceof SyntaxError || error instanceof OperationalError;
    if (isUnusable || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

async function write(root: Folder, caution: Caution): Promise<void> {
  const part = `${cautionName}.${randomUUID()}.part`;
  try {
    await root.writeNew(part, Buffer.from(`${JSON.stringify(caution)}\n`));
    root.rename(part, root, cautionName);
  } catch (error) {
    root.removeIfThere(part);
    throw error;
  }
}
