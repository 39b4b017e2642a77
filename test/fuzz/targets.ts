/** Everything that is fuzzed, by name. */
import { byteTargets } from './byte-targets.js';
import { fileTargets } from './file-targets.js';
import { peerTargets } from './peer-targets.js';
import type { FuzzTarget } from './target.js';
import { textTargets } from './text-targets.js';

export const targets: readonly FuzzTarget[] = [
  ...byteTargets,
  ...textTargets,
  ...fileTargets,
  ...peerTargets,
];
