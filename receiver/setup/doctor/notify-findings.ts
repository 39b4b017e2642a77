/** Checks of the installed notices: whether what they announce is taken. */
import { join } from 'node:path';
import type { Environment } from '../../../shared/cli/command.js';
import { counted } from '../../../shared/cli/humanize.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { mqttStateName, readNotifyState } from '../../notify/notify-state.js';
import { notifyService } from '../units.js';

const seeLog = `sudo journalctl -n 20 -u ${notifyService}`;

/**
 * @param state directory of the service
 * @param settings of the service
 * @returns nothing where no notices are installed, or this user may not read what waits
 */
export async function notifyFindings(
  units: readonly UnitState[],
  state: string,
  settings: Environment,
): Promise<readonly Finding[]> {
  if (!units.some(({ name }) => name === notifyService)) return [];
  // What waited for a broker that is no longer named waits for nothing.
  const states = settings.RECEIVER_MQTT ? [state, join(state, mqttStateName)] : [state];
  try {
    const found = (await Promise.all(states.map(waitingIn))).flat();
    return found.length > 0 ? found : [finding('notices', 'ok', 'no notice waits')];
  } catch (error) {
    if (error instanceof OperationalError) return [];
    throw error;
  }
}

async function waitingIn(state: string): Promise<readonly Finding[]> {
  const saved = await readNotifyState(state);
  if (saved !== undefined && 'unusable' in saved) {
    const what = `what was announced is unknown: ${saved.unusable}`;
    return [finding('notices', 'warning', what, seeLog)];
  }
  return Object.entries(saved?.waiting ?? {}).flatMap(([way, { length }]) => {
    const what = `${counted(length, 'notice')} not taken by ${way}`;
    return length === 0 ? [] : [finding('notices', 'warning', what, seeLog)];
  });
}
