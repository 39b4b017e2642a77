/**
 * Decides from the entries of records what is announced: each event once with its end, each silence with its end, and what comes
 * late as one summary. It knows no clock, file or network: the same entries at the same moments give the same notices.
 *
 * Late is history: an event whose first frame comes long after its capture raises no alarm, unless it still goes on when a
 * frame comes in time.
 */
import { getOrInsertComputed } from '../../shared/get-or-insert.js';
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import type { FrameEntry } from '../archive/frame-entry.js';
import type { RecordLine, ReportEntry } from '../archive/record-entry.js';
import { EventGroups, type Group, type SeenFrame } from './event-groups.js';
import type { Notice, Now } from './notice.js';
import { type NoticeSettings, isQuiet, patienceMs } from './notice-settings.js';
import { ProblemBook, type ProblemState } from './problem-book.js';
import { receiverTime } from './receiver-time.js';

/** `announced`: it is in a group, or was; `unseen`: it ended before a frame of it was announced. */
type EventState = 'announced' | 'late' | 'unseen';

interface KnownEvent {
  readonly event: string;
  state: EventState;
  /** Of an unseen one. */
  ended?: EndedEvent | undefined;
}

/** Events whose frames came late, until none comes any more. */
interface LateEvents {
  events: string[];
  fromMs: number;
  toMs: number;
  addedAtMs: number;
}

interface CameraState {
  /** Undefined: it does not report. */
  everyMs?: number | undefined;
  /** When its last entry arrived, by the receiver's clock. */
  arrivedAtMs: number;
  /** End of the newest report, by the camera's clock. */
  reportedToMs: number;
  /** The camera's clock minus the receiver's. */
  clockErrorMs: number;
  /** Set while it is announced to be silent. */
  silentSinceMs?: number | undefined;
  /** Begin of its last alarm. */
  alarmedAtMs?: number | undefined;
  /** The newest ones. */
  events: KnownEvent[];
  late?: LateEvents | undefined;
}

/** What a process leaves to the next one, as JSON. */
export interface BookState {
  readonly cameras: Readonly<Record<string, CameraState>>;
  readonly groups: readonly Group[];
  readonly problems: readonly ProblemState[];
}

/** Events of a camera that are remembered. */
const maxEvents = 100;
/** A summary is announced when no late frame has come for so long. */
const lateSettledMs = 5000;
/** A camera that was silent for longer when it is seen first is gone, and no news. */
export const goneMs = 86_400_000;

export class NoticeBook {
  readonly #settings: NoticeSettings;
  readonly #cameras: Map<string, CameraState>;
  readonly #groups: EventGroups;
  readonly #problems: ProblemBook;
  readonly #notices: Notice[] = [];
  /** By camera, when its last entry arrived, by the monotonic clock. */
  readonly #arrivals = new Map<string, number>();
  /** By camera, until when nothing of it is announced, by the receiver's clock. */
  #snoozed: ReadonlyMap<string, number> = new Map();
  /** Minute of the local day. */
  readonly #minuteOf: (wallMs: number) => number;

  /** @param saved of an earlier process @param minuteOf of the local day */
  constructor(
    settings: NoticeSettings,
    saved: BookState | undefined,
    minuteOf: (wallMs: number) => number,
  ) {
    this.#settings = settings;
    this.#minuteOf = minuteOf;
    const none: BookState = { cameras: {}, groups: [], problems: [] };
    const { cameras, groups, problems } = structuredClone(saved ?? none);
    const emit = (notice: Notice): void => void this.#notices.push(notice);
    this.#cameras = new Map(Object.entries(cameras));
    this.#groups = new EventGroups([...groups], emit);
    this.#problems = new ProblemBook(settings, problems, emit);
  }

  get state(): BookState {
    const cameras = Object.fromEntries(this.#cameras);
    return { cameras, groups: this.#groups.open, problems: this.#problems.state };
  }

  setSnoozed(until: ReadonlyMap<string, number>): void {
    this.#snoozed = until;
  }

  /** What is to be announced since the last call. */
  take(): Notice[] {
    return this.#notices.splice(0);
  }

  /** An entry that was there before the first start: what it says of the camera counts, and nothing is announced. */
  addHistory(camera: string, line: RecordLine): void {
    const known = this.#of(camera);
    if (line.kind === 'report') learn(known, line);
    if (line.kind === 'frame' || line.kind === 'report')
      known.arrivedAtMs = Math.max(known.arrivedAtMs, receiverTime(line.receivedAtMs ?? 0, 0));
  }

  /** @param folder of its record, below the captures directory */
  add(camera: string, line: RecordLine, folder: string, now: Now): void {
    if (line.kind !== 'frame' && line.kind !== 'report' && line.kind !== 'gap') return;
    const known = this.#of(camera);
    this.#arrive(camera, known, now);
    if (line.kind === 'frame') this.#addFrame(camera, known, line, folder, now);
    if (line.kind === 'report') this.#addReport(camera, known, line, now);
    this.#problems.add(camera, line, known.clockErrorMs, now);
  }

  /** @param leastFreeBytes with less the disk of the captures is a problem */
  setDisk(freeBytes: number, leastFreeBytes: number, now: Now): void {
    this.#problems.setDisk(freeBytes, leastFreeBytes, now);
  }

  /** To be called about once a second, after the entries that have arrived. */
  tick(now: Now): void {
    for (const [camera, known] of this.#cameras) {
      this.#checkSilence(camera, known, now);
      const { late } = known;
      if (late !== undefined && now.wallMs - late.addedAtMs > lateSettledMs) {
        known.late = undefined;
        const { events, fromMs, toMs } = late;
        const id = `${camera}/late/${fromMs}`;
        this.#notices.push({
          ...{ kind: 'late', phase: 'end', id, camera, count: events.length, fromMs, toMs },
        });
      }
    }
    this.#problems.tick(now, (camera) => this.#isSnoozed(camera, now));
    this.#groups.tick(now, (camera) => this.#cameras.get(camera)?.everyMs !== undefined);
  }

  #of(camera: string): CameraState {
    return getOrInsertComputed(this.#cameras, camera, () => ({
      ...{ everyMs: undefined, arrivedAtMs: 0, reportedToMs: 0, clockErrorMs: 0 },
      ...{ silentSinceMs: undefined, alarmedAtMs: undefined, events: [], late: undefined },
    }));
  }

  #arrive(camera: string, known: CameraState, now: Now): void {
    known.arrivedAtMs = now.wallMs;
    this.#arrivals.set(camera, now.monotonicMs);
    const { silentSinceMs: fromMs } = known;
    if (fromMs === undefined) return;
    known.silentSinceMs = undefined;
    this.#notices.push({
      ...{ kind: 'silence', phase: 'end', id: silenceId(camera, fromMs) },
      ...{ camera, fromMs, toMs: now.wallMs },
    });
  }

  #addFrame(camera: string, known: CameraState, entry: FrameEntry, folder: string, now: Now): void {
    const { event, capturedAtMs, utcOffsetMinutes, sha256, ratio } = entry;
    const { strength = 0, boxes = [] } = entry;
    // Frames around a change are sent after it.
    if (event === undefined || entry.changed === false) return;
    const frame: SeenFrame = {
      ...{
        camera,
        event,
        atMs: receiverTime(capturedAtMs, known.clockErrorMs),
        path: `${folder}/${entry.name}`,
      },
      ...{ capturedAtMs, utcOffsetMinutes, sha256, strength, ratio, boxes },
    };
    const isLate = now.wallMs - frame.atMs > this.#settings.lateAfterMs;
    const seen = known.events.find((each) => each.event === event);
    if (seen?.state === 'announced') this.#groups.seen(frame, now);
    else if (isLate) this.#addLate(known, this.#remember(known, event, 'late'), frame.atMs, now);
    else this.#begin(known, frame, seen?.ended, now);
  }

  #begin(known: CameraState, frame: SeenFrame, ended: EndedEvent | undefined, now: Now): void {
    const { camera, event } = frame;
    // An event that still goes on afterwards is announced then.
    if (this.#isSuppressed(camera, known, now)) return;
    known.alarmedAtMs = now.wallMs;
    // It still goes on: no history.
    if (known.late !== undefined) removeLate(known, event);
    this.#remember(known, event, 'announced');
    this.#groups.begin(frame, this.#settings.mergeMs, now);
    if (ended !== undefined) this.#groups.end(camera, ended, known.clockErrorMs);
  }

  #isSuppressed(camera: string, { alarmedAtMs = -Infinity }: CameraState, now: Now): boolean {
    const { cooldownMs, quiet } = this.#settings;
    const sinceMs = now.wallMs - alarmedAtMs;
    // A clock that went back is no reason to be quiet for long.
    const isCoolingDown = sinceMs >= 0 && sinceMs < cooldownMs;
    return (
      isCoolingDown || this.#isSnoozed(camera, now) || isQuiet(quiet, this.#minuteOf(now.wallMs))
    );
  }

  #addReport(camera: string, known: CameraState, report: ReportEntry, now: Now): void {
    learn(known, report);
    for (const ended of report.ended) {
      const seen = known.events.find(({ event }) => event === ended.event);
      if (seen?.state === 'announced') this.#groups.end(camera, ended, known.clockErrorMs);
      if (seen !== undefined) continue;
      const firstAtMs = receiverTime(ended.firstAtMs, known.clockErrorMs);
      const isLate = now.wallMs - firstAtMs > this.#settings.lateAfterMs;
      // Frames that arrive after it, the newest first, are of an event that is over.
      if (!isLate) this.#remember(known, ended.event, 'unseen').ended = ended;
    }
  }

  #remember(known: CameraState, event: string, state: EventState): KnownEvent {
    const seen = known.events.find((each) => each.event === event);
    if (seen !== undefined) {
      seen.state = state;
      return seen;
    }
    const added: KnownEvent = { event, state };
    known.events.push(added);
    if (known.events.length > maxEvents) known.events.shift();
    return added;
  }

  #addLate(known: CameraState, { event }: KnownEvent, atMs: number, { wallMs }: Now): void {
    const late = (known.late ??= { events: [], fromMs: atMs, toMs: atMs, addedAtMs: wallMs });
    if (!late.events.includes(event)) late.events.push(event);
    late.fromMs = Math.min(late.fromMs, atMs);
    late.toMs = Math.max(late.toMs, atMs);
    late.addedAtMs = wallMs;
  }

  #checkSilence(camera: string, known: CameraState, now: Now): void {
    const { everyMs, arrivedAtMs, silentSinceMs } = known;
    if (everyMs === undefined || silentSinceMs !== undefined) return;
    let arrivedMs = this.#arrivals.get(camera);
    if (arrivedMs === undefined) {
      // Of an earlier process, whose monotonic clock was another one.
      const sinceMs = Math.max(0, now.wallMs - arrivedAtMs);
      if (sinceMs > goneMs) return;
      arrivedMs = now.monotonicMs - sinceMs;
      this.#arrivals.set(camera, arrivedMs);
    }
    const isSilent = now.monotonicMs - arrivedMs > patienceMs(this.#settings, everyMs);
    if (!isSilent || this.#isSnoozed(camera, now)) return;
    known.silentSinceMs = arrivedAtMs;
    this.#groups.cut(camera);
    const id = silenceId(camera, arrivedAtMs);
    this.#notices.push({ kind: 'silence', phase: 'begin', id, camera, fromMs: arrivedAtMs });
  }

  #isSnoozed(camera: string, { wallMs }: Now): boolean {
    return (this.#snoozed.get(camera) ?? -Infinity) > wallMs;
  }
}

const silenceId = (camera: string, fromMs: number): string => `${camera}/silence/${fromMs}`;

/** A report that waited says nothing about the camera now. */
function learn(known: CameraState, { everyMs, toMs, clockErrorMs = 0 }: ReportEntry): void {
  // A clock that was stepped back reports earlier times from then on.
  if (toMs < known.reportedToMs && clockErrorMs === known.clockErrorMs) return;
  known.everyMs = everyMs;
  known.reportedToMs = toMs;
  known.clockErrorMs = clockErrorMs;
}

function removeLate(known: CameraState, event: string): void {
  if (known.late === undefined) return;
  known.late.events = known.late.events.filter((each) => each !== event);
  if (known.late.events.length === 0) known.late = undefined;
}
