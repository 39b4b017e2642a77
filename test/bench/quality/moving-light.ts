/**
 * Light that moves over a labelled sequence: a patch of sun that wanders, the shadows of clouds, the dapple below a
 * tree. Each darkens, so that nothing becomes too bright, and is smooth within a cell: the mean of a cell's pixels in that
 * light is the cell in that light. Pure.
 */
import { type Alteration, oneIn } from './alterations.js';
import type { Sequence } from './sequence.js';

/** Brightness at a place, 0..1, the picture being 80 wide and 60 high, so many seconds after it began. */
type Light = (x: number, y: number, seconds: number) => number;

const widthUnits = 80;
const heightUnits = 60;
/** The scene has its own light for so many frames: long enough for a background. */
const calmFrames = 20;

export const movingLights: readonly Alteration[] = [
  row('patch of sun, 0.5 a second', 5, sunPatch({ speed: 0.5, edge: 2 })),
  row('patch of sun, 2 a second', 5, sunPatch({ speed: 2, edge: 2 })),
  row('soft patch, 2 a second', 5, sunPatch({ speed: 2, edge: 6 })),
  row('patch of sun, 0.5 a second', 1, sunPatch({ speed: 0.5, edge: 2 })),
  row('patch of sun, 2 a second', 1, sunPatch({ speed: 2, edge: 2 })),
  row('clouds, 1 a second', 5, clouds({ speed: 1, depth: 0.4, edge: 4 })),
  row('clouds, 3 a second', 5, clouds({ speed: 3, depth: 0.4, edge: 4 })),
  row('dark clouds, 2 a second', 5, clouds({ speed: 2, depth: 0.6, edge: 8 })),
  row('clouds, 3 a second', 1, clouds({ speed: 3, depth: 0.4, edge: 4 })),
  row('dapple', 5, dapple),
  row('dapple', 1, dapple),
];

/** @param count one frame in so many of the sequence */
function row(what: string, count: number, light: Light): Alteration {
  return {
    name: count === 1 ? what : `${what}, 1 in ${count}`,
    isOfFrames: false,
    alter: (sequence) => lit(oneIn(sequence, count), light),
  };
}

function lit(sequence: Sequence, light: Light): Sequence {
  const { capturedAtMs, small } = sequence;
  const beginMs = capturedAtMs[Math.min(calmFrames, capturedAtMs.length - 1)] ?? 0;
  return {
    ...sequence,
    paths: [],
    grey: () => {
      throw new Error('only the cells of a sequence in moving light are known');
    },
    small: (index) => {
      const picture = small(index);
      const { columns, rows } = picture;
      const seconds = Math.max(0, (capturedAtMs[index]! - beginMs) / 1000);
      const luma = picture.luma.map((level, cell) => {
        const row = Math.floor(cell / columns);
        const x = ((cell - row * columns) * widthUnits) / columns;
        return level * light(x, (row * heightUnits) / rows, seconds);
      });
      return { ...picture, luma };
    },
  };
}

/** An ellipse that goes to the right and back; it is 1.7 times as bright as what is around it. */
function sunPatch({ speed, edge }: { speed: number; edge: number }): Light {
  const spanUnits = 60;
  const excess = 0.7;
  return (x, y, seconds) => {
    const way = (seconds * speed) % (2 * spanUnits);
    const centreX = 10 + Math.min(way, 2 * spanUnits - way);
    const centreY = 30 + 8 * Math.sin((seconds * speed) / 15);
    const [right, down] = [(x - centreX) / 14, (y - centreY) / 10];
    // Math.hypot takes ten times as long.
    const inside = 1 - Math.sqrt(right * right + down * down);
    return (1 + excess * ramp(0.5 + (inside * 12) / edge)) / (1 + excess);
  };
}

/** Shadows, of 20 units and more, that go to the right. */
function clouds({ speed, depth, edge }: { speed: number; depth: number; edge: number }): Light {
  return (x, y, seconds) =>
    1 - depth * ramp(edge * (field(100 + (x - speed * seconds) / 20, y / 20) - 0.45));
}

/** Patches of some units, which swing to and fro. */
function dapple(x: number, y: number, seconds: number): number {
  const swungX = x + 2 * Math.sin(seconds / 2);
  const swungY = y + 1.5 * Math.cos(0.35 * seconds);
  return 0.67 + 0.33 * ramp(6 * (field(50 + swungX / 4, swungY / 4) - 0.55));
}

function ramp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

const fieldColumns = 400;
const fieldRows = 100;
const fieldValues = randomNumbers(fieldColumns * fieldRows);

/** Random numbers, 0..1, one a unit in each direction, and what is between them. */
function field(x: number, y: number): number {
  const [wrappedX, wrappedY] = [wrap(x, fieldColumns - 10), wrap(y, fieldRows - 5)];
  const [left, top] = [Math.floor(wrappedX), Math.floor(wrappedY)];
  const [right, down] = [wrappedX - left, wrappedY - top];
  const at = top * fieldColumns + left;
  const mix = (index: number): number =>
    (1 - right) * fieldValues[index]! + right * fieldValues[index + 1]!;
  return (1 - down) * mix(at) + down * mix(at + fieldColumns);
}

function wrap(value: number, length: number): number {
  return value - length * Math.floor(value / length);
}

function randomNumbers(length: number): Float64Array {
  let state = 387_289_262;
  return new Float64Array(length).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
}
