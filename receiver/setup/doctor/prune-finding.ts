/** Checks that the limits of an installed receiver hold while no camera is connected. Pure. */
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { type RetentionLimits, hasLimits } from '../../archive/retention/limits.js';
import { pruneTimer } from '../units.js';

/**
 * @param units undefined: systemd does not run here
 * @param install the command that installs the units
 */
export function pruneFindings(
  limits: RetentionLimits,
  units: readonly UnitState[] | undefined,
  install: string,
): readonly Finding[] {
  if (!hasLimits(limits) || units === undefined) return [];
  const isEnabled = (names: RegExp): boolean =>
    units.some(({ name, enabled }) => names.test(name) && enabled.startsWith('enabled'));
  if (!isEnabled(/^surveillance.*\.socket$/)) return [];
  if (units.some(({ name }) => name === pruneTimer)) return [];
  const message = `${pruneTimer} is not installed: while no camera is connected, nothing is deleted`;
  return [finding('space', 'warning', message, install)];
}
