/** What those who come through the yard of the embedded scene have in common. Pure. */
import type { Canvas, Colour, Point } from './scene-canvas.js';

export interface Pose {
  /** Where it stands on the ground, in units of the scene. */
  readonly x: number;
  /** 1: it goes to the right. -1: to the left. */
  readonly direction: 1 | -1;
  /** How far it has gone: what legs and wheels turn by. */
  readonly travelled: number;
  /** Which of several looks. */
  readonly look: number;
}

export interface Visitor {
  /** How far it and its shadow reach to either side of `x`. */
  readonly reach: number;
  readonly draw: (canvas: Canvas, pose: Pose) => void;
}

/** Of what lies in the shade of somebody. */
export const shadow: Colour = [24, 30, 22];

/** Where something ahead of a visitor's middle and above its ground is, turned the way it goes. */
export function placer(pose: Pose, groundY: number): (ahead: number, up: number) => Point {
  return (ahead, up) => [pose.x + pose.direction * ahead, groundY - up];
}

export function pick<T>(choices: readonly T[], look: number): T {
  return choices[look % choices.length]!;
}
