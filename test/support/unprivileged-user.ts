/** Root may read everything: a test of missing rights runs as another user for a while. */
import { onTestFinished } from 'vitest';

/** Debian's `nobody`. */
const nobody = 65_534;

export function becomeNobody(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(nobody);
  // Cleanups run in reverse order: this one before those of earlier resources.
  onTestFinished(() => process.seteuid?.(0));
}
