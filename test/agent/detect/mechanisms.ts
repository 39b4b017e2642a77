/**
 * Generated scenes that show one mechanism of the detector each, for the pictures of docs/detection.md: a yard in which
 * something happens, and the frames that are drawn, with the rule that decides there.
 */
import { factsOf } from '../../../agent/detect/find-facts.js';
import { drawExplanation } from '../../../agent/detect/explain.js';
import { drawnCells } from '../../../agent/detect/explanations.js';
import type { Rule } from '../../../agent/detect/frame-facts.js';
import { describeFacts } from '../../../agent/detect/frame-words.js';
import { type SmallPicture, makeGrid } from '../../../agent/detect/grid.js';
import { drawScene } from '../../../agent/source/scene/scene-picture.js';
import { withBalloons } from './balloons.js';
import { randomFrom, within } from './pictures.js';
import { Watch } from './watch.js';

export interface Panel {
  readonly title: string;
  readonly rule: Rule;
  readonly png: Buffer;
}

interface Shown {
  readonly title: string;
  /** Frames before it, which are not drawn, and then the drawn one; `frame` counts from 0. */
  readonly frames: number;
  readonly scene: (frame: number) => SmallPicture;
}

/** About the width of a panel: two are beside each other. */
const panelPx = 400;
const grid = makeGrid(640, 480);

/** The empty yard of the demo scene, without noise: the watch adds its own. */
const empty: SmallPicture = (() => {
  const { columns, rows, cellPx, frameWidthPx } = grid;
  const { rgba } = drawScene({ seed: 1, atMs: 0, widthPx: 640, heightPx: 480 });
  const luma = new Float32Array(columns * rows);
  for (let at = 0; at < rgba.length; at += 4) {
    const x = (at >> 2) % frameWidthPx;
    const y = Math.floor((at >> 2) / frameWidthPx);
    const cell = Math.floor(y / cellPx) * columns + Math.floor(x / cellPx);
    const brightness = 0.299 * rgba[at]! + 0.587 * rgba[at + 1]! + 0.114 * rgba[at + 2]!;
    luma[cell]! += brightness / (cellPx * cellPx);
  }
  return { ...grid, luma };
})();

/** A person: head, body and legs, darker than the yard; the arms swing. */
function person(picture: SmallPicture, left: number, top = 30, level = 35): SmallPicture {
  const head = within(picture, [left + 2, top, 3, 4], () => level + 50);
  const body = within(
    head,
    [left, top + 4, 7, 9],
    (_, column, row) => level + 6 * ((column + row) % 3),
  );
  return within(body, [left + 1 + (left % 2), top + 13, 5, 9], () => level - 10);
}

function car(picture: SmallPicture): SmallPicture {
  const body = within(picture, [46, 46, 26, 7], (_, column) => 205 - 2 * (column % 4));
  return within(body, [52, 41, 13, 5], (_, column) => (column % 5 === 0 ? 210 : 60));
}

/** The yard at dusk, and with a lamp on its left part. */
const dusk = within(empty, [0, 0, 80, 60], (luma) => 0.55 * luma);
const lit = within(dusk, [0, 0, 30, 60], (luma) => 1.5 * luma);

/** The picture of a camera that was turned to the left. */
const turned = (cells: number): SmallPicture =>
  within(
    empty,
    [0, 0, 80, 60],
    (_, column, row) => empty.luma[row * 80 + Math.min(79, column + cells)]!,
  );

const random = randomFrom(11);
/** Bunches of leaves that turn now and then, at the upper right. */
function wind(): SmallPicture {
  const isTurned = Array.from({ length: 100 }, () => random() < 0.35);
  return within(empty, [46, 2, 30, 26], (luma, column, row) => {
    const bunch = Math.floor((column - 46) / 3) + 10 * Math.floor((row - 2) / 3);
    return isTurned[bunch] ? luma - 10 - 40 * random() : luma;
  });
}

const balloons = (aside: number) => withBalloons(empty, aside);

const always = (picture: SmallPicture) => () => picture;
const calm: Shown = { title: 'The empty yard', frames: 60, scene: always(empty) };

/** Frames of each mechanism, in their order; those of `calm` are not drawn. */
const films: Readonly<
  Record<string, { intervalMs: number; shown: readonly Shown[]; before?: Shown }>
> = {
  size: {
    intervalMs: 1000,
    shown: [
      { title: 'A bird', frames: 1, scene: () => within(empty, [52, 38, 3, 2], () => 20) },
      { title: 'A person', frames: 1, scene: () => person(empty, 40) },
    ],
  },
  illumination: {
    intervalMs: 1000,
    shown: [
      {
        title: 'A cloud dims all of the picture',
        frames: 1,
        scene: () => within(empty, [0, 0, 80, 60], (luma) => 0.75 * luma),
      },
      {
        title: 'The light in the yard is switched off',
        frames: 1,
        scene: () =>
          within(empty, [0, 0, 80, 60], (luma, column, row) =>
            row < 6 ? 30 : 0.1 * luma + 0.2 * column,
          ),
      },
    ],
  },
  light: {
    intervalMs: 200,
    before: { title: '', frames: 60, scene: always(dusk) },
    shown: [
      { title: 'A lamp lights a part of the picture', frames: 1, scene: always(lit) },
      { title: 'A person in the light', frames: 3, scene: (frame) => person(lit, 14 + frame) },
    ],
  },
  confirmation: {
    intervalMs: 200,
    shown: [
      {
        title: 'An insect, at 5 frames a second',
        frames: 1,
        scene: () => within(empty, [60, 12, 5, 4], () => 240),
      },
      {
        title: 'A person in the second frame',
        frames: 3,
        scene: (frame) => (frame === 0 ? empty : person(empty, 20 + frame)),
      },
    ],
  },
  absorption: {
    intervalMs: 1000,
    shown: [
      { title: 'A car, 5 s after it was parked', frames: 5, scene: () => car(empty) },
      { title: 'The same car 20 s later', frames: 20, scene: () => car(empty) },
      {
        title: 'The car has left: the old background',
        frames: 30,
        scene: (frame) => (frame < 29 ? car(empty) : empty),
      },
    ],
  },
  ghost: {
    intervalMs: 200,
    before: { title: '', frames: 60, scene: () => person(empty, 40) },
    shown: [
      { title: 'A person of the first frame has left', frames: 2, scene: always(empty) },
      { title: '1.2 s later', frames: 6, scene: always(empty) },
    ],
  },
  wind: {
    intervalMs: 200,
    shown: [
      { title: 'The first gust after a calm hour', frames: 2, scene: wind },
      { title: '12 s later', frames: 60, scene: wind },
      {
        title: 'A person in front of the tree',
        frames: 4,
        scene: (frame) => person(wind(), 50 + frame, 8),
      },
    ],
  },
  sway: {
    intervalMs: 200,
    before: { title: '', frames: 60, scene: always(balloons(0)) },
    shown: [
      { title: 'A gust moves the balloons', frames: 1, scene: always(balloons(0.8)) },
      {
        title: 'A person in front of them',
        frames: 3,
        scene: (frame) => person(balloons(0.8), 8 + frame, 14),
      },
    ],
  },
  turned: {
    intervalMs: 200,
    shown: [
      { title: 'The camera is turned a little', frames: 2, scene: always(turned(3)) },
      { title: '2 s later', frames: 9, scene: always(turned(3)) },
    ],
  },
};

export const mechanisms = Object.keys(films);

/** The drawn frames of a mechanism, each as `--explain` draws it. */
export function panelsOf(mechanism: string): Panel[] {
  const film = films[mechanism]!;
  const watch = new Watch({ intervalMs: film.intervalMs });
  const { before = calm, shown } = film;
  watch.countChanged(before.frames, before.scene);
  return shown.map(({ title, frames, scene }) => {
    for (let frame = 0; frame < frames - 1; frame++) watch.detect(scene(frame));
    const picture = scene(frames - 1);
    const facts = factsOf(watch.detect(picture), watch.detector.lastCellMap);
    const cells = drawnCells(picture, watch.detector.lastCellMap, facts);
    const caption = [title, describeFacts(facts)] as const;
    const png = drawExplanation(picture, cells, caption, panelPx);
    return { title, rule: facts.rule, png };
  });
}
