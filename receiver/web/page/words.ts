/** The words of the page: why a frame was kept, what a state is, lengths and sizes. Pure. */
import type { EventAnswer, FrameAnswer, StateAnswer } from '../api-types.js';

const [secondMs, minuteMs, hourMs, dayMs] = [1000, 60_000, 3_600_000, 86_400_000];

/** `8 s`, `3 min`, `2 h 10 min`, `4 d`. */
export function lengthText(ms: number): string {
  if (ms < 10 * secondMs && ms % secondMs !== 0) return `${(ms / secondMs).toFixed(1)} s`;
  if (ms < 2 * minuteMs) return `${Math.round(ms / secondMs)} s`;
  if (ms < 2 * hourMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) {
    const minutes = Math.round((ms % hourMs) / minuteMs);
    const hours = Math.floor(ms / hourMs);
    if (minutes === 60) return `${hours + 1} h`;
    return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  }
  return `${Math.round(ms / dayMs)} days`;
}

export const countText = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

const percentText = (ratio: number): string => {
  const percent = ratio * 100;
  if (percent < 0.1) return 'under 0.1 %';
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
};

const reasons: Readonly<Record<string, string>> = {
  first: 'first frame of its camera',
  change: 'changed',
  scene: 'the whole scene changed',
  before: 'from before a change',
  after: 'from after a change',
  'keep-every': 'kept now and then while quiet',
  all: 'every frame is kept',
};

/** `changed, strength 3.4, 3.0 % of the picture` */
export function whyKept({ reason, changed, strength, ratio }: FrameAnswer): string {
  const parts: string[] = [];
  if (reason !== null) parts.push(reasons[reason] ?? reason);
  else if (changed !== null) parts.push(changed ? 'changed' : 'no change');
  if (changed === true && strength !== null) parts.push(`strength ${strength.toFixed(1)}`);
  if (changed === true && ratio !== null) parts.push(`${percentText(ratio)} of the picture`);
  return parts.length === 0 ? 'no reason is recorded' : parts.join(', ');
}

const causes: Readonly<Record<string, string>> = {
  failing: 'the camera does not deliver',
  off: 'its agent did not run',
  'not-yet': 'its report has not arrived yet',
  'no-report': 'no report of it arrived',
  removed: 'erased',
};

export const stateNames: Readonly<Record<StateAnswer['state'], string>> = {
  quiet: 'quiet',
  changed: 'change',
  'not-watched': 'not watched',
  unknown: 'unknown',
  before: 'before the camera',
};

/** `not watched: the camera does not deliver (no such device)` */
export function stateText(state: StateAnswer | undefined): string {
  if (state === undefined) return 'nothing is recorded';
  const name = stateNames[state.state];
  const cause = state.cause === null ? '' : (causes[state.cause] ?? state.cause);
  const why = state.why === null ? '' : ` (${state.why})`;
  return cause === '' ? `${name}${why}` : `${name}: ${cause}${why}`;
}

/** `8 s · 21 frames` */
export function eventText({ first, last, frames, state }: EventAnswer): string {
  const open = state === 'open' ? ', going on' : state === 'cut' ? ', cut off' : '';
  return `${lengthText(Math.max(0, last - first))} · ${countText(frames, 'frame')}${open}`;
}

const proofs: Readonly<Record<string, string>> = {
  signed: 'signed',
  unsigned: '',
  'unpinned-key': 'unpaired',
};

/** Whether a frame's evidence is good, in words; undefined: nothing needs to be said. */
export function proofText(proof: string): string | undefined {
  const text = proofs[proof] ?? `evidence: ${proof.replaceAll('-', ' ')}`;
  return text === '' ? undefined : text;
}
