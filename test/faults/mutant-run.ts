/** Runs of the fault suite with a program that has one mistake. */
import { diskDirectory } from '../support/temporary.js';
import { runFaults } from './fault-run.js';
import { type Mutation, buildPrograms } from './mutants.js';
import { type Fault, type FaultKind, seededRandom } from './plan.js';
import type { StageSettings } from './stage.js';

const frames = 110;

/** A spool for twenty frames. */
export const smallSpool = { agentArgs: ['--spool-max-size', '1MiB'], leastFrameBytes: 50_000 };

/** The faults in turn, several times. */
export function planOf(kinds: readonly FaultKind[]): Fault[] {
  return Array.from({ length: 6 }, (_, index) => ({
    kind: kinds[index % kinds.length] ?? 'cut-end',
    afterFrames: 10 + index * 15,
    pauseMs: 0,
    lastsMs: 300,
    seed: index,
  }));
}

/** @returns the violations that the suite reports */
export async function goThrough(
  plan: readonly Fault[],
  mutation?: Mutation,
  isSecure = false,
  // Frames refused for good stay in the spool: the run does not settle.
  settleDeadlineMs = isSecure ? 5000 : 60_000,
  spool: Partial<StageSettings> = {},
): Promise<readonly string[]> {
  const { violations } = await runFaults({
    directory: diskDirectory(),
    programs: await buildPrograms(diskDirectory(), mutation),
    random: seededRandom(1),
    isReceiverMany: false,
    isSecure,
    ...spool,
    hasSmallDisks: false,
    libfaketime: undefined,
    plan,
    frames,
    frameEveryMs: 40,
    settleDeadlineMs,
  });
  return violations;
}
