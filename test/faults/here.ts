/** What can be done to the pair on this machine. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { noSmallDisks } from './disk.js';
import { type FaultKind, faultKinds } from './plan.js';

/** Debian's libfaketime; undefined where it is not installed. */
export function findLibfaketime(): string | undefined {
  try {
    const library = readdirSync('/usr/lib', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
    return library.find((path) => spawnSync('test', ['-e', path]).status === 0);
  } catch {
    return undefined; // no /usr/lib: no Debian
  }
}

/** Why a kind of fault cannot be had here, by kind. */
export function missingFaults(): Map<FaultKind, string> {
  const missing = new Map<FaultKind, string>();
  const activator = spawnSync('systemd-socket-activate', ['--version']).status === 0;
  if (!activator) {
    missing.set('change-receiver', 'systemd-socket-activate is missing: apt-get install systemd');
  }
  if (findLibfaketime() === undefined) {
    missing.set('step-clock', 'libfaketime is missing: apt-get install faketime');
  }
  if (noSmallDisks !== undefined) {
    missing.set('disk-full-agent', noSmallDisks);
    missing.set('disk-full-receiver', noSmallDisks);
  }
  return missing;
}

export function faultKindsHere(): FaultKind[] {
  const missing = missingFaults();
  return faultKinds.filter((kind) => !missing.has(kind));
}
