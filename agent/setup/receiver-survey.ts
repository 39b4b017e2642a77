/** What the state directory says of each receiver: waiting frames, why they wait, whether the clocks differ. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { humanDuration } from '../../shared/cli/humanize.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { type SpoolSurvey, surveySpool } from '../spool/spool-survey.js';
import { type ReceiverState, decodeUplinks, uplinksFile, whyOf } from '../uplink/uplink-states.js';

export interface ReceiverSurvey extends SpoolSurvey {
  /** As it was typed, with the port; the folder's name for a spool of a version that does not keep it. */
  readonly host: string;
  /** Undefined: the agent has not stated anything about it. */
  readonly uplink: ReceiverState | undefined;
}

/** One survey for each receiver. @param state the state directory @throws a system error such as EACCES */
export async function surveyReceivers(state: string): Promise<readonly ReceiverSurvey[]> {
  const spools = await surveySpool(join(state, 'spool'));
  const bytes = await ifExists(readFile(join(state, uplinksFile)));
  const uplinks = bytes === undefined ? {} : decodeUplinks(bytes);
  return spools.map((spool) => {
    const uplink = uplinks[spool.receiver];
    return { ...spool, host: uplink?.receiver ?? spool.receiver, uplink };
  });
}

/** What is wrong between this agent and the receiver, each a line. Empty: nothing. */
export function receiverFacts(survey: ReceiverSurvey, nowMs: number): readonly string[] {
  const { uplink, waitingFrames, receiver } = survey;
  if (uplink === undefined) return [];
  const { sinceMs, clockErrorMs, isRemoved } = uplink;
  if (isRemoved) {
    const fix = `add it again with --host, or remove the folder ${receiver} in the spool`;
    return waitingFrames === 0 ? [] : [`no --host any more: ${fix}`];
  }
  const why = whyOf(uplink);
  const clocks = (errorMs: number): string =>
    `this machine's clock is ${humanDuration(Math.abs(errorMs))} ` +
    `${errorMs < 0 ? 'behind' : 'ahead of'} the receiver's: timedatectl`;
  return [
    ...(why === undefined ? [] : [`not delivering, for ${humanDuration(nowMs - sinceMs)}: ${why}`]),
    ...(clockErrorMs === undefined ? [] : [clocks(clockErrorMs)]),
  ];
}
