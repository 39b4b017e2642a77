/** What the viewer's API asks of a captures directory. Reads only; each answer is what the records say now. */
import { version } from '../../../shared/cli/version.js';
import type { Clock } from '../../../shared/clock.js';
import { isSilent } from '../../archive/captures-reader.js';
import { cameraPattern } from '../../archive/frame-entry.js';
import type { Folder } from '../../store/folder.js';
import type {
  CameraAnswer,
  CamerasAnswer,
  DaysAnswer,
  EventsAnswer,
  FrameAnswer,
  FramesAnswer,
  LiveCamera,
  TimelineAnswer,
} from '../api-types.js';
import { eventsOf } from './camera-event-pages.js';
import type { FramesWish, StretchWish, StripWish } from '../archive-port.js';
import { CameraTimeline } from './camera-timeline.js';
import { DayStore } from './day-store.js';
import { FilmStrips } from './film-strips.js';
import { readFrame } from './frame-bytes.js';
import { type FrameSource, directoryFrames } from './frame-source.js';
import { FramePages, readCursor } from './frame-pages.js';
import { QueryError } from './query-error.js';
import { dayAt } from './states.js';
import { UnclockedFrames } from './unclocked-frames.js';

export const maxSteps = 3000;
export const maxFrames = 500;
const maxDays = 400;
const dayMs = 86_400_000;
/** A day of the camera that is looked at for its newest frame. */
const newestFrames = 1;
/** Newest days of which one has the newest entry. */
const newestDays = 2;

/** The newest frame of a camera, and what the records from the day before it on were when it was looked for. */
interface NewestFrame {
  readonly day: string;
  readonly versions: string;
  readonly frame: FrameAnswer | null;
}

export class ArchiveQueries {
  readonly store: DayStore;
  readonly #strips: FilmStrips;
  readonly #frames: FrameSource;
  readonly #clock: Clock;
  readonly #newest = new Map<string, NewestFrame>();
  readonly #unclocked: UnclockedFrames;

  /** @param cachePath has the day indexes when the captures directory may not be written */
  constructor(
    captures: Folder,
    cachePath: string | undefined,
    clock: Clock,
    frames: FrameSource = directoryFrames,
  ) {
    this.store = new DayStore(captures, cachePath, clock);
    this.#frames = frames;
    this.#strips = new FilmStrips(this.store, frames);
    this.#clock = clock;
    this.#unclocked = new UnclockedFrames(captures);
  }

  /** @throws a system error */
  async cameras(): Promise<Omit<CamerasAnswer, 'role'>> {
    const cameras: CameraAnswer[] = [];
    for (const camera of await this.store.cameras()) cameras.push(await this.#camera(camera));
    return { now: this.#clock.nowMs(), version, cameras };
  }

  /** As `cameras`, without their newest frames. @throws a system error */
  async states(): Promise<LiveCamera[]> {
    const states: LiveCamera[] = [];
    for (const camera of await this.store.cameras()) {
      states.push(await this.#state(await CameraTimeline.open(this.store, camera)));
    }
    return states;
  }

  /** @param first `2026-11-01`, both included @throws {QueryError} */
  async days(camera: string, first: string, last: string): Promise<DaysAnswer> {
    const timeline = await this.timelineOf(camera);
    const [from, to] = [Date.parse(`${first}T00:00Z`), Date.parse(`${last}T00:00Z`)];
    if (!(from <= to)) throw new QueryError('bad-request', `${first} is not a day before ${last}`);
    if (to - from > maxDays * dayMs) {
      throw new QueryError('bad-request', `more than ${maxDays} days`);
    }
    const folders = [first, last].map((day) => day.replaceAll('-', '_'));
    const [fromDay = '', toDay = ''] = folders;
    const days = await timeline.dayAnswers(fromDay, toDay, this.#clock.nowMs());
    return { camera, days };
  }

  /** @throws {QueryError} */
  async timeline({ camera, fromMs, toMs }: StretchWish, stepMs: number): Promise<TimelineAnswer> {
    checkStretch(fromMs, toMs);
    if (stepMs < 1 || (toMs - fromMs) / stepMs > maxSteps) {
      throw new QueryError(
        'bad-request',
        `a step of ${stepMs} ms makes more than ${maxSteps} steps`,
      );
    }
    const timeline = await this.timelineOf(camera);
    return await timeline.timeline(fromMs, toMs, stepMs, this.#clock.nowMs());
  }

  /** @throws {QueryError} */
  async frames({ camera, after, before, atMs, limit }: FramesWish): Promise<FramesAnswer> {
    const pages = new FramePages(this.store, await this.timelineOf(camera));
    if (atMs !== undefined) return await pages.around(atMs, limit);
    const text = after ?? before ?? '';
    const cursor = readCursor(text);
    if (cursor === undefined) throw new QueryError('bad-request', `'${text}' is not a cursor`);
    return await pages.from(cursor, after === undefined ? 'before' : 'after', limit);
  }

  /** @throws {QueryError} */
  async events({ camera, fromMs, toMs }: StretchWish, limit: number): Promise<EventsAnswer> {
    checkStretch(fromMs, toMs);
    const timeline = await this.timelineOf(camera);
    return await eventsOf(this.store, timeline, { fromMs, toMs, limit });
  }

  /** The bytes of a JPEG. @param day `2026_11_22` @throws {QueryError} */
  async frame(camera: string, day: string, lineAt: number, sha256: string): Promise<Buffer> {
    const bytes = await this.store.inDay(camera, day, (folder) =>
      readFrame(this.#frames, folder, { day: `${camera}/${day}`, lineAt, sha256 }),
    );
    if (bytes === undefined) throw new QueryError('gone', `there is no day ${camera}/${day}`);
    return bytes;
  }

  /** @throws {QueryError}; the reason of the signal */
  async strip(wish: StripWish, signal: AbortSignal): Promise<Buffer> {
    return await this.#strips.strip(await this.timelineOf(wish.camera), wish, signal);
  }

  /** @throws {QueryError} there is no such camera */
  async timelineOf(camera: string): Promise<CameraTimeline> {
    const timeline = cameraPattern.test(camera)
      ? await CameraTimeline.open(this.store, camera)
      : undefined;
    if (timeline !== undefined && timeline.days.length > 0) return timeline;
    throw new QueryError('not-found', `there is no camera '${camera}'`);
  }

  async #camera(camera: string): Promise<CameraAnswer> {
    const timeline = await CameraTimeline.open(this.store, camera);
    return { ...(await this.#state(timeline)), newest: await this.#newestFrame(timeline) };
  }

  async #newestFrame(timeline: CameraTimeline): Promise<FrameAnswer | null> {
    const { camera } = timeline;
    const known = this.#newest.get(camera);
    if (known !== undefined && this.#versions(timeline, known.day).join() === known.versions) {
      return known.frame;
    }
    const versions = this.#versions(timeline);
    const pages = new FramePages(this.store, timeline);
    const cursor = { atMs: 8.64e15, lineAt: -1 };
    const { frames } = await pages.from(cursor, 'before', newestFrames);
    const frame = frames[0] ?? null;
    // The day before may overlap the frame's day, where the camera has changed its offset.
    const day = frame === null ? '' : dayAt(frame.at + frame.offset * 60_000 - dayMs);
    const ofDays = versions.filter((version) => version >= day).join();
    this.#newest.set(camera, { day, versions: ofDays, frame });
    return frame;
  }

  /** What the records of the days from one on are now; each text begins with its day. */
  #versions({ camera, days }: CameraTimeline, from = ''): string[] {
    return days
      .filter((day) => day >= from)
      .map((day) => {
        const version = this.store.version(camera, day);
        return `${day} ${version?.inode ?? ''} ${version?.size ?? ''}`;
      });
  }

  async #state(timeline: CameraTimeline): Promise<LiveCamera> {
    const { camera, days } = timeline;
    const { doesReport } = await timeline.facts();
    const lastMs = this.#newestAppend(timeline);
    const { report, offset } = await timeline.newest();
    const reportedAtMs = report?.receivedAtMs;
    const facts = { everyMs: report?.everyMs, reportedAtMs, arrivedAtMs: reportedAtMs };
    const isLate = lastMs !== undefined && isSilent(facts, lastMs, this.#clock.nowMs());
    return {
      camera,
      firstDay: days[0]?.replaceAll('_', '-') ?? null,
      lastDay: days.at(-1)?.replaceAll('_', '-') ?? null,
      offset,
      reports: doesReport,
      lastArrival: lastMs ?? null,
      silentSince: isLate ? lastMs : null,
      state: report?.state ?? null,
      why: report?.why ?? null,
      clockError: report?.clockErrorMs ?? null,
      unclocked: await this.#unclocked.count(camera),
    };
  }

  /** An entry of an earlier day that arrives late is appended to that day's record. */
  #newestAppend({ camera, days }: CameraTimeline): number | undefined {
    let newestMs: number | undefined;
    for (const day of days.slice(-newestDays)) {
      const appendedMs = this.store.appendedAtMs(camera, day);
      if (appendedMs !== undefined) newestMs = Math.max(newestMs ?? appendedMs, appendedMs);
    }
    return newestMs;
  }
}

/** @throws {QueryError} */
function checkStretch(fromMs: number, toMs: number): void {
  if (fromMs < toMs) return;
  throw new QueryError('bad-request', `the stretch from ${fromMs} to ${toMs} has no end`);
}
