/** The faults that this machine can do. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { noSmallDisks } from './disk.js';
import { whyNoInjection } from './failing-calls.js';
import { type FaultKind, faultKinds } from './plan.js';

/** Debian's libfaketime; undefined where it is not installed. */
export function findLibfaketime(): string | undefined {
  try {
    const library = readdirSync('/usr/lib', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
    return library.find((path) => existsSync(path));
  } catch {
    return undefined; // no /usr/lib: not Debian
  }
}

/** Environment that makes a program read its clock from a file. @param library undefined: the machine's clock */
export function fakeClock(library: string | undefined, clockPath: string): Record<string, string> {
  if (library === undefined) return {};
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clockPath,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
}

/** Why this machine cannot do a kind of fault, by kind. */
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
  const noInjection = whyNoInjection();
  if (noInjection !== undefined) {
    missing.set('errno-agent', noInjection);
    missing.set('errno-receiver', noInjection);
  }
  return missing;
}

/** Those of `kinds` that this machine can do. */
export function faultKindsHere(kinds: readonly FaultKind[] = faultKinds): FaultKind[] {
  const missing = missingFaults();
  return kinds.filter((kind) => !missing.has(kind));
}
