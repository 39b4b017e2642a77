/** Checks how full the captures are, and when they will be full. */
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { forecastText } from '../../archive/retention/forecast.js';
import { type RetentionLimits, hasLimits, minFreeBytes } from '../../archive/retention/limits.js';
import { readForecast } from '../../archive/retention/read-forecast.js';

/** A disk that will be full sooner, with nothing that deletes, is worth a warning. */
const soonDays = 14;

export interface FullnessFacts {
  /** The command that changes settings. */
  readonly install: string;
  /** Root typed the command, and looks with the rights of the service's user. */
  readonly isRoot: boolean;
}

export async function fullnessFindings(
  directory: string,
  limits: RetentionLimits,
  nowMs: number,
  { install, isRoot }: FullnessFacts,
): Promise<readonly Finding[]> {
  try {
    const forecast = await readForecast(directory, limits, nowMs);
    const { daysLeft = Infinity, disk } = forecast;
    const text = forecastText(forecast, limits);
    const leastFree = minFreeBytes(limits, disk) ?? 0;
    if (disk.freeBytes < leastFree) {
      const fix = 'receiver prune shows what can be deleted: receiver prune --dry-run';
      return [finding('space', 'warning', `less is free than --min-free: ${text}`, fix)];
    }
    const isRisky = !forecast.isLimited && daysLeft < soonDays;
    const fix = `delete old frames: ${install} --max-age 30d --min-free 10%`;
    if (isRisky) return [finding('space', 'warning', text, fix)];
    return [finding('space', 'ok', text, hasLimits(limits) ? undefined : fix)];
  } catch (error) {
    // The directory is missing or not used yet: another check says so.
    if (error instanceof OperationalError) return [];
    if (systemCode(error) === undefined) throw error;
    if (systemCode(error) === 'ENOENT') return [];
    // Another check says what to do.
    if (isRoot && ['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return [];
    const message = `cannot count the captures: ${describeError(error)}`;
    return [finding('space', 'warning', message, 'sudo receiver doctor')];
  }
}
