/**
 * Scores "is something in view that does not belong?" against labels, frame by frame and event by event. Pure.
 *
 * The first `warmUp` frames are not scored. An event is a run of frames labelled 1, runs with fewer than `gap`
 * frames between them being one; it is found when a frame of it is called changed. A burst is such a run of
 * changed frames labelled 0; a nuisance is a burst that does not begin within `gap` frames after a frame
 * labelled 1 or -1, when something has just left. A permanent alarm is one burst: read bursts together with
 * the false-alarm rate.
 */

/** 1: something relevant is in view, 0: nothing, -1: not known, not scored. */
export type Label = 1 | 0 | -1;

/** What is undefined cannot be said: there were no frames of the kind that it is a share of. */
export interface Score {
  readonly positives: number;
  readonly negatives: number;
  /** Share of the frames labelled 1 that were called changed. */
  readonly recall: number | undefined;
  /** Share of the frames labelled 0 that were called changed. */
  readonly falseAlarmRate: number | undefined;
  readonly precision: number | undefined;
  readonly f1: number | undefined;
  readonly events: number;
  readonly eventRecall: number | undefined;
  /** As `eventRecall`, but changed frames labelled -1 directly before the event count too. */
  readonly eventRecallWithMargin: number | undefined;
  /** From an event's first frame to the first that was called changed, of the events found; frames. */
  readonly medianDelay: number | undefined;
  readonly burstsPer1000: number | undefined;
  readonly nuisancesPer1000: number | undefined;
}

export interface ScoreSettings {
  readonly warmUp: number;
  readonly gap: number;
}

export const usualSettings: ScoreSettings = { warmUp: 10, gap: 5 };

/** @param changed what was said of each frame; as many as labels */
export function scoreSequence(
  labels: readonly Label[],
  changed: readonly boolean[],
  { warmUp, gap }: ScoreSettings = usualSettings,
): Score {
  const scored = [...labels.keys()].filter((i) => i >= warmUp);
  const positives = scored.filter((i) => labels[i] === 1);
  const negatives = scored.filter((i) => labels[i] === 0);
  const truePositives = positives.filter((i) => changed[i]).length;
  const falseAlarms = negatives.filter((i) => changed[i]);
  const hasBoth = positives.length > 0 && negatives.length > 0;

  const labelledOne = [...labels.keys()].filter((i) => labels[i] === 1);
  const events = runs(labelledOne, gap)
    .filter(([, end]) => end >= warmUp)
    .map(([start, end]): Run => [Math.max(start, warmUp), end]);
  const found = events.map(([start, end]) => firstChanged(changed, start, end));
  const delays = found.flatMap((at, i) => (at === undefined ? [] : at - events[i]![0]));
  const foundWithMargin = events.filter(([start, end]) => {
    let from = start;
    while (from > warmUp && labels[from - 1] === -1) from -= 1;
    return firstChanged(changed, from, end) !== undefined;
  });

  const bursts = runs(falseAlarms, gap);
  const nuisances = bursts.filter(([start]) =>
    labels.slice(Math.max(0, start - gap), start).every((label) => label === 0),
  );
  const per1000 = (count: number): number | undefined => share(1000 * count, negatives.length);
  const f1Parts = 2 * truePositives + falseAlarms.length + (positives.length - truePositives);
  return {
    positives: positives.length,
    negatives: negatives.length,
    recall: share(truePositives, positives.length),
    falseAlarmRate: share(falseAlarms.length, negatives.length),
    precision: hasBoth ? share(truePositives, truePositives + falseAlarms.length) : undefined,
    f1: positives.length > 0 ? share(2 * truePositives, f1Parts) : undefined,
    events: events.length,
    eventRecall: share(delays.length, events.length),
    eventRecallWithMargin: share(foundWithMargin.length, events.length),
    medianDelay: median(delays),
    burstsPer1000: per1000(bursts.length),
    nuisancesPer1000: per1000(nuisances.length),
  };
}

/** A measure that sequences are compared by; `gain` is the recall less the false-alarm rate. */
export type Measure = Exclude<keyof Score, 'positives' | 'negatives' | 'events'> | 'gain';

/**
 * The mean of a measure over the sequences that have frames of both labels, each counting the same.
 * @returns undefined when none has it
 */
export function macro(scores: readonly Score[], measure: Measure): number | undefined {
  const both = scores.filter(({ positives, negatives }) => positives > 0 && negatives > 0);
  const values = both.flatMap((score) => measureOf(score, measure) ?? []);
  return share(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  );
}

export function measureOf(score: Score, measure: Measure): number | undefined {
  if (measure !== 'gain') return score[measure];
  const { recall, falseAlarmRate } = score;
  return recall === undefined || falseAlarmRate === undefined ? undefined : recall - falseAlarmRate;
}

/** The first and the last index. */
export type Run = readonly [start: number, end: number];

/** Runs of ascending indices; those with fewer than `gap` indices between them are one. */
export function runs(indices: readonly number[], gap: number): Run[] {
  const found: [number, number][] = [];
  for (const index of indices) {
    const last = found.at(-1);
    if (last && index - last[1] - 1 < gap) last[1] = index;
    else found.push([index, index]);
  }
  return found;
}

function firstChanged(changed: readonly boolean[], start: number, end: number): number | undefined {
  const at = changed.slice(start, end + 1).indexOf(true);
  return at < 0 ? undefined : start + at;
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
