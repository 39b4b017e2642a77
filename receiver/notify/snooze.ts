/** Cameras that nothing is announced of for a while: `receiver snooze`. */
import { chown, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFile, writeNewFile } from '../../shared/files/durable-file.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { cameraPattern } from '../archive/frame-entry.js';

const fileName = 'snoozed.json';
const schema = v.record(
  v.pipe(v.string(), v.regex(cameraPattern)),
  v.pipe(v.number(), v.safeInteger()),
);

/** By camera, until when, milliseconds since 1970 UTC. A damaged file snoozes nothing. @throws a system error */
export async function readSnoozed(state: string): Promise<ReadonlyMap<string, number>> {
  const text = await ifExists(readFile(join(state, fileName), 'utf8'));
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text ?? '{}');
  return new Map(read.success ? Object.entries(read.output) : []);
}

/** @param untilMs undefined: it is snoozed no more @throws a system error */
export async function snooze(
  state: string,
  camera: string,
  untilMs: number | undefined,
  nowMs: number,
): Promise<void> {
  const until = new Map(await readSnoozed(state));
  until.delete(camera);
  if (untilMs !== undefined) until.set(camera, untilMs);
  const left = [...until].filter(([, each]) => each > nowMs);
  const part = join(state, `.${fileName}.${process.pid}.part`);
  await rm(part, { force: true });
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(left)));
  await replaceFile(join(state, fileName), part, (path) =>
    writeNewFile(path, bytes, { mode: 0o600 }),
  );
  // Root snoozes for the service, which must be able to read it.
  const { uid, gid } = await stat(state);
  if (process.geteuid?.() === 0) await chown(join(state, fileName), uid, gid);
}
