/**
 * States what the camera did: takes each attempt of the watch loop, makes stretches of time of them, keeps those that
 * wait in the state file, and puts them into the spools of receivers that take reports.
 *
 * Order of the writes, so that a kill neither loses nor repeats a stretch: the report is written into the spool, the
 * state file without its stretch is written, the report is sent. The next process finds a report in the spool whose
 * stretch the state file still has by its number.
 */
import type { Clock } from '../../shared/clock.js';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { Decided } from '../events/event-recorder.js';
import type { StateDirectory } from '../service/state.js';
import type { CapturedFrame } from '../source/frame-source.js';
import type { SpooledReport } from '../spool/entry.js';
import type { QueueSpool } from '../spool/queue-spool.js';
import type { PendingReports, Spool } from '../spool/spool.js';
import { Turns } from '../spool/turns.js';
import { EventTracker } from './event-tracker.js';
import { ReceiverReports } from './receiver-reports.js';
import { lastKnown, receiverStates, resumeRecorder } from './recovery.js';
import type { ReceiverState, ReportState } from './report-state.js';
import { StateFile } from './state-file.js';
import { withoutTurns } from './stretch.js';
import type { Moment, StretchRecorder } from './stretch-recorder.js';

export interface ReporterSettings {
  /** Time between two reports of a camera whose state does not change. */
  readonly everyMs: number;
  /** One-shot runs: a process ends after each frame, and the next one continues. */
  readonly isOneShot: boolean;
  /** As of the event recorder. */
  readonly eventGapMs: number;
  /** By the name of the spool's folder. */
  readonly spools: ReadonlyMap<string, QueueSpool>;
  /** Undefined: the reports wait in memory. */
  readonly state: StateDirectory | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Shortest time between two reports of changes: a camera that fails and delivers in turns makes few writes. */
const minPauseMs = 5000;
/** One-shot runs: shortest time between two connections that no frame and no change needs. */
const minConnectMs = 10 * 60_000;
const maxEveryMs = 86_400_000;

export class Reporter {
  readonly #settings: ReporterSettings;
  readonly #file: StateFile | undefined;
  readonly #receivers = new Map<string, ReceiverReports>();
  /** Of receivers that are not configured any more. */
  readonly #removed: ReadonlyMap<string, ReceiverState>;
  readonly #recorder: StretchRecorder;
  readonly #events: EventTracker;
  readonly #pauseMs: number | undefined;
  readonly #turns = new Turns();
  readonly #ended = new AbortController();
  #triedAtMs: number | undefined;
  /** Monotonic time of the last frame that could be compared. */
  #goodAtMs: number;
  /** One-shot runs: the state has changed, or an event has ended, since the last run. */
  #hasNews: boolean;
  #isScheduled = false;
  #flushedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(
    settings: ReporterSettings,
    file: StateFile | undefined,
    saved: ReportState | undefined,
    spooled: ReadonlyMap<string, readonly SpooledReport[]>,
  ) {
    const { clock, spools, isOneShot, everyMs, eventGapMs } = settings;
    this.#settings = settings;
    this.#file = file;
    const states = new Map(receiverStates(saved?.receivers ?? {}, [...spools.keys()]));
    for (const [name, spool] of spools) {
      const parts = { spool, saved: states.get(name), spooled: spooled.get(name) ?? [] };
      const onReady = (): void => void this.#flush(true);
      this.#receivers.set(name, new ReceiverReports({ ...parts, onReady }));
      states.delete(name);
    }
    this.#removed = states;
    const last = lastKnown(saved, [...spooled.values()].flat());
    const offsetAt = (atMs: number): number => clock.utcOffsetMinutes(atMs);
    // Quiet runs since the last write of a large file are not in it.
    const oneShotMs = isOneShot ? everyMs + (file?.pauseMs ?? 0) : undefined;
    const resumed = resumeRecorder(saved, last, this.#now, offsetAt, oneShotMs);
    this.#recorder = resumed.recorder;
    this.#pauseMs = resumed.pauseMs;
    this.#triedAtMs = saved?.triedAtMs;
    this.#goodAtMs = clock.monotonicMs();
    this.#hasNews = !resumed.isContinued;
    this.#events = new EventTracker(eventGapMs, saved?.event);
    // Each spool may lack what another one has: a stretch that is in its spool already is not added again.
    const partial = saved?.current?.current;
    if (partial !== undefined && partial !== last?.current) this.#add(partial);
    if (last !== undefined && !resumed.isContinued) {
      const cut = isOneShot ? undefined : this.#events.finish(true);
      this.#recorder.resumeAfterEnd(last, cut === undefined ? [] : [cut]);
    }
  }

  /** Reads what the last process left; the caller holds the state lock. */
  static async open(settings: ReporterSettings): Promise<Reporter> {
    const { state, clock, log, spools } = settings;
    const file = state && new StateFile(state, clock, log);
    const saved = await file?.read();
    const spooled = new Map<string, readonly SpooledReport[]>();
    for (const [name, { reports }] of spools) spooled.set(name, await reports.waiting());
    const reporter = new Reporter(settings, file, saved, spooled);
    // A one-shot run writes its state once, at its end.
    if (!settings.isOneShot) await reporter.#flush(true);
    return reporter;
  }

  /** @throws {Error} no such spool: a bug */
  pendingFor(spool: Spool): PendingReports {
    const found = [...this.#receivers.values()].find((receiver) => receiver.spool === spool);
    if (found === undefined) throw new Error('a spool without reports');
    return found;
  }

  /** A frame was compared. */
  compared({ skipped = 0 }: CapturedFrame, isChanged: boolean): void {
    this.#goodAtMs = this.#settings.clock.monotonicMs();
    this.#note(() => this.#recorder.compared(this.#now, isChanged, skipped));
  }

  /** A frame is decided. */
  judged({ frame, verdict }: Decided<CapturedFrame>): void {
    const before = this.#events.open?.event;
    const ended = this.#events.judged(frame.capturedAtMs, verdict);
    const open = this.#events.open?.event;
    // After a kill the next process ends this event.
    if (open !== undefined && open !== before && !this.#settings.isOneShot) {
      void this.#turns.run(() => this.#save(true));
    }
    if (ended === undefined) return;
    this.#recorder.ended(ended);
    this.#hasNews = true;
    this.#scheduleNews();
  }

  /** The source checked and found no frame. @param isPresent false: the place where frames appear does not exist */
  polled(isPresent: boolean): void {
    if (isPresent) this.#note(() => this.#recorder.idle(this.#now));
  }

  /** There was no frame, or it could not be compared. */
  failed(error: unknown): void {
    const isFrame = error instanceof OperationalError && error.code === 'FRAME';
    if (isFrame) this.#recorder.skipped();
    // Single damaged frames are not a failure of the camera.
    const sinceGoodMs = this.#settings.clock.monotonicMs() - this.#goodAtMs;
    if (isFrame && sinceGoodMs < this.#settings.everyMs) return;
    this.#note(() => this.#recorder.failed(this.#now, whyOf(error)));
  }

  /** Reports at the interval, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#settings;
    for (;;) {
      await clock.sleep(everyMs, signal);
      if (signal.aborted) return;
      await this.#flush(false);
    }
  }

  /** The watch ends orderly: reports what is left. Delivery may still send it. */
  async finish(): Promise<void> {
    const event = this.#events.finish();
    if (event !== undefined) this.#recorder.ended(event);
    await this.#flush(true);
  }

  /**
   * A one-shot run has taken its frame: writes the state for the next run.
   * @param isConnecting the run connects anyway
   * @returns whether the reports are worth a connection: a change, or ten minutes after the last one
   */
  async finishRun(isConnecting: boolean): Promise<boolean> {
    const nowMs = this.#now.wallMs;
    const sinceMs = nowMs - (this.#triedAtMs ?? Number.NEGATIVE_INFINITY);
    // After a step back of the clock the time is unknown.
    const isTime = sinceMs < 0 || sinceMs >= minConnectMs;
    const isDue = isConnecting || this.#hasNews || isTime;
    if (isDue) this.#triedAtMs = nowMs;
    await this.#flush(isDue || this.#events.open !== undefined);
    if (isDue) for (const receiver of this.#receivers.values()) receiver.setDue();
    return isDue && [...this.#receivers.values()].some((receiver) => receiver.isDue);
  }

  /** Resolves when the writes that have begun have ended. */
  async written(): Promise<void> {
    await this.#turns.run(() => Promise.resolve());
  }

  /** Ends all writes. Call it after delivery has ended. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.written();
  }

  get #now(): Moment {
    const { clock } = this.#settings;
    return { wallMs: Math.round(clock.nowMs()), monotonicMs: clock.monotonicMs() };
  }

  /** What the receivers may expect between two reports. */
  get #everyMs(): number {
    const { everyMs, isOneShot } = this.#settings;
    const ms = isOneShot ? Math.max(everyMs, minConnectMs, this.#pauseMs ?? 0) : everyMs;
    return Math.min(maxEveryMs, Math.round(ms));
  }

  /** Records an outcome; a new state is reported at once. */
  #note(record: () => void): void {
    const before = this.#recorder.stateName;
    record();
    if (this.#recorder.stateName === before) return;
    this.#hasNews = true;
    this.#scheduleNews();
  }

  #scheduleNews(): void {
    const { clock, isOneShot } = this.#settings;
    // A one-shot run reports at its end.
    if (this.#isScheduled || isOneShot) return;
    this.#isScheduled = true;
    const { signal } = this.#ended;
    const sinceMs = clock.monotonicMs() - this.#flushedAtMs;
    void clock.sleep(Math.max(0, minPauseMs - sinceMs), signal).then(async () => {
      this.#isScheduled = false;
      if (!signal.aborted) await this.#flush(true);
    });
  }

  /** Ends the current stretch, puts reports into the spools, and writes the state. @param isNeeded write it now */
  #flush(isNeeded: boolean): Promise<void> {
    return this.#turns.run(async () => {
      this.#flushedAtMs = this.#settings.clock.monotonicMs();
      for (const stretch of withoutTurns(this.#recorder.take(this.#now))) this.#add(stretch);
      const receivers = [...this.#receivers.values()];
      await Promise.all(receivers.map((receiver) => receiver.move(this.#everyMs)));
      const isHolding = receivers.some(({ spool }) => spool.reports.isHolding);
      const isSaved = await this.#save(isNeeded || isHolding);
      for (const receiver of receivers) receiver.settled(isSaved);
    });
  }

  #add(stretch: Parameters<ReceiverReports['add']>[0]): void {
    for (const receiver of this.#receivers.values()) receiver.add(stretch);
  }

  async #save(isNeeded: boolean): Promise<boolean> {
    if (this.#file === undefined) return true;
    const receivers = [...this.#receivers].map(([name, each]) => [name, each.state] as const);
    return this.#file.write(
      {
        nextNumber: this.#recorder.nextNumber,
        current: this.#recorder.state,
        event: this.#events.open,
        pauseMs: this.#pauseMs,
        triedAtMs: this.#triedAtMs,
        receivers: Object.fromEntries([...this.#removed, ...receivers]),
      },
      isNeeded,
    );
  }
}

/** The protocol takes up to 200 printable ASCII characters. */
function whyOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/[^ -~]/g, '?').slice(0, 200) || 'unknown';
}
