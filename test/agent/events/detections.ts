/** Synthetic detections and settings for the tests of the event recorder. */
import type { RecorderSettings } from '../../../agent/events/event-recorder.js';
import type { Detection } from '../../../agent/events/verdict.js';

export const noonMs = Date.UTC(2026, 10, 22, 12);

const nothing = { ratio: 0, boxes: [], strength: 0 };
const something: Omit<Detection, 'kind'> = { ratio: 0.1, boxes: [[8, 16, 24, 32]], strength: 3 };
const detections: Readonly<Record<string, Detection>> = {
  f: { kind: 'first', ...nothing },
  q: { kind: 'quiet', ...nothing },
  c: { kind: 'change', ...something },
  s: { kind: 'scene', ...something, ratio: 0.9 },
};

/** @param letter f: first, q: quiet, c: change, s: scene */
export function detectionOf(letter: string): Detection {
  const detection = detections[letter];
  if (detection === undefined) throw new Error(`no detection has the letter ${letter}`);
  return detection;
}

/** By default only changes are sent. */
export function settingsOf(changed: Partial<RecorderSettings>): RecorderSettings {
  return {
    eventGapMs: 4000,
    minDurationMs: 0,
    before: 0,
    after: 0,
    keepEveryMs: 0,
    ...changed,
  };
}
