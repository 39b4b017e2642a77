/** Root may read everything: a test of what may not be read takes another user's rights for a while. */
import { onTestFinished } from 'vitest';

/** Debian's `nobody`. */
const nobody = 65_534;

export function becomeNobody(): void {
  if (process.geteuid?.() !== 0) return;
  process.seteuid?.(nobody);
  // Cleanups run last to first: this one before those of what was made earlier.
  onTestFinished(() => process.seteuid?.(0));
}
