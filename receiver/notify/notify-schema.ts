/**
 * What a notifier's state file may hold. It is checked whole: a value that is read much later, as a time or a path, would
 * otherwise end the service again at each start. Pure.
 */
import * as v from 'valibot';
import { count, utcOffsetMinutes, wallTimeMs } from '../../shared/protocol/fields.js';
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import { cameraPattern, eventPattern } from '../archive/frame-entry.js';
import type { Group } from './event-groups.js';
import type { BookState } from './notice-book.js';
import {
  type EventNotice,
  type LateNotice,
  type Notice,
  type ProblemNotice,
  type SilenceNotice,
  problemNames,
} from './notice.js';
import type { ProblemState } from './problem-book.js';
import { maxReceiverMs } from './receiver-time.js';
import type { TailState } from './record-tail.js';

/** Of the file. The parts are this program's own: a file of another version is begun anew. */
export const stateVersion = 1;

export interface NotifyState {
  readonly records: TailState;
  readonly book: BookState;
  /** By the name of the way. */
  readonly waiting: Readonly<Record<string, readonly Notice[]>>;
}

/** A schema of this type: what it reads can be used as one, which the compiler checks. */
type Reads<T> = v.GenericSchema<unknown, T>;

const dayFolder = String.raw`[a-z0-9][a-z0-9-]{0,62}(?:/unclocked)?/\d{4}_\d\d_\d\d`;
const camera = v.pipe(v.string(), v.regex(cameraPattern));
const event = v.pipe(v.string(), v.regex(eventPattern));
const id = v.pipe(v.string(), v.regex(/^[a-z0-9][\w./-]{0,200}$/));
const path = v.pipe(v.string(), v.regex(new RegExp(String.raw`^${dayFolder}/[\w+-]{1,128}\.jpg$`)));
const folder = v.pipe(v.string(), v.regex(new RegExp(`^${dayFolder}$`)));
/** By the receiver's clock. */
const timeMs = v.pipe(v.number(), v.minValue(-maxReceiverMs), v.maxValue(maxReceiverMs));
const differenceMs = v.pipe(v.number(), v.safeInteger());
const ratio = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)));
const strength = v.pipe(v.number(), v.finite(), v.minValue(0));
/** A sum of what cameras state. */
const total = v.pipe(v.number(), v.finite(), v.minValue(0));
const frames = v.optional(total);
const common = { id, fromMs: timeMs };

const best = v.object({
  ...{ camera, path, utcOffsetMinutes, strength, ratio, capturedAtMs: wallTimeMs },
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  boxes: v.array(v.tuple([count, count, count, count])),
});

const eventNotice = v.object({
  kind: v.literal('event'),
  phase: v.picklist(['begin', 'update', 'end']),
  ...{ ...common, toMs: timeMs, frames, isCut: v.boolean(), best },
  events: v.pipe(v.array(v.object({ camera, event })), v.minLength(1)),
}) satisfies Reads<EventNotice>;
const silenceNotice = v.object({
  kind: v.literal('silence'),
  phase: v.picklist(['begin', 'end']),
  ...{ ...common, camera, toMs: v.optional(timeMs) },
}) satisfies Reads<SilenceNotice>;
const lateNotice = v.object({
  kind: v.literal('late'),
  phase: v.literal('end'),
  ...{ ...common, camera, toMs: timeMs, count },
}) satisfies Reads<LateNotice>;
const problem = v.picklist(problemNames);
const ofCamera = v.optional(camera);
const detail = v.pipe(v.string(), v.maxLength(1000));
const problemNotice = v.object({
  kind: v.literal('problem'),
  phase: v.picklist(['begin', 'end']),
  ...{ ...common, problem, camera: ofCamera, toMs: v.optional(timeMs), detail, frames },
}) satisfies Reads<ProblemNotice>;
const notice = v.variant('kind', [
  eventNotice,
  silenceNotice,
  lateNotice,
  problemNotice,
]) satisfies Reads<Notice>;

const problemState = v.object({
  ...{ problem, camera: ofCamera, fromMs: timeMs, seenAtMs: timeMs, isActive: v.boolean() },
  ...{ detail, id: v.optional(id) },
  lost: v.optional(v.object({ frames: total, fromMs: timeMs, toMs: timeMs })),
}) satisfies Reads<ProblemState>;

const ended = v.object({
  ...{ event, firstAtMs: wallTimeMs, lastAtMs: wallTimeMs, frames: count },
  isCut: v.optional(v.literal(true)),
}) satisfies Reads<EndedEvent>;

const group = v.object({
  ...{ id, announcedAtMs: timeMs, updatedAtMs: timeMs, best, announcedStrength: strength },
  hasJoined: v.boolean(),
  members: v.pipe(
    v.array(
      v.object({
        ...{ camera, event, firstAtMs: timeMs, lastAtMs: timeMs, seenAtMs: timeMs },
        ...{ isEnded: v.boolean(), isCut: v.boolean(), frames },
      }),
    ),
    v.minLength(1),
  ),
}) satisfies Reads<Group>;

const cameraState = v.object({
  ...{ everyMs: v.optional(count), arrivedAtMs: timeMs, reportedToMs: wallTimeMs },
  ...{ clockErrorMs: differenceMs, silentSinceMs: v.optional(timeMs) },
  alarmedAtMs: v.optional(timeMs),
  events: v.array(
    v.object({
      ...{ event, state: v.picklist(['announced', 'late', 'unseen']), ended: v.optional(ended) },
    }),
  ),
  late: v.optional(
    v.object({
      events: v.pipe(v.array(event), v.minLength(1)),
      ...{ fromMs: timeMs, toMs: timeMs, addedAtMs: timeMs },
    }),
  ),
});

export const bookState = v.object({
  ...{ cameras: v.record(camera, cameraState), groups: v.array(group) },
  problems: v.array(problemState),
}) satisfies Reads<BookState>;

export const notifyState = v.object({
  version: v.literal(stateVersion),
  records: v.record(
    folder,
    v.object({ inode: v.pipe(v.string(), v.regex(/^\d{1,20}$/)), endByte: count }),
  ),
  ...{ book: bookState, waiting: v.record(v.string(), v.array(notice)) },
}) satisfies Reads<NotifyState>;
