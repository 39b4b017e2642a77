/** The agent's state folder: whether it can be used, who uses it, what waits there, when the last frame came. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { spaceFinding } from '../../../shared/setup/doctor/machine-findings.js';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { ago, counted, humanSize } from '../../../shared/cli/humanize.js';
import { surveySpool } from '../../spool/spool-survey.js';
import { isStateLocked } from '../../service/state-lock.js';

/** @param isWatched the installed agent runs: that it has the lock is as it should be */
export async function stateFindings(
  directory: string,
  isWatched: boolean,
  nowMs: number,
): Promise<readonly Finding[]> {
  try {
    await access(directory, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return newStateFindings(directory);
    return [finding('state', 'warning', `cannot look into ${directory}`, 'sudo agent doctor')];
  }
  const space = await spaceFinding('disk', directory);
  try {
    const mayWrite = await access(directory, constants.W_OK).then(
      () => true,
      () => false,
    );
    const state = mayWrite
      ? finding('state', 'ok', directory)
      : finding('state', 'fault', `this user may not write in ${directory}`, ownerAdvice);
    return [
      state,
      space,
      ...(await lockFindings(directory, isWatched)),
      ...(await waitingFindings(directory, nowMs)),
    ];
  } catch (error) {
    return [space, finding('state', 'fault', describeError(error), ownerAdvice)];
  }
}

const ownerAdvice = 'choose another with --state DIR, or give it to this user';

/** Not there yet: it will be made, if the first folder that is there lets us. */
async function newStateFindings(directory: string): Promise<readonly Finding[]> {
  let parent = dirname(directory);
  for (;;) {
    try {
      await access(parent, constants.W_OK | constants.X_OK);
      const state = finding('state', 'ok', `${directory} will be made`);
      return [state, await spaceFinding('disk', parent)];
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || parent === dirname(parent)) {
        const says = `${directory} cannot be made: ${describeError(error)}`;
        return [finding('state', 'fault', says, ownerAdvice)];
      }
      parent = dirname(parent);
    }
  }
}

async function lockFindings(directory: string, isWatched: boolean): Promise<readonly Finding[]> {
  if (!(await isStateLocked(directory))) return [];
  const says = `an agent is at work with ${directory}`;
  return isWatched
    ? [finding('lock', 'ok', says)]
    : [finding('lock', 'warning', says, `a second one needs another --state DIR`)];
}

async function waitingFindings(directory: string, nowMs: number): Promise<readonly Finding[]> {
  const surveys = await surveySpool(join(directory, 'spool'));
  return surveys.map(({ receiver, waitingFrames, waitingBytes, oldestMs, newestMs }) => {
    const last = newestMs === undefined ? 'no frame yet' : `last frame ${ago(newestMs, nowMs)}`;
    if (oldestMs === undefined) return finding('frames', 'ok', `for ${receiver}: ${last}`);
    const waits = `${counted(waitingFrames, 'frame')} (${humanSize(waitingBytes)}) waiting`;
    const says = `for ${receiver}: ${waits}, the oldest from ${ago(oldestMs, nowMs)}; ${last}`;
    const isLate = nowMs - oldestMs > lateMs;
    return finding('frames', isLate ? 'warning' : 'ok', says);
  });
}

/** Longer than the pauses between two attempts to deliver. */
const lateMs = 5 * 60_000;
