/** Whether services run the version that is installed, for doctor, status and install. Pure. */
import { version } from '../../cli/version.js';
import type { ServiceVersion } from '../running-version.js';
import { type Finding, finding } from './finding.js';

/** What differs, as a sentence; undefined: the service runs what is installed, and that is this version. */
export function versionDifference(service: ServiceVersion, own = version): string | undefined {
  const { unit, running, installed = own } = service;
  const is = `${installed} is installed`;
  if ('reason' in running) {
    if (running.reason === 'before 0.2') return `${unit} runs a version before 0.2; ${is}`;
    if (running.reason === 'hidden') return undefined;
    return `which version ${unit} runs is not known: its unit is from before 0.2; ${is}`;
  }
  if (running.version !== installed) return `${unit} runs ${running.version}; ${is}`;
  return installed === own ? undefined : `${unit} runs ${installed}; this is ${own}`;
}

/** @param install the command that restarts what is old */
export function versionFindings(
  services: readonly ServiceVersion[],
  install: string,
  own = version,
): readonly Finding[] {
  const differences = services.flatMap((service) => versionDifference(service, own) ?? []);
  if (differences.length > 0) {
    const fix = `${install}, which restarts it`;
    return differences.map((message) => finding('version', 'warning', message, fix));
  }
  const running = services.filter((service) => 'version' in service.running);
  if (running.length > 0) return [finding('version', 'ok', `${own} is installed, and runs`)];
  // A service whose version this user cannot read.
  if (services.length > 0) {
    const message = `${own} is installed; this user cannot read which version runs`;
    return [finding('version', 'warning', message, 'run this command with sudo')];
  }
  return [finding('version', 'ok', `${own} is installed; no service runs now`)];
}

/** Lines of `status`. */
export function versionLines(
  services: readonly ServiceVersion[],
  install: string,
): readonly string[] {
  return versionFindings(services, install).map(({ says, todo }) =>
    todo === undefined ? `version ${says}` : `version: ${says}: ${todo}`,
  );
}
