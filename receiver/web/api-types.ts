/**
 * The shapes of the viewer's API, version 1 (docs/api.md), for the server and for the page. Times are milliseconds since
 * 1970 UTC by the camera's clock; `offset` is the camera's from UTC, minutes, east positive. Addresses are relative to
 * `api/v1/`. Pure.
 */

/** `cameras` */
export interface CamerasAnswer {
  /** The receiver's clock. */
  readonly now: number;
  readonly version: string;
  readonly role: Role;
  readonly cameras: readonly CameraAnswer[];
}

/** `look` reads; `keep` may also keep and unkeep. */
export type Role = 'look' | 'keep';

export interface CameraAnswer {
  readonly camera: string;
  /** `2026-11-22`, by the camera's local time; null: no day has a record. */
  readonly firstDay: string | null;
  readonly lastDay: string | null;
  /** Of its newest entry. */
  readonly offset: number;
  /** False: an agent of 0.1, or a raw sender: states are not known beside its frames. */
  readonly reports: boolean;
  /** When its newest entry arrived, by the receiver's clock. */
  readonly lastArrival: number | null;
  /** Nothing arrived since then, for longer than its reports allow. */
  readonly silentSince: number | null;
  /** What its newest report says; null: it does not report. */
  readonly state: string | null;
  /** Why it does not deliver, as its agent states it. */
  readonly why: string | null;
  /** The camera's clock minus the receiver's, when they differ by a second or more. */
  readonly clockError: number | null;
  /** Frames that came while its clock was not set: they are on no time line. */
  readonly unclocked: number;
  readonly newest: FrameAnswer | null;
}

/** `days?camera=&from=2026-11-01&to=2026-12-01` (both days included, at most 400): days with a record. */
export interface DaysAnswer {
  readonly camera: string;
  readonly days: readonly DayAnswer[];
}

export interface DayAnswer {
  readonly day: string;
  /** Its midnights, by the camera's local time. */
  readonly from: number;
  readonly to: number;
  readonly frames: number;
  readonly changed: number;
  readonly events: number;
  /** The greatest strength of its frames. */
  readonly strongest: number;
  /** Milliseconds of each state; all 0 for a camera that does not report. */
  readonly states: Readonly<Record<MomentState, number>>;
}

/**
 * - `quiet`: watched, nothing changed
 * - `changed`: an event, or a changed frame
 * - `not-watched`: the camera did not deliver, or no agent ran
 * - `unknown`: nothing is reported (yet)
 * - `before`: before the first report of a new camera
 */
export type MomentState = 'quiet' | 'changed' | 'not-watched' | 'unknown' | 'before';

/** `timeline?camera=&from=&to=&step=` (at most 3,000 steps): buckets of `step` ms, the first starts at `from`. */
export interface TimelineAnswer {
  readonly camera: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** Frames in each bucket. */
  readonly counts: readonly number[];
  /** Of them, frames with a change. */
  readonly changed: readonly number[];
  /** The greatest strength in each bucket; 1 is the threshold of a change; 0: none is known. */
  readonly strengths: readonly number[];
  /** In order, without overlap. Nothing is said about what they do not cover. */
  readonly states: readonly StateAnswer[];
  /** The camera's offset, from each moment on; the first one also before. */
  readonly offsets: readonly { readonly from: number; readonly offset: number }[];
}

export interface StateAnswer {
  readonly from: number;
  readonly to: number;
  readonly state: MomentState;
  /** `failing`, `off`, `not-yet`, `no-report`, `removed`, or a newer word. */
  readonly cause: string | null;
  readonly why: string | null;
}

/**
 * `frames?camera=` with one of `after=CURSOR` (ascending), `before=CURSOR` (descending), `at=MS` (`limit` frames around
 * that moment, ascending); `limit` 1 to 500, 100 when absent. A cursor is a frame's `cursor`, or a moment.
 */
export interface FramesAnswer {
  readonly camera: string;
  readonly frames: readonly FrameAnswer[];
  /** There are frames beyond the last one, in the direction of the request. */
  readonly more: boolean;
}

export interface FrameAnswer {
  readonly camera: string;
  /** Position of the frame: `1795332615123.4711`; a later frame of its camera has a greater one. */
  readonly cursor: string;
  readonly at: number;
  readonly offset: number;
  /** Of its JPEG, for ever the same: `frame/yard/2026_11_22/4711/a876….jpg`. */
  readonly url: string;
  readonly name: string;
  readonly bytes: number;
  /** In pixels; null: the JPEG has no readable frame header. */
  readonly size: readonly [width: number, height: number] | null;
  readonly reason: string | null;
  readonly changed: boolean | null;
  readonly ratio: number | null;
  readonly strength: number | null;
  readonly event: string | null;
  /** [left, top, width, height] in pixels. */
  readonly boxes: readonly (readonly [number, number, number, number])[];
  readonly kept: boolean;
  readonly note: string | null;
  /** `signed`, `unsigned`, or a flaw of its evidence. */
  readonly proof: string;
}

/** `events?camera=&from=&to=&limit=` (limit 1 to 500): those with a change in the stretch, in the order of their start. */
export interface EventsAnswer {
  readonly camera: string;
  readonly events: readonly EventAnswer[];
  /** There are later ones: ask again with `from` after the last one's `first`. */
  readonly more: boolean;
}

export interface EventAnswer {
  readonly event: string;
  readonly first: number;
  readonly last: number;
  readonly frames: number;
  /** `cut`: its agent was killed in it; `unknown`: the camera does not report ends. */
  readonly state: 'open' | 'ended' | 'cut' | 'unknown';
  readonly kept: boolean;
  /** The strongest frame with a change; null: its frames are deleted, or have not arrived. */
  readonly best: FrameAnswer | null;
}

/**
 * `strip?camera=&from=&step=`: a JPEG of 10 × 6 tiles of one size, row by row. Tile n is the strongest frame of the n-th
 * `step` ms (at most 600,000) after `from`; one without a frame is dark. `timeline` with the same `from` and `step` says which have one.
 */
export const stripTiles = 60;
export const stripColumns = 10;

/** `live`: server-sent events. The data of each is one of these, in JSON. */
export type LiveEvent =
  /** What was before is not known to the page: it asks for everything anew. First event of a connection. */
  | { readonly type: 'reset' }
  /** New entries of a camera, gathered for a quarter of a second. `late`: older than its newest frame before. */
  | {
      readonly type: 'entries';
      readonly camera: string;
      /** The newest frames, at most 20 in ascending order; `count` says how many there are. */
      readonly frames: readonly FrameAnswer[];
      readonly count: number;
      /** The stretch of time that the new frames, gaps and reports belong to. */
      readonly from: number;
      readonly to: number;
      /** Frames were kept, no longer kept, or deleted: those that a page has may be others now. */
      readonly marks: boolean;
    }
  /** The state of cameras, at least every 15 s: `cameras` without `newest`. */
  | { readonly type: 'cameras'; readonly now: number; readonly cameras: readonly LiveCamera[] };

export type LiveCamera = Omit<CameraAnswer, 'newest'>;

/** `POST keep`, role `keep`. */
export interface KeepWish {
  readonly camera: string;
  /** An event, or a frame's `url`, or its path as a file: `yard/2026_11_22/….jpg`. */
  readonly event?: string | undefined;
  readonly frame?: string | undefined;
  readonly file?: string | undefined;
  readonly keep: boolean;
  readonly note?: string | undefined;
}

export interface KeepAnswer {
  /** The receiver has not answered within some seconds: the frames are kept, or not, when it does. */
  readonly waiting: boolean;
}

/** `GET session`: whether a password is needed; `POST session` with `{name, password}` sets the cookie. */
export interface SessionAnswer {
  /** null: no name is given yet, and one is needed. */
  readonly role: Role | null;
  readonly name: string | null;
  /** A password is set: the page offers to leave. */
  readonly hasPassword: boolean;
  /** The connection is plain http from another machine: passwords and pictures travel unencrypted. */
  readonly isUnencrypted: boolean;
}

/** Any answer but 2xx and 304. */
export interface ErrorAnswer {
  /** `bad-request`, `not-found`, `gone`, `password-needed`, `not-allowed`, `too-many`, `busy`, `failed` */
  readonly code: string;
  /** A sentence: what failed, on what, which value, what now. */
  readonly message: string;
}
