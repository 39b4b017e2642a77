/** Why services are restarted although install has nothing to change: an update, or settings that were edited. */
import { version } from '../../cli/version.js';
import { unitStates } from '../doctor/unit-state.js';
import { versionDifference } from '../doctor/version-findings.js';
import { serviceVersions } from '../running-version.js';
import type { Manifest } from './manifest.js';
import type { Plan } from './plan.js';
import type { Runner } from './runner.js';

/** @param edited settings files that were edited since the last install */
export async function restartReasons(
  { scope, stop }: Plan,
  previous: Manifest,
  edited: readonly string[],
  runner: Runner,
): Promise<readonly string[]> {
  const units = (await unitStates(runner.run, stop, scope.isUser)) ?? [];
  const differences = (await serviceVersions(units, scope)).flatMap(
    // The unit is still that of before, and may start a program in another folder.
    (service) => versionDifference({ ...service, installed: version }) ?? [],
  );
  return [
    ...differences,
    // Of services that do not run now, and of processes for single connections, no version is known.
    ...(differences.length === 0 ? lastInstall(previous) : []),
    ...edited.map((path) => `${path} was edited since the last install`),
  ];
}

function lastInstall(previous: Manifest): readonly string[] {
  if (previous.pending === true) return ['the last install did not end'];
  if (previous.version === version) return [];
  return [
    `this is ${version}; the last install was of ${previous.version ?? 'a version before 0.2'}`,
  ];
}
