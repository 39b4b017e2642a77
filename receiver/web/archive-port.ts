/** What the viewer's server asks of the archive: answered by a worker, so that no query keeps a connection waiting. */
import type {
  CamerasAnswer,
  DaysAnswer,
  EventsAnswer,
  FramesAnswer,
  LiveCamera,
  TimelineAnswer,
} from './api-types.js';
import type { NewEntries } from './queries/live-tail.js';

export interface FramesWish {
  readonly camera: string;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly atMs?: number | undefined;
  readonly limit: number;
}

export interface StretchWish {
  readonly camera: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StripWish {
  readonly camera: string;
  readonly fromMs: number;
  readonly stepMs: number;
}

/** Each call rejects with a {QueryError}, or with another error when it failed. */
export interface Archive {
  cameras(): Promise<Omit<CamerasAnswer, 'role'>>;
  states(): Promise<LiveCamera[]>;
  days(camera: string, first: string, last: string): Promise<DaysAnswer>;
  timeline(stretch: StretchWish, stepMs: number): Promise<TimelineAnswer>;
  frames(wish: FramesWish): Promise<FramesAnswer>;
  events(stretch: StretchWish, limit: number): Promise<EventsAnswer>;
  /** A JPEG. @param day `2026_11_22` @param lineAt position of its line in the record */
  frame(camera: string, day: string, lineAt: number, sha256: string): Promise<Uint8Array>;
  /** A JPEG of `stripTiles` tiles. */
  strip(wish: StripWish, signal: AbortSignal): Promise<Uint8Array>;
  /** What is new since the last look. */
  look(): Promise<NewEntries[]>;
  /** In the text format of Prometheus. @param isAway what is stored now cannot be read */
  metrics(isAway?: boolean): Promise<string>;
}

export type ArchiveMethod = keyof Archive;
