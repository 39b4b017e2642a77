/**
 * Hostile sessions and the receiver's settings, as functions of a seed. Pure. The same seed gives the same sessions in
 * the same order; which of them run at the same time depends on the machine.
 */
import { seededRandom } from '../faults/plan.js';

/** The camera whose frames must all arrive. */
export const honestName = 'front';
/** A paired camera whose key the hostile sessions have. */
export const badName = 'shed';
/** A paired camera that never sends. */
export const silentName = 'yard';

export const honestAddress = '127.0.0.1';
const hostileAddresses = ['127.0.7.1', '127.0.7.2', '127.0.7.3', '127.0.8.1'];
/** The addresses of all sessions. */
export const addresses = [honestAddress, ...hostileAddresses];

export const worldKinds = [
  'closed',
  'open beside paired cameras',
  'never paired, pairs with keys put there',
  'open, pairs with commands',
  'never paired, pairs with commands',
] as const;
export type WorldKind = (typeof worldKinds)[number];

export type ChangeKind = 'pair-honest' | 'unpair-bad' | 'pair-another' | 'make-code';

export interface World {
  readonly kind: WorldKind;
  /** `--open`. */
  readonly isOpenAnyway: boolean;
  /** False: the bad and the silent camera have no keys, and the receiver is open until the first pairing. */
  readonly hasPairedCameras: boolean;
  readonly pairing: 'before' | 'keys' | 'commands';
  readonly pendingCodes: number;
  /** `--quota`. */
  readonly quota: string;
  readonly changes: readonly { readonly kind: ChangeKind; readonly afterSessions: number }[];
  /** Sessions that hold the honest camera's name before it is paired, and reconnect after a cut. */
  readonly squatters: number;
}

export const stepKinds = [
  'frame',
  'wrong-hash',
  'no-jpeg',
  'no-bytes',
  'too-large',
  'cut',
  'same-time',
  'same-sequence',
  'odd-time',
  'huge-sequence',
  'bad-sequence',
  'bad-verdict',
  'hole',
  'hole-sequences',
  'bad-hole',
  'report',
  'report-ends',
  'bad-report',
  'ping',
  'pair',
  'bye',
  'hello-again',
  'unknown-type',
  'garbage',
  'bad-check',
  'long-header',
  'no-json',
  'text',
  'pause',
] as const;
export type StepKind = (typeof stepKinds)[number];

export interface Step {
  readonly kind: StepKind;
  readonly count: number;
  /** Byte after byte, with pauses. */
  readonly isDripped: boolean;
}

export type Opening =
  | {
      readonly kind: 'framed';
      /** Which key: none, the bad camera's, the honest camera's identity with another key. */
      readonly as: 'stranger' | 'bad' | 'wrong-key';
      readonly camera: unknown;
      readonly epoch: 'own' | 'honest' | 'wrong';
      readonly hasHello: boolean;
    }
  | { readonly kind: 'bytes'; readonly what: BytesKind; readonly count: number }
  | {
      readonly kind: 'client-hello';
      readonly name: string;
      /** At most as many as it can hold. */
      readonly identities: number;
      /** The honest camera's own identity is among them. */
      readonly hasKnown: boolean;
      readonly paddingBytes: number;
      readonly recordBytes: number;
    };
export const bytesKinds = [
  'jpegs',
  'half-jpeg',
  'garbage',
  'http',
  'nothing',
  'half-record',
  'half-preface',
  'future-preface',
  'record-of-garbage',
] as const;
export type BytesKind = (typeof bytesKinds)[number];

export interface HostileSession {
  readonly index: number;
  readonly address: string;
  readonly startAfterMs: number;
  readonly opening: Opening;
  readonly steps: readonly Step[];
  readonly isReading: boolean;
  readonly end: 'leave' | 'half-close' | 'reset' | 'stay';
  readonly stayMs: number;
}

/** Random choices from a seed. */
class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  happens(share: number): boolean {
    return this.#random() < share;
  }

  of<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export function planWorld(seed: number, kind: WorldKind): World {
  const dice = new Dice(seed);
  const hasPairedCameras = !kind.startsWith('never paired');
  const pairing = kind.includes('commands')
    ? 'commands'
    : kind.includes('keys')
      ? 'keys'
      : 'before';
  const changes: { kind: ChangeKind; afterSessions: number }[] = [];
  if (pairing !== 'before')
    changes.push({ kind: 'pair-honest', afterSessions: 12 + dice.below(12) });
  if (hasPairedCameras && dice.happens(0.5)) {
    changes.push({ kind: 'unpair-bad', afterSessions: 40 + dice.below(20) });
  }
  if (dice.happens(0.5)) changes.push({ kind: 'pair-another', afterSessions: 25 + dice.below(20) });
  if (dice.happens(0.5)) changes.push({ kind: 'make-code', afterSessions: 25 + dice.below(20) });
  return {
    ...{ kind, hasPairedCameras, pairing, changes },
    isOpenAnyway: kind.startsWith('open'),
    pendingCodes: dice.of([0, 1, 5]),
    // Before its pairing other peers may use its name, and its quota.
    quota: pairing === 'before' ? '4MiB' : '1GiB',
    squatters: pairing === 'before' ? 0 : 1,
  };
}

export function planSession(seed: number, index: number, world: World): HostileSession {
  const dice = new Dice(seed + 7919 * (index + 1));
  const common = {
    index,
    address: dice.happens(0.2) ? honestAddress : dice.of(hostileAddresses),
    startAfterMs: dice.below(60),
    isReading: dice.happens(0.8),
    stayMs: dice.below(1500),
  };
  if (index < world.squatters) {
    const opening: Opening = {
      ...{ kind: 'framed', as: 'stranger', camera: honestName, hasHello: true },
      epoch: dice.of(['own', 'own', 'honest']),
    };
    const steps: Step[] = [{ kind: 'frame', count: 1, isDripped: false }];
    return { ...common, opening, steps, isReading: true, end: 'stay', stayMs: Infinity };
  }
  const opening = planOpening(dice);
  const steps = opening.kind === 'framed' ? planSteps(dice) : [];
  return { ...common, opening, steps, end: dice.of(['leave', 'half-close', 'reset', 'stay']) };
}

function planOpening(dice: Dice): Opening {
  const lot = dice.below(10);
  if (lot < 2) return { kind: 'bytes', what: dice.of(bytesKinds), count: 1 + dice.below(4) };
  if (lot < 4) {
    const large = { identities: 5000, paddingBytes: 0 };
    const sizes = [large, { identities: 0, paddingBytes: 0 }, { identities: 1, paddingBytes: 0 }];
    return {
      ...dice.of([...sizes, { identities: 1, paddingBytes: dice.below(60_000) }]),
      kind: 'client-hello',
      name: dice.of(['a', honestName, silentName, 'pair']),
      hasKnown: dice.happens(0.3),
      recordBytes: dice.of([16_384, 16_384, 512, 40]),
    };
  }
  const as = dice.of(['stranger', 'stranger', 'bad', 'bad', 'wrong-key'] as const);
  return {
    ...{ kind: 'framed', as },
    camera: as === 'bad' && dice.happens(0.7) ? badName : planName(dice),
    epoch: dice.of(['own', 'own', 'honest', 'wrong']),
    hasHello: dice.happens(0.9),
  };
}

function planName(dice: Dice): unknown {
  const lot = dice.below(10);
  if (lot < 3) return honestName;
  if (lot < 5) return dice.of([badName, silentName]);
  if (lot < 8) return `cam-${dice.below(1e6)}`;
  const wrong = ['', '.', '..', '../out', 'a/b', '/tmp/x', 'Front', 'front.', '-a', 'a'.repeat(64)];
  return dice.of([...wrong, 'raw-1', '__proto__', 'front\n', 'fr\u00f6nt', 5, null, ['front']]);
}

/** Most steps end a session: half of the steps are chosen among those that do not. */
const lastingKinds: readonly StepKind[] = [
  'frame',
  'same-time',
  'odd-time',
  'wrong-hash',
  'hole',
  'report',
];

function planSteps(dice: Dice): Step[] {
  return Array.from({ length: dice.below(9) }, () => ({
    kind: dice.of(dice.happens(0.5) ? lastingKinds : stepKinds),
    count: dice.of([1, 1, 1, 2, 5, 60]),
    isDripped: dice.happens(0.05),
  }));
}
