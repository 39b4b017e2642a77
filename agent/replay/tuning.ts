/** Compares settings on the same frames: a grid of trials. Pure. */
import { layOut } from './summary.js';
import { Tally } from './tally.js';
import { type Outcome, Trial, type TrialSettings } from './trial.js';

/** Relative to the current setting: a step of 0.1 changes the detection threshold by about a fifth. */
const sensitivitySteps = [-0.2, -0.1, 0, 0.1, 0.2];
/** Relative to the current setting: the eye distinguishes half and double the area. */
const minAreaFactors = [0.25, 0.5, 1, 2, 4];

/** A setting and its result over all sequences. */
export interface Tuned {
  readonly sensitivity: number;
  readonly minArea: number;
  /** True for the current setting. */
  readonly present: boolean;
  events: number;
  changed: number;
  sent: number;
}

export class Tuning {
  readonly tuned: readonly Tuned[];
  readonly #settings: TrialSettings;
  #tallies: Tally[] = [];

  constructor(settings: TrialSettings) {
    this.#settings = settings;
    const { sensitivity, minArea } = settings;
    const sensitivities = sensitivitySteps
      .map((step) => round(sensitivity + step))
      .filter((share) => share >= 0 && share <= 1);
    const minAreas = minAreaFactors.map((factor) => round(minArea * factor));
    this.tuned = sensitivities.flatMap((trialSensitivity) =>
      // A set: multiples of 0 are equal. The filter: no area is larger than the picture.
      [...new Set(minAreas.filter((area) => area <= 1))].map((area) => ({
        sensitivity: trialSensitivity,
        minArea: area,
        present: trialSensitivity === round(sensitivity) && area === round(minArea),
        events: 0,
        changed: 0,
        sent: 0,
      })),
    );
  }

  /** A new trial for each setting; `eventGapMs` depends on the frame rate of the sequence. */
  begin(eventGapMs: number): Trial[] {
    this.#tallies = this.tuned.map(() => new Tally());
    return this.tuned.map(
      ({ sensitivity, minArea }) =>
        new Trial({ ...this.#settings, eventGapMs, sensitivity, minArea }),
    );
  }

  note(decided: readonly (readonly Outcome[])[]): void {
    for (const [index, outcomes] of decided.entries()) {
      for (const outcome of outcomes) this.#tallies[index]?.note(outcome);
    }
  }

  /** Adds the counts of the sequence; to be called after its last frame. */
  end(): void {
    for (const [index, { events, changed, sent }] of this.#tallies.entries()) {
      const tuned = this.tuned[index];
      if (tuned === undefined) continue;
      tuned.events += events.size;
      tuned.changed += changed;
      tuned.sent += sent;
    }
    this.#tallies = [];
  }
}

/** A row for each sensitivity, a column for each minimum area; each cell has events and sent frames. */
export function tuningTable(tuned: readonly Tuned[]): string[] {
  const areas = [...new Set(tuned.map(({ minArea }) => minArea))];
  const sensitivities = [...new Set(tuned.map(({ sensitivity }) => sensitivity))];
  const cell = (sensitivity: number, minArea: number): string => {
    const found = tuned.find((row) => row.sensitivity === sensitivity && row.minArea === minArea);
    return found ? `${found.events} / ${found.sent}${found.present ? '*' : ' '}` : '';
  };
  return [
    'Events / sent frames for each setting; * marks the current one.',
    ...layOut([
      [
        '--sensitivity',
        ...areas.map((area, i) => `${i === 0 ? '--min-area ' : ''}${percent(area)}`),
      ],
      ...sensitivities.map((row) => [percent(row), ...areas.map((area) => cell(row, area))]),
    ]),
  ];
}

/** Rounds a share to a millionth. */
function round(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

function percent(share: number): string {
  return `${round(share * 100)}%`;
}
