/** How both doctors end: findings printed, exit code 1 when there is a fault. */
import { isatty } from 'node:tty';
import { type Environment, writeTo } from '../../cli/command.js';
import { OperationalError } from '../../cli/errors.js';
import { type Finding, faultSummary, findingLines } from './finding.js';

/** @throws {OperationalError} DOCTOR when there is a fault, after all is printed */
export function reportFindings(
  findings: readonly Finding[],
  isJson: boolean,
  env: Environment,
): void {
  const summary = faultSummary(findings);
  if (isJson) writeTo(1, `${JSON.stringify({ ok: summary === undefined, findings })}\n`);
  // https://no-color.org
  else writeTo(1, findingLines(findings, isatty(1) && !env.NO_COLOR));
  if (summary !== undefined) throw new OperationalError('DOCTOR', `found ${summary}`);
}
