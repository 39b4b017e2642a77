/**
 * The picture of the demo scene at one moment: a yard that a person, a cat or a car crosses from time to time, with
 * sensor noise and clouds. It depends on seed and scene time only. Pure.
 */
import { type Canvas, designWidth } from './scene-canvas.js';
import { car } from './scene-car.js';
import { cat } from './scene-cat.js';
import { person } from './scene-person.js';
import { hash, random } from './scene-random.js';
import type { Pose, Visitor } from './scene-visitor.js';
import { drawTree, drawYard } from './scene-yard.js';

export interface SceneMoment {
  /** Any number; another seed gives another yard with other visitors. */
  readonly seed: number;
  /** Scene time. The yard is empty in the first two seconds of every ten. */
  readonly atMs: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface ScenePicture {
  /** `rgba.length === widthPx * heightPx * 4`. */
  readonly rgba: Uint8Array;
  /** True when a part of a visitor or its shadow is in the picture. */
  readonly isVisited: boolean;
}

const cycleMs = 10_000;
const emptyMs = 2000;
const noiseSigma = 2;

export function drawScene({ seed, atMs, widthPx, heightPx }: SceneMoment): ScenePicture {
  const yard = yardFor(seed, widthPx, heightPx);
  const rgba = new Uint8ClampedArray(yard.rgba);
  const canvas = { rgba, widthPx, heightPx };
  drawTree(canvas, seed, atMs);
  const visit = visitAt(seed, atMs);
  visit?.visitor.draw(canvas, visit.pose);
  addLightAndNoise(rgba, seed, atMs);
  return { rgba: new Uint8Array(rgba.buffer), isVisited: visit !== undefined };
}

/** The visitor in the picture, if any: one crossing in every cycle, about 40 % of the time. */
function visitAt(seed: number, atMs: number): { visitor: Visitor; pose: Pose } | undefined {
  const cycle = Math.floor(atMs / cycleMs);
  const chance = (what: number): number => random(seed, cycle, what);
  // The first visitor is always a person: a first try of the program shows motion soon.
  const lot = cycle === 0 ? 0 : chance(1);
  const [visitor, crossingMs] = lot < 0.55 ? [person, 4400] : lot < 0.8 ? [cat, 4600] : [car, 2600];
  const beginsMs = emptyMs + chance(2) * (cycleMs - emptyMs - crossingMs);
  const share = (atMs - cycle * cycleMs - beginsMs) / crossingMs;
  if (share <= 0 || share >= 1) return undefined;
  const travelled = share * (designWidth + 2 * visitor.reach);
  const direction = chance(3) < 0.5 ? 1 : -1;
  const x = direction === 1 ? travelled - visitor.reach : designWidth + visitor.reach - travelled;
  return { visitor, pose: { x, direction, travelled, appearance: hash(seed, cycle, 4) % 60 } };
}

let lastYard: (Canvas & { readonly seed: number }) | undefined;

/** Caches the yard: it never changes, and drawing it takes more time than the rest of the frame. */
function yardFor(seed: number, widthPx: number, heightPx: number): Canvas {
  if (lastYard?.seed !== seed || lastYard.widthPx !== widthPx || lastYard.heightPx !== heightPx) {
    const rgba = new Uint8ClampedArray(widthPx * heightPx * 4);
    lastYard = { seed, rgba, widthPx, heightPx };
    drawYard(lastYard, seed);
  }
  return lastYard;
}

/** Gaussian noise by the central limit theorem, in thousandths of a grey level. */
const noiseTable = Int16Array.from({ length: 4096 }, (_, n) => {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random(n, term, 1);
  return Math.round(sum * noiseSigma * 1000);
});

function addLightAndNoise(rgba: Uint8ClampedArray, seed: number, atMs: number): void {
  const phase = random(seed, 7) * 2 * Math.PI;
  const cloud =
    Math.sin((atMs / 47_000) * 2 * Math.PI + phase) + 0.4 * Math.sin(atMs / 3100 + phase);
  const light = 1 + 0.03 * cloud;
  // xorshift32; its state must not be 0.
  let state = hash(seed, Math.floor(atMs), 8) | 1;
  for (let at = 0; at < rgba.length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // Most of a sensor's noise is common to the three colours once they have been interpolated.
    const common = noiseTable[state & 4095]! * 0.0009;
    const reddish = noiseTable[(state >>> 10) & 4095]! * 0.0004;
    rgba[at] = rgba[at]! * light + common + reddish;
    rgba[at + 1] = rgba[at + 1]! * light + common;
    rgba[at + 2] = rgba[at + 2]! * light + common - reddish;
  }
}
