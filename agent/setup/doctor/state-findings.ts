/** Checks the agent's state directory: access, disk space, lock, waiting frames, time of the last frame. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { spaceFinding } from '../../../shared/setup/doctor/machine-findings.js';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { ago, counted, humanSize } from '../../../shared/cli/humanize.js';
import { receiverFacts, surveyReceivers } from '../receiver-survey.js';
import { isStateLocked } from '../../service/state-lock.js';

/** @param isWatched the installed agent runs, and is expected to hold the lock */
export async function stateFindings(
  directory: string,
  isWatched: boolean,
  nowMs: number,
): Promise<readonly Finding[]> {
  try {
    await access(directory, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return newStateFindings(directory);
    return [finding('state', 'warning', `cannot read ${directory}`, 'sudo agent doctor')];
  }
  const space = await spaceFinding('disk', directory);
  try {
    const isWritable = await access(directory, constants.W_OK).then(
      () => true,
      () => false,
    );
    const state = isWritable
      ? finding('state', 'ok', directory)
      : finding('state', 'fault', `this user cannot write to ${directory}`, accessFix);
    return [
      state,
      space,
      ...(await lockFindings(directory, isWatched)),
      ...(await waitingFindings(directory, nowMs)),
    ];
  } catch (error) {
    return [space, finding('state', 'fault', describeError(error), accessFix)];
  }
}

const accessFix = 'choose another directory with --state DIR, or make this user its owner';

/** The directory does not exist: checks that the agent can create it in the nearest existing parent. */
async function newStateFindings(directory: string): Promise<readonly Finding[]> {
  let parent = dirname(directory);
  for (;;) {
    try {
      await access(parent, constants.W_OK | constants.X_OK);
      const state = finding('state', 'ok', `${directory} will be created`);
      return [state, await spaceFinding('disk', parent)];
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || parent === dirname(parent)) {
        const message = `${directory} cannot be created: ${describeError(error)}`;
        return [finding('state', 'fault', message, accessFix)];
      }
      parent = dirname(parent);
    }
  }
}

async function lockFindings(directory: string, isWatched: boolean): Promise<readonly Finding[]> {
  if (!(await isStateLocked(directory))) return [];
  const message = `an agent runs with ${directory}`;
  return isWatched
    ? [finding('lock', 'ok', message)]
    : [finding('lock', 'warning', message, 'a second agent needs another --state DIR')];
}

async function waitingFindings(directory: string, nowMs: number): Promise<readonly Finding[]> {
  const surveys = await surveyReceivers(directory);
  return surveys.map((survey) => {
    const { host, waitingFrames, waitingBytes, oldestMs, newestMs } = survey;
    const facts = receiverFacts(survey, nowMs);
    const last = newestMs === undefined ? 'no frame yet' : `last frame ${ago(newestMs, nowMs)}`;
    if (oldestMs === undefined) {
      const level = facts.length === 0 ? 'ok' : 'warning';
      return finding('frames', level, [`for ${host}: ${last}`, ...facts].join('; '));
    }
    const waits = `${counted(waitingFrames, 'frame')} (${humanSize(waitingBytes)}) waiting`;
    const message = `for ${host}: ${waits}, the oldest from ${ago(oldestMs, nowMs)}; ${last}`;
    const isLate = nowMs - oldestMs > lateMs || facts.length > 0;
    return finding('frames', isLate ? 'warning' : 'ok', [message, ...facts].join('; '));
  });
}

/** Longer than the longest pause between two attempts to deliver. */
const lateMs = 5 * 60_000;
