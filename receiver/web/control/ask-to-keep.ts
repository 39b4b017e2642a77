/** The viewer's side of the control folder: asks for frames to be kept, and waits a moment for the answer. */
import * as v from 'valibot';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import type { Clock } from '../../../shared/clock.js';
import type { Folder } from '../../store/folder.js';
import type { KeepAnswer } from '../api-types.js';
import { checkKeepWish } from '../keep-frames.js';
import { HttpError } from '../server/answers.js';
import {
  type ControlAnswer,
  controlAnswer,
  newRequestName,
  openAnswers,
  openRequests,
  readControlFile,
  writeControlFile,
} from './control-folder.js';

/** The other service starts within a second; a sweep that it waits for takes seconds. */
const waitMs = 8000;
const lookEveryMs = 100;
/** Requests without an answer; further ones are refused. */
const maxWaiting = 32;

/** @throws {HttpError} the request is refused */
export async function askToKeep(control: string, body: unknown, clock: Clock): Promise<KeepAnswer> {
  const wish = checkKeepWish(body);
  const name = newRequestName();
  await writeRequest(control, name, wish);
  const untilMs = clock.monotonicMs() + waitMs;
  while (clock.monotonicMs() < untilMs) {
    const answer = await answerOf(control, name);
    if (answer?.done === true) return { waiting: false };
    if (answer !== undefined) throw new HttpError(answer.status, answer.code, answer.message);
    await clock.sleep(lookEveryMs);
  }
  return { waiting: true };
}

async function writeRequest(control: string, name: string, wish: unknown): Promise<void> {
  let folder: Folder | undefined;
  try {
    folder = await openRequests(control);
    if ((await waitingIn(folder)) >= maxWaiting) {
      const message = `${maxWaiting} requests wait for the receiver already: sudo receiver doctor says why`;
      throw new HttpError(503, 'busy', message);
    }
    await writeControlFile(folder, name, wish);
  } catch (error) {
    if (error instanceof HttpError || systemCode(error) === undefined) throw error;
    const message = `the viewer cannot ask the receiver to keep frames (${systemCode(error)}): sudo receiver doctor says why`;
    throw new HttpError(500, 'failed', message);
  } finally {
    await folder?.close();
  }
}

async function waitingIn(folder: Folder): Promise<number> {
  let count = 0;
  for await (const name of folder.names()) if (!name.startsWith('.')) count += 1;
  return count;
}

/** @returns undefined: there is none yet */
async function answerOf(control: string, name: string): Promise<ControlAnswer | undefined> {
  let folder: Folder | undefined;
  try {
    folder = await openAnswers(control);
    const read = v.safeParse(controlAnswer, await readControlFile(folder, name));
    if (read.success) return read.output;
    throw new HttpError(500, 'failed', 'the answer of the receiver cannot be read');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (!(error instanceof OperationalError) && systemCode(error) === undefined) throw error;
    const message = `the answer of the receiver cannot be read (${systemCode(error) ?? 'not a file'})`;
    throw new HttpError(500, 'failed', message);
  } finally {
    await folder?.close();
  }
}
