/** The output of both doctors: prints the findings; a fault gives exit code 1. */
import { isatty } from 'node:tty';
import { type Environment, writeTo } from '../../cli/command.js';
import { OperationalError } from '../../cli/errors.js';
import { type Finding, faultSummary, findingLines } from './finding.js';

/** @throws {OperationalError} DOCTOR when there is a fault, after the findings are printed */
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
