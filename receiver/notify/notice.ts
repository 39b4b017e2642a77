/** What is announced about cameras. Notices with one id are about the same thing: a later one replaces an earlier one. */
import type { Box } from '../archive/frame-entry.js';

/** The frame of an event that shows most. */
export interface BestFrame {
  readonly camera: string;
  /** Below the captures directory. */
  readonly path: string;
  /** By the camera's clock. */
  readonly capturedAtMs: number;
  readonly utcOffsetMinutes: number;
  readonly sha256: string;
  /** How far the change is above its threshold: 1 is just above. */
  readonly strength: number;
  /** Changed share of the picture, from 0 to 1; undefined: not stated. */
  readonly ratio?: number | undefined;
  readonly boxes: readonly Box[];
}

export interface EventOfCamera {
  readonly camera: string;
  readonly event: string;
}

/** Something happens: one event, or those of several cameras that began within seconds. */
export interface EventNotice {
  readonly kind: 'event';
  /** `update`: another camera sees it too, or a frame shows more. After each begin comes one end. */
  readonly phase: 'begin' | 'update' | 'end';
  readonly id: string;
  /** In the order of their begin. */
  readonly events: readonly EventOfCamera[];
  /** First and last changed frame so far, by the receiver's clock. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Frames of its events, as their agents count them; undefined until the end, and when one does not say. */
  readonly frames?: number | undefined;
  /** The end was not reported: the agent was killed, or the camera is silent. */
  readonly isCut: boolean;
  readonly best: BestFrame;
}

/** A camera that reports has sent nothing for too long. */
export interface SilenceNotice {
  readonly kind: 'silence';
  readonly phase: 'begin' | 'end';
  readonly id: string;
  readonly camera: string;
  /** By the receiver's clock: its last entry arrived. */
  readonly fromMs: number;
  /** At the end: an entry arrives again. */
  readonly toMs?: number | undefined;
}

/** Events whose frames arrived too late for an alarm: history. */
export interface LateNotice {
  readonly kind: 'late';
  readonly phase: 'end';
  readonly id: string;
  readonly camera: string;
  readonly count: number;
  /** First and last changed frame, by the receiver's clock. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * `gap`: the camera dropped frames. `failing`: it delivers none to its agent. `clock`: its clock is wrong. `signature`: what it
 * sends is not signed with its pinned key. `disk`: that of the captures is nearly full.
 */
export const problemNames = ['gap', 'failing', 'clock', 'signature', 'disk'] as const;
export type ProblemName = (typeof problemNames)[number];

export interface ProblemNotice {
  readonly kind: 'problem';
  readonly phase: 'begin' | 'end';
  readonly id: string;
  readonly problem: ProblemName;
  /** Undefined: of the receiver's machine. */
  readonly camera?: string | undefined;
  /** By the receiver's clock; of a gap: capture of the first dropped frame, and of the last one. */
  readonly fromMs: number;
  readonly toMs?: number | undefined;
  /** In words, without the camera. */
  readonly detail: string;
  /** Dropped frames so far, of a gap. */
  readonly frames?: number | undefined;
}

export type Notice = EventNotice | SilenceNotice | LateNotice | ProblemNotice;

/** The moment of a call. */
export interface Now {
  /** Milliseconds since 1970 UTC. */
  readonly wallMs: number;
  /** Only differences count: the wall clock may jump. */
  readonly monotonicMs: number;
}
