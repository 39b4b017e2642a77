/** Common parts of the visitors of the demo scene. Pure. */
import type { Canvas, Colour, Point } from './scene-canvas.js';

export interface Pose {
  /** Position on the ground, in units of the scene. */
  readonly x: number;
  /** 1: it moves to the right. -1: to the left. */
  readonly direction: 1 | -1;
  /** Distance travelled; legs and wheels turn with it. */
  readonly travelled: number;
  /** Number of a combination of colours and shapes. */
  readonly appearance: number;
}

export interface Visitor {
  /** Extent of the visitor and its shadow to either side of `x`. */
  readonly reach: number;
  readonly draw: (canvas: Canvas, pose: Pose) => void;
}

/** Colour of a visitor's shadow. */
export const shadow: Colour = [24, 30, 22];

/** Converts positions relative to a visitor (ahead of its centre, above its ground) to positions in the scene. */
export function placer(pose: Pose, groundY: number): (ahead: number, up: number) => Point {
  return (ahead, up) => [pose.x + pose.direction * ahead, groundY - up];
}

export function pick<T>(choices: readonly T[], appearance: number): T {
  return choices[appearance % choices.length]!;
}
