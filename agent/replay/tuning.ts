/** What other settings would have made of the same frames: a grid of trials side by side. Pure. */
import { layOut } from './summary.js';
import { Tally } from './tally.js';
import { type Outcome, Trial, type TrialSettings } from './trial.js';

/** Around the present setting: a step is about a fifth more or less of what a place has to be off. */
const sensitivitySteps = [-0.2, -0.1, 0, 0.1, 0.2];
/** Around the present setting: a region half or twice as large is seen to be so by eye. */
const minAreaFactors = [0.25, 0.5, 1, 2, 4];

/** A setting, and what it made of all sequences together. */
export interface Tuned {
  readonly sensitivity: number;
  readonly minArea: number;
  /** True for the setting that is in force. */
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
      .filter((each) => each >= 0 && each <= 1);
    const minAreas = minAreaFactors.map((factor) => round(minArea * factor));
    this.tuned = sensitivities.flatMap((each) =>
      // Of no area, and of the whole picture, there is no half and no double.
      [...new Set(minAreas.filter((area) => area <= 1))].map((area) => ({
        sensitivity: each,
        minArea: area,
        present: each === round(sensitivity) && area === round(minArea),
        events: 0,
        changed: 0,
        sent: 0,
      })),
    );
  }

  /** A fresh trial for each setting, for the frames of one sequence, which `eventGapMs` depends on. */
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

  /** The sequence is over. */
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

/** A row for each sensitivity, a column for each smallest area; in the cells events and frames sent. */
export function tuningTable(tuned: readonly Tuned[]): string[] {
  const areas = [...new Set(tuned.map(({ minArea }) => minArea))];
  const sensitivities = [...new Set(tuned.map(({ sensitivity }) => sensitivity))];
  const cell = (sensitivity: number, minArea: number): string => {
    const found = tuned.find(
      (each) => each.sensitivity === sensitivity && each.minArea === minArea,
    );
    return found ? `${found.events} / ${found.sent}${found.present ? '*' : ' '}` : '';
  };
  return [
    'Events / frames sent with other settings; * is the present one.',
    ...layOut([
      [
        '--sensitivity',
        ...areas.map((area, i) => `${i === 0 ? '--min-area ' : ''}${percent(area)}`),
      ],
      ...sensitivities.map((each) => [percent(each), ...areas.map((area) => cell(each, area))]),
    ]),
  ];
}

/** Shares as they are written: to a millionth. */
function round(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

function percent(share: number): string {
  return `${round(share * 100)}%`;
}
