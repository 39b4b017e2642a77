/**
 * Says in words what the detector found in a frame, and which settings would decide otherwise. The drawings of
 * `--explain` and the page of `agent replay` have the same words. Pure, and imports nothing but types and numbers: the
 * page runs in a browser.
 */
import type { FrameFacts, Rule } from './frame-facts.js';
import {
  peakThreshold,
  sceneChangeRatio,
  sensitivityFor,
  thresholdOf,
  trackedShare,
} from './thresholds.js';

/** One word or two for each rule, as a title. */
export const ruleTitles: Readonly<Record<Rule, string>> = {
  first: 'First frame',
  change: 'Change',
  scene: 'New scene',
  turned: 'New scene',
  unconfirmed: 'Seen once',
  light: 'Light',
  swayed: 'Swayed',
  small: 'Too small',
  faint: 'Too faint',
  slight: 'Too small and too faint',
  still: 'Quiet',
};

/** Some sentences. */
export function describeFacts(facts: FrameFacts): string {
  const wind = facts.isGusty ? ' Many regions at once, as in wind: it is learned faster.' : '';
  return `${ruleTitles[facts.rule]}: ${reasonOf(facts)}${wind}`;
}

function reasonOf({ rule, strength, area, foreground, lit, ...facts }: FrameFacts): string {
  const region =
    `a region of ${percent(area)} of the watched area (${neededArea(facts)}) differs from the ` +
    `background, by up to ${times(strength)} the threshold (needed: ${times(peakThreshold)}).`;
  switch (rule) {
    case 'first':
      return 'there is nothing to compare it with. It is the background from now on.';
    case 'change':
    case 'small':
    case 'faint':
    case 'slight':
      return region;
    case 'scene':
      return (
        `${percent(foreground)} of the watched area changed, more than ${percent(sceneChangeRatio)}: a light was ` +
        'switched, or the camera moved. It is the background from now on.'
      );
    case 'turned':
      return (
        'edges changed in most parts of the picture, and nothing moves: the camera was turned. It is the ' +
        'background from now on.'
      );
    case 'unconfirmed':
      return (
        `a region of ${percent(area)} of the watched area differs, and the frame before has nothing near it. At so ` +
        'many frames a second a visitor is in two frames; an insect or a drop is not.'
      );
    case 'light':
      return `${percent(lit)} of the watched area is brighter or darker and keeps its texture: a lamp, sun or shadow.`;
    case 'swayed':
      return (
        `a region of ${percent(area)} of the watched area shows the background, at most one cell aside: something ` +
        'that hangs or grows there sways.'
      );
    case 'still':
      return `no region differs from the background. The strongest cell has ${times(strength)} the threshold.`;
  }
}

function neededArea({
  neededArea: share,
  isTracked,
}: Pick<FrameFacts, 'neededArea' | 'isTracked'>) {
  const why = isTracked ? ', half, as something was there before' : '';
  return `needed: ${percent(share)}${why}`;
}

/**
 * Which settings would decide otherwise, for this frame taken alone: other settings also learn another background.
 * @param sensitivity of `--sensitivity`, 0..1 @returns '' when no setting of size or strength would
 */
export function describeAlternatives(facts: FrameFacts, sensitivity: number): string {
  const { rule, strength, isTracked } = facts;
  const area = facts.area / (isTracked ? trackedShare : 1);
  const needed = sensitivityFor((thresholdOf(sensitivity) * strength) / peakThreshold);
  if (rule === 'change') {
    const strict = needed > 0 ? ` or --sensitivity below ${Math.floor(100 * needed)}%` : '';
    return `it is no change with --min-area above ${typed(area, Math.ceil)}${strict}.`;
  }
  const less = `--min-area ${typed(area, Math.floor)} or less`;
  const finer = needed < 1 ? `--sensitivity ${Math.ceil(100 * needed)}% or more` : undefined;
  const isMissing = finer === undefined ? 'no sensitivity is high enough.' : '';
  if (rule === 'small') return `it is a change with ${less}.`;
  if (rule === 'faint') return finer ? `it is a change with ${finer}.` : isMissing;
  if (rule === 'slight') return finer ? `it is a change with ${less} and ${finer}.` : isMissing;
  return '';
}

/** `1.4 %`, with a space that does not break; small shares have two digits that tell. */
export function percent(share: number): string {
  const number = 100 * share;
  const digits = number === 0 || number >= 10 ? 0 : number >= 1 ? 1 : number >= 0.1 ? 2 : 3;
  return `${Number(number.toFixed(digits))}\u00a0%`;
}

/** `2.3 times`. */
export function times(factor: number): string {
  return `${Number(factor.toFixed(factor < 10 ? 1 : 0))}\u00a0times`;
}

/** A share as it is typed, with two digits: `0.12%`. @param round up or down, so that what is said of it holds */
function typed(share: number, round: (number: number) => number): string {
  const unit = 10 ** (Math.floor(Math.log10(100 * share)) - 1);
  // Without the rest of the division: 0.12 / 0.01 is a little less than 12.
  return `${Number((round(Number(((100 * share) / unit).toFixed(6))) * unit).toFixed(6))}%`;
}
