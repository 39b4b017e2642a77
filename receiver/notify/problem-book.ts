/**
 * Problems of cameras and of the disk that are to be announced: each once when it begins and once when it is over. A problem
 * that returns at once is the same one. Pure.
 */
import { humanDuration, humanSize } from '../../shared/cli/humanize.js';
import type { GapEntry, RecordEntry, ReportEntry } from '../archive/record-entry.js';
import type { Now, ProblemName, ProblemNotice } from './notice.js';
import type { NoticeSettings } from './notice-settings.js';
import { receiverTime } from './receiver-time.js';

/** Frames that a camera dropped. */
interface LostFrames {
  frames: number;
  /** Capture of the first and the last of them, by the receiver's clock. */
  fromMs: number;
  toMs: number;
}

/** Times are by the receiver's clock. */
export interface ProblemState {
  readonly problem: ProblemName;
  /** Undefined: of the receiver's machine. */
  readonly camera?: string | undefined;
  fromMs: number;
  seenAtMs: number;
  /** It goes on; an occurrence, as a gap, does not. */
  isActive: boolean;
  detail: string;
  lost?: LostFrames | undefined;
  /** Of its notice; undefined: it is not announced yet. */
  id?: string | undefined;
}

interface Rule {
  /** It is announced when it began so long ago. */
  readonly beginAfterMs: number;
  /** It is over when it was not seen for so long. */
  readonly endAfterMs: number;
  /** It happens, and does not last: it is announced also when it is over. */
  readonly isOccurrence: boolean;
}

const rules: Readonly<Record<ProblemName, Rule>> = {
  // What a camera dropped arrives at once.
  gap: { beginAfterMs: 5000, endAfterMs: 10 * 60_000, isOccurrence: true },
  signature: { beginAfterMs: 0, endAfterMs: 10 * 60_000, isOccurrence: true },
  // A camera that fails again before its second report is still failing.
  failing: { beginAfterMs: 30_000, endAfterMs: 120_000, isOccurrence: false },
  clock: { beginAfterMs: 0, endAfterMs: 0, isOccurrence: false },
  disk: { beginAfterMs: 0, endAfterMs: 60_000, isOccurrence: false },
};

/** A smaller difference of the clocks is no problem; below the second one it is none any more. */
const wrongClockMs = 60_000;
const rightClockMs = 30_000;
/** The disk is no problem any more with so much more than the least free space. */
const enoughShare = 1.25;

const flaws: Readonly<Record<string, string>> = {
  'not-signed': 'its agent does not sign, and has done so before',
  'wrong-statement': 'what it signed is not about what it sent',
  'wrong-signature': 'a signature is wrong',
  'other-key': 'it signs with another key than the one that was pinned',
  'unknown-flaw': 'a newer version of this program found a flaw in the record',
};
const causes: Readonly<Record<string, string>> = {
  size: 'its spool was full',
  age: 'they had waited for too long',
  disk: 'its disk was full',
  refused: 'this receiver had refused them',
  damaged: 'they were damaged',
};

export class ProblemBook {
  readonly #settings: NoticeSettings;
  readonly #states: Map<string, ProblemState>;
  readonly #emit: (notice: ProblemNotice) => void;

  /** @param saved of an earlier process */
  constructor(
    settings: NoticeSettings,
    saved: readonly ProblemState[],
    emit: (notice: ProblemNotice) => void,
  ) {
    this.#settings = settings;
    this.#states = new Map(saved.map((each) => [keyOf(each.problem, each.camera), each]));
    this.#emit = emit;
  }

  get state(): readonly ProblemState[] {
    return [...this.#states.values()];
  }

  /** @param clockErrorMs the camera's clock minus the receiver's */
  add(camera: string, entry: RecordEntry, clockErrorMs: number, now: Now): void {
    const why = flaws[entry.proof];
    if (why !== undefined) this.#found('signature', camera, why, now);
    if (entry.kind === 'gap') this.#addGap(camera, entry, clockErrorMs, now);
    if (entry.kind === 'report') this.#addReport(camera, entry, clockErrorMs, now);
  }

  /** @param leastFreeBytes with less the disk is a problem */
  setDisk(freeBytes: number, leastFreeBytes: number, now: Now): void {
    const key = keyOf('disk', undefined);
    const limitBytes = leastFreeBytes * (this.#states.has(key) ? enoughShare : 1);
    if (freeBytes >= limitBytes) this.#over('disk', undefined, now, `${humanSize(freeBytes)} free`);
    else this.#found('disk', undefined, `${humanSize(freeBytes)} free`, now, true);
  }

  /** To be called about once a second, after the entries that have arrived. */
  tick(now: Now, isSnoozed: (camera: string) => boolean): void {
    const { wallMs } = now;
    for (const [key, state] of this.#states) {
      const { beginAfterMs, endAfterMs, isOccurrence } = rules[state.problem];
      // A clock that was set back makes nothing last longer.
      state.seenAtMs = state.isActive ? wallMs : Math.min(state.seenAtMs, wallMs);
      state.fromMs = Math.min(state.fromMs, wallMs);
      if (state.id === undefined) {
        if (!state.isActive && !isOccurrence) this.#states.delete(key);
        else if (wallMs - state.fromMs >= beginAfterMs && !isSnoozed(state.camera ?? '')) {
          state.id = `${state.camera ?? 'receiver'}/${state.problem}/${wallMs}`;
          this.#announce(state, 'begin', state.id);
        }
      } else if (!state.isActive && wallMs - state.seenAtMs >= endAfterMs) {
        this.#states.delete(key);
        this.#announce(state, 'end', state.id);
      }
    }
  }

  #addGap(camera: string, gap: GapEntry, clockErrorMs: number, now: Now): void {
    const state = this.#found('gap', camera, causes[gap.why] ?? gap.why, now);
    const fromMs = receiverTime(gap.fromMs, clockErrorMs);
    const toMs = receiverTime(gap.toMs, clockErrorMs);
    const { lost } = state;
    state.lost = {
      frames: (lost?.frames ?? 0) + gap.count,
      fromMs: Math.min(lost?.fromMs ?? Infinity, fromMs, toMs),
      toMs: Math.max(lost?.toMs ?? -Infinity, fromMs, toMs),
    };
  }

  #addReport(camera: string, report: ReportEntry, clockErrorMs: number, now: Now): void {
    const errorMs = report.clockErrorMs ?? 0;
    const isKnown = this.#states.has(keyOf('clock', camera));
    if (Math.abs(errorMs) > (isKnown ? rightClockMs : wrongClockMs)) {
      const way = errorMs < 0 ? 'behind' : 'ahead of';
      const text = `${humanDuration(Math.abs(errorMs))} ${way} this machine's`;
      this.#found('clock', camera, text, now, true);
    } else this.#over('clock', camera, now);
    const toMs = receiverTime(report.toMs, clockErrorMs);
    if (report.state !== 'failing') this.#over('failing', camera, now);
    // What a camera reports late says nothing about now.
    else if (now.wallMs - toMs <= this.#settings.lateAfterMs) {
      const state = this.#found('failing', camera, report.why ?? 'it delivers no frame', now, true);
      state.fromMs = Math.min(state.fromMs, receiverTime(report.fromMs, clockErrorMs));
    }
  }

  #found(
    problem: ProblemName,
    camera: string | undefined,
    detail: string,
    { wallMs }: Now,
    isActive = false,
  ): ProblemState {
    const key = keyOf(problem, camera);
    const known = this.#states.get(key);
    const fresh = { problem, camera, isActive, detail, fromMs: wallMs, seenAtMs: wallMs };
    const state = known ?? fresh;
    Object.assign(state, { isActive, detail, seenAtMs: wallMs });
    this.#states.set(key, state);
    return state;
  }

  #over(problem: ProblemName, camera: string | undefined, { wallMs }: Now, detail?: string): void {
    const state = this.#states.get(keyOf(problem, camera));
    if (state === undefined) return;
    if (state.isActive) state.seenAtMs = wallMs;
    state.isActive = false;
    if (detail !== undefined) state.detail = detail;
  }

  #announce(state: ProblemState, phase: 'begin' | 'end', id: string): void {
    const { problem, camera, detail, lost, seenAtMs } = state;
    const { fromMs, toMs } = lost ?? { fromMs: state.fromMs, toMs: seenAtMs };
    const isSpan = lost !== undefined || phase === 'end';
    this.#emit({
      ...{ kind: 'problem', phase, id, problem, camera, fromMs, detail },
      ...{ toMs: isSpan ? toMs : undefined, frames: lost?.frames },
    });
  }
}

const keyOf = (problem: ProblemName, camera: string | undefined): string =>
  `${camera ?? ''}/${problem}`;
