/** Checks of the installed notices: whether what they announce is taken. */
import { counted } from '../../../shared/cli/humanize.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { readNotifyState } from '../../notify/notify-state.js';
import { notifyService } from '../units.js';

const seeLog = `sudo journalctl -n 20 -u ${notifyService}`;

/**
 * @param state directory of the service
 * @returns nothing where no notices are installed, or this user may not read what waits
 */
export async function notifyFindings(
  units: readonly UnitState[],
  state: string,
): Promise<readonly Finding[]> {
  if (!units.some(({ name }) => name === notifyService)) return [];
  try {
    const saved = await readNotifyState(state);
    if (saved !== undefined && 'unusable' in saved) {
      const what = `what was announced is unknown: ${saved.unusable}`;
      return [finding('notices', 'warning', what, seeLog)];
    }
    const waiting = Object.entries(saved?.waiting ?? {}).filter(([, each]) => each.length > 0);
    if (waiting.length === 0) return [finding('notices', 'ok', 'no notice waits')];
    return waiting.map(([way, each]) =>
      finding(
        'notices',
        'warning',
        `${counted(each.length, 'notice')} not taken by ${way}`,
        seeLog,
      ),
    );
  } catch (error) {
    if (error instanceof OperationalError) return [];
    throw error;
  }
}
