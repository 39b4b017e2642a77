/** Made-up findings and settings for the tests of the selection. */
import type { SelectionSettings } from '../../../agent/events/event-recorder.js';
import type { Finding } from '../../../agent/events/verdict.js';

export const noonMs = Date.UTC(2026, 10, 22, 12);

const nothing = { ratio: 0, boxes: [], strength: 0 };
const something: Omit<Finding, 'kind'> = { ratio: 0.1, boxes: [[8, 16, 24, 32]], strength: 3 };
const findings: Readonly<Record<string, Finding>> = {
  f: { kind: 'first', ...nothing },
  q: { kind: 'quiet', ...nothing },
  c: { kind: 'change', ...something },
  s: { kind: 'scene', ...something, ratio: 0.9 },
};

/** By its letter: first, quiet, change, scene. */
export function findingOf(letter: string): Finding {
  const finding = findings[letter];
  if (finding === undefined) throw new Error(`no finding has the letter ${letter}`);
  return finding;
}

/** Nothing but changes is sent, unless said. */
export function settingsOf(changed: Partial<SelectionSettings>): SelectionSettings {
  return {
    eventGapMs: 4000,
    minDurationMs: 0,
    before: 0,
    after: 0,
    keepEveryMs: 0,
    ...changed,
  };
}
