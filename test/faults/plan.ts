/**
 * The faults of a run and their times, as a function of a seed. Pure. The same seed gives the same plan; the state of
 * the programs at each fault depends on the machine, so a repeated run is similar, not identical.
 */

export const faultKinds = [
  'kill-agent',
  'kill-receiver',
  'restart-agent',
  'restart-receiver',
  'change-receiver',
  'cut-reset',
  'cut-end',
  'stall',
  'half-open',
  'delay',
  'duplicate',
  'corrupt-up',
  'corrupt-down',
  'refuse-now',
  'refuse-for-good',
  'small-frames',
  'spool-gone',
  'disk-full-receiver',
  'disk-full-agent',
  'step-clock',
] as const;

/** A disk that fails or is unmounted for a while. Not among `faultKinds`: a run selects them explicitly. */
export const diskFaultKinds = [
  'errno-agent',
  'errno-receiver',
  'spool-away',
  'captures-away',
] as const;
export type DiskFaultKind = (typeof diskFaultKinds)[number];
export type FaultKind = (typeof faultKinds)[number] | DiskFaultKind;

/** A run of failing disks: errors are twice as frequent as each other kind. */
export const errnoMix: readonly FaultKind[] = [
  ...(['errno-agent', 'errno-receiver', 'errno-agent', 'errno-receiver'] as const),
  ...(['spool-away', 'captures-away', 'kill-agent', 'kill-receiver'] as const),
  ...(['restart-agent', 'restart-receiver', 'cut-reset', 'half-open'] as const),
];

export function isDiskFault(kind: FaultKind): kind is DiskFaultKind {
  return diskFaultKinds.some((other) => other === kind);
}

export interface Fault {
  readonly kind: FaultKind;
  /** It begins `pauseMs` after this many frames have been declared. */
  readonly afterFrames: number;
  readonly pauseMs: number;
  /** Duration, for kinds that have one. */
  readonly lastsMs: number;
  /** Seed for further choices of the kind. */
  readonly seed: number;
}

/** Uniform in 0 ≤ x < 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PlanSettings {
  readonly seed: number;
  readonly faults: number;
  /** Frames over which the faults are spread. */
  readonly frames: number;
  /** Possible kinds; each occurs once before any is repeated. */
  readonly kinds: readonly FaultKind[];
}

/** Faults in the order in which they begin. */
export function makePlan({ seed, faults, frames, kinds }: PlanSettings): Fault[] {
  const random = seededRandom(seed);
  const plan: Fault[] = [];
  let deck: FaultKind[] = [];
  for (let index = 0; index < faults; index += 1) {
    if (deck.length === 0) deck = shuffled(kinds, random);
    const kind = deck.pop();
    if (kind === undefined) break;
    plan.push({
      kind,
      afterFrames: Math.floor(((index + random()) * frames) / (faults + 1)),
      pauseMs: Math.floor(random() * 200),
      lastsMs: Math.floor(100 + random() * 900),
      // Not a random draw: it would change the later faults of existing seeds.
      seed: seed + index,
    });
  }
  return plan;
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items];
  const mixed: T[] = [];
  while (left.length > 0) mixed.push(...left.splice(Math.floor(random() * left.length), 1));
  return mixed;
}
