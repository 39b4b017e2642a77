/**
 * Labelled sequences made into others: settings are defended on what they were not made on. Whole frames are
 * altered, not cells, so that noise and edges become what a camera would make of them. Seeds are fixed.
 */
import { addNoise, halve, lighten, mirror, reduceToCells } from './pixels.js';
import type { GreyFrame } from './pixels.js';
import { runs, usualSettings } from './score.js';
import type { Sequence } from './sequence.js';

export interface Alteration {
  readonly name: string;
  /** Whole frames are decoded and altered, which takes minutes: stored-cells.ts stores what comes of it. */
  readonly isOfFrames: boolean;
  /** @returns undefined: the sequence is too short */
  readonly alter: (sequence: Sequence) => Sequence | undefined;
}

/** A fair sensor by daylight, for frames that are one frame repeated. */
const calmNoiseGreys = 1.5;
const calmFrames = 100;
/** Far enough into a visit for the visitor to stand in the picture, not at its edge. */
const intoVisit = 30;
/** Fewest frames of a pass of a time-lapse: with fewer the same pictures would alternate. */
const minPassFrames = 5;
/** Each pass of a time-lapse begins so many frames after the one before. */
const passShift = 5;

/** The mean of these says how well the detector does on what it was not made on. */
export const alterations: readonly Alteration[] = [
  ofFrames('mirrored', (sequence) => withFrames(sequence, mirror)),
  ofFrames('half size', (sequence) => withFrames(sequence, halve)),
  ofFrames('noise of 4 greys', (sequence) =>
    withFrames(sequence, (frame, index) => addNoise(frame, 4, index + 1)),
  ),
  ofFrames('light x0.75 at half-time', (sequence) => withLightStep(sequence, 0.75)),
  ofFrames('light x1.33 at half-time', (sequence) => withLightStep(sequence, 1.33)),
  ofFrames('100 calm frames before', withCalmBefore),
  ofCells('somebody there at the start', fromWithinVisit),
  ofCells('one frame in 5', (sequence) => oneIn(sequence, 5)),
  ofCells('one frame in 25', (sequence) => oneIn(sequence, 25)),
];

/** Came later: they have no part in that mean, so that it stays comparable. */
export const laterAlterations: readonly Alteration[] = [
  ofFrames('lamp on a third, on and off', withLamp),
  ofCells('one in 25, in 5 passes', (sequence) => timeLapse(sequence, 25)),
  ofCells('one in 125, in 25 passes', (sequence) => timeLapse(sequence, 125)),
];

function ofFrames(name: string, alter: Alteration['alter']): Alteration {
  return { name, isOfFrames: true, alter };
}

function ofCells(name: string, alter: Alteration['alter']): Alteration {
  return { name, isOfFrames: false, alter };
}

function withFrames(
  sequence: Sequence,
  change: (frame: GreyFrame, index: number) => GreyFrame,
): Sequence {
  const grey = (index: number): GreyFrame => change(sequence.grey(index), index);
  return { ...sequence, paths: [], grey, small: (index) => reduceToCells(grey(index)) };
}

function withLightStep(sequence: Sequence, factor: number): Sequence {
  const half = sequence.labels.length >> 1;
  return withFrames(sequence, (frame, index) => (index < half ? frame : lighten(frame, factor)));
}

/** The right third of the picture is 1.4 times as bright in every second run of 40 frames. */
function withLamp(sequence: Sequence): Sequence {
  return withFrames(sequence, (frame, index) => {
    if (Math.floor(index / 40) % 2 === 0) return frame;
    const { widthPx, heightPx } = frame;
    const { grey: lit } = lighten(frame, 1.4);
    const grey = frame.grey.map((dark, i) => (3 * (i % widthPx) < 2 * widthPx ? dark : lit[i]!));
    return { widthPx, heightPx, grey };
  });
}

/** An empty scene without wind, before what happens; as far apart as the sequence's own frames. */
function withCalmBefore(sequence: Sequence): Sequence {
  const empty = Math.max(0, sequence.labels.indexOf(0));
  const [firstMs = 0, secondMs = firstMs + 200] = sequence.capturedAtMs;
  const gapMs = secondMs - firstMs;
  const calm = Array.from({ length: calmFrames }, (_, i) => i);
  const grey = (index: number): GreyFrame =>
    index < calmFrames
      ? addNoise(sequence.grey(empty), calmNoiseGreys, index + 1)
      : sequence.grey(index - calmFrames);
  return {
    name: sequence.name,
    paths: [],
    labels: [...calm.map(() => 0 as const), ...sequence.labels],
    capturedAtMs: [
      ...calm.map((i) => firstMs - (calmFrames - i) * gapMs),
      ...sequence.capturedAtMs,
    ],
    grey,
    small: (index) =>
      index < calmFrames ? reduceToCells(grey(index)) : sequence.small(index - calmFrames),
  };
}

/** Begins within the first visit: nobody has seen the scene empty. */
function fromWithinVisit(sequence: Sequence): Sequence {
  const positives = [...sequence.labels.keys()].filter((i) => sequence.labels[i] === 1);
  const [[start, end] = [0, 0]] = runs(positives, usualSettings.gap);
  const from = start + Math.min(intoVisit, (end - start) >> 1);
  const kept = [...sequence.labels.keys()].filter((i) => i >= from);
  return pick(sequence, kept);
}

export function oneIn(sequence: Sequence, count: number): Sequence {
  return pick(
    sequence,
    [...sequence.labels.keys()].filter((i) => i % count === 0),
  );
}

/**
 * A camera that looks seldom and for long: the sequence passes several times, each time with other frames of it. The
 * frames are as far apart as in one pass.
 */
function timeLapse(sequence: Sequence, count: number): Sequence | undefined {
  const { labels, capturedAtMs } = sequence;
  if (labels.length < minPassFrames * count) return undefined;
  const order = Array.from({ length: count / passShift }, (_, pass) =>
    [...labels.keys()].filter((i) => i % count === pass * passShift),
  ).flat();
  const [firstMs = 0, secondMs = firstMs + 200] = capturedAtMs;
  const gapMs = count * (secondMs - firstMs);
  const passes = pick(sequence, order);
  return { ...passes, capturedAtMs: order.map((_, at) => firstMs + at * gapMs) };
}

function pick(sequence: Sequence, indices: readonly number[]): Sequence {
  return {
    name: sequence.name,
    paths: indices.flatMap((i) => sequence.paths[i] ?? []),
    labels: indices.map((i) => sequence.labels[i]!),
    capturedAtMs: indices.map((i) => sequence.capturedAtMs[i]!),
    grey: (index) => sequence.grey(indices[index]!),
    small: (index) => sequence.small(indices[index]!),
  };
}
