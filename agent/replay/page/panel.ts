/** What is said of the selected frame: whether it is sent and why, what was found beside what is needed. */
import {
  describeAlternatives,
  describeFacts,
  percent,
  ruleTitles,
} from '../../detect/frame-words.js';
import type { FrameFacts } from '../../detect/frame-facts.js';
import { peakThreshold } from '../../detect/thresholds.js';
import { make } from './elements.js';
import type { Sequence } from './sequence.js';

const sentWords: Readonly<Record<string, string>> = {
  first: 'It is sent: the first frame always is, so that you see what the camera sees.',
  change: 'It is sent: it has a change.',
  scene: 'It is sent: the whole picture changed.',
  before: 'It is sent although it has no change: an event begins soon after it (--before).',
  after: 'It is sent although it has no change: it follows the last change (--after).',
  'keep-every': 'It is sent although it has no change: no frame was sent for long (--keep-every).',
};
const strengthRange = [0.1, 50] as const;
const areaRange = [0.0002, 1] as const;

export class Panel {
  readonly element = make('section', { class: 'panel', 'aria-live': 'polite' });
  readonly #sensitivity: number;

  constructor(sensitivity: number) {
    this.#sensitivity = sensitivity;
  }

  show(sequence: Sequence, frame: number): void {
    const { frames, events } = sequence.data;
    const facts = sequence.factsOf(frame);
    const reason = frames.reason[frame] ?? '';
    const event = frames.event[frame] ?? -1;
    const look = sequence.looks[frame] ?? 'quiet';
    const parts: HTMLElement[] = [
      make(
        'h2',
        {},
        make('span', { class: `badge ${look}` }, facts ? ruleTitles[facts.rule] : 'Skipped'),
        make(
          'span',
          { class: `badge ${reason === '' ? 'unsent' : 'sent'}` },
          reason === '' ? 'not sent' : 'sent',
        ),
        event >= 0
          ? make('span', { class: 'badge event' }, `event ${event + 1} of ${events.length}`)
          : '',
      ),
      make(
        'p',
        { class: 'where' },
        make('strong', {}, `Frame ${frame + 1} of ${sequence.count}`),
        ` · ${sequence.timeOf(frame)}${sequence.data.isWallTime ? ' UTC' : ' after the first'} · `,
        make('code', {}, frames.name[frame] ?? ''),
      ),
    ];
    if (facts === undefined) {
      const error = frames.error[frame] ?? 'it cannot be decoded';
      parts.push(make('p', {}, `The frame is skipped: ${error}.`));
    } else {
      parts.push(make('p', { class: 'reason' }, describeFacts(facts)));
      parts.push(make('p', {}, ...withFlags(sentences(reason, facts))));
      if (facts.rule !== 'first') parts.push(gauges(facts));
      const alternatives = describeAlternatives(facts, this.#sensitivity);
      if (alternatives !== '') {
        parts.push(make('p', {}, 'This frame, taken alone: ', ...withFlags(alternatives)));
      }
    }
    this.element.replaceChildren(...parts);
  }
}

/** The flags of a text as code, which is not broken after a hyphen. */
function withFlags(text: string): (Node | string)[] {
  return text
    .split(/(--[a-z-]+)/)
    .map((part) => (part.startsWith('--') ? make('code', { class: 'flag' }, part) : part));
}

function sentences(reason: string, { rule }: FrameFacts): string {
  const sent = sentWords[reason];
  if (sent !== undefined) return sent;
  const isChange = rule === 'change' || rule === 'scene' || rule === 'turned';
  return isChange
    ? 'It is not sent: its changes are over before --min-duration.'
    : 'It is not sent: it has no change, and no event needs it.';
}

function gauges({ rule, strength, area, neededArea }: FrameFacts): HTMLElement {
  const strengthText = `${factor(strength)}, needs ${factor(peakThreshold)}`;
  const sizeText = `${percent(area)}, needs ${percent(neededArea)}`;
  return make(
    'div',
    { class: 'gauges' },
    gauge('strength', strengthText, strength, peakThreshold, strengthRange),
    ...(rule === 'still' ? [] : [gauge('size', sizeText, area, neededArea, areaRange)]),
  );
}

const factor = (number: number): string => `${Number(number.toFixed(1))} ×`;

/** A bar on a logarithmic scale, with a line at what is needed. */
function gauge(
  name: string,
  text: string,
  value: number,
  needed: number,
  [least, most]: readonly [number, number],
): HTMLElement {
  const place = (at: number) =>
    `${100 * Math.min(1, Math.max(0, Math.log(at / least) / Math.log(most / least)))}%`;
  const bar = make('span', { class: value >= needed ? 'bar enough' : 'bar' });
  bar.style.width = place(value);
  const mark = make('span', { class: 'mark', title: 'needed for a change' });
  mark.style.left = place(needed);
  return make(
    'div',
    { class: 'gauge' },
    make('span', { class: 'name' }, name),
    make('span', { class: 'scale' }, bar, mark),
    make('span', { class: 'value' }, text),
  );
}
