/**
 * Follows the records of a captures directory, and sends what is to be announced. It writes nothing there, and no receiver
 * waits for it.
 */
import { describeError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Clock } from '../../shared/clock.js';
import { type FreeSpace, freeBytesOf } from '../archive/retention/limits.js';
import { diskOf } from '../archive/retention/open-retention.js';
import { openCaptures } from '../archive/captures-reader.js';
import { CoalescedTask } from '../store/coalesced-task.js';
import { NoticeBook } from './notice-book.js';
import type { NoticeBucket } from './notice-frames.js';
import { NoticeQueue, type Way } from './notice-queue.js';
import type { NoticeSettings } from './notice-settings.js';
import { noticeText } from './notice-text.js';
import type { NotifyState } from './notify-schema.js';
import { readNotifyState, setNotifyStateAside, writeNotifyState } from './notify-state.js';
import type { Observer } from './observer.js';
import { RecordTail } from './record-tail.js';
import { readSnoozed } from './snooze.js';

export interface NotifierSettings {
  /** Captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly bucket?: Pick<NoticeBucket, 'check'> | undefined;
  /** State directory. */
  readonly state: string;
  readonly notices: NoticeSettings;
  /** With less, the disk of the captures is nearly full. */
  readonly lowDisk: FreeSpace;
  readonly ways: readonly Way[];
  readonly observer?: Observer | undefined;
  /** Notices are logged only with `--verbose`: another notifier logs them. */
  readonly isQuietLog?: boolean | undefined;
}

export interface NotifierParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const lookEveryMs = 1000;
/** How far records were read is written at least so often: a start reads less again. */
const saveEveryMs = 30_000;

export class Notifier {
  readonly #settings: NotifierSettings;
  readonly #parts: NotifierParts;
  readonly #book: NoticeBook;
  readonly #tail: RecordTail;
  readonly #queues: readonly NoticeQueue[];
  readonly #looks: RepeatingErrorLog;
  readonly #saves: RepeatingErrorLog;
  readonly #saving = new CoalescedTask(() => this.#write());
  #savedAtMs = 0;

  private constructor(
    settings: NotifierSettings,
    saved: NotifyState | undefined,
    parts: NotifierParts,
  ) {
    const { clock, log } = parts;
    this.#settings = settings;
    this.#parts = parts;
    const minuteOf = (wallMs: number): number => {
      const local = wallMs + clock.utcOffsetMinutes(wallMs) * 60_000;
      return Math.floor((local % 86_400_000) / 60_000);
    };
    this.#book = new NoticeBook(settings.notices, saved?.book, minuteOf);
    this.#tail = new RecordTail(saved?.records, clock);
    this.#queues = settings.ways.map((way) => {
      const onChange = (): Promise<void> => this.#save();
      return new NoticeQueue(way, saved?.waiting[way.name] ?? [], { ...parts, onChange });
    });
    this.#looks = new RepeatingErrorLog(log, clock);
    this.#saves = new RepeatingErrorLog(log, clock);
  }

  /** The caller holds the lock of the state directory. @throws {OperationalError} STATE */
  static async open(settings: NotifierSettings, parts: NotifierParts): Promise<Notifier> {
    const saved = await readNotifyState(settings.state);
    if (saved === undefined || !('unusable' in saved)) return new Notifier(settings, saved, parts);
    const aside = await setNotifyStateAside(settings.state);
    parts.log.warn(
      'what was announced is unknown: its file is damaged or of another version. What is stored until now is not announced',
      { what: saved.unusable, 'set aside': aside },
    );
    return new Notifier(settings, undefined, parts);
  }

  /** Until the signal aborts. What waits then is sent by the next process. */
  async run(signal: AbortSignal): Promise<void> {
    const sending = this.#queues.map((queue) => queue.run(signal));
    while (!signal.aborted) {
      await this.#look();
      await this.#parts.clock.sleep(lookEveryMs, signal);
    }
    await Promise.all(sending);
    await this.#save();
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#parts;
    const { observer, isQuietLog, bucket } = this.#settings;
    const now = (): { wallMs: number; monotonicMs: number } => ({
      wallMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
    });
    try {
      this.#book.setSnoozed(await readSnoozed(this.#settings.state));
      bucket?.check();
      const captures = await openCaptures(this.#settings.directory, 'notify');
      try {
        await this.#tail.look(captures, (found) => {
          observer?.addLine(found);
          const { camera, line, folder, isHistory } = found;
          if (isHistory) this.#book.addHistory(camera, line);
          else this.#book.add(camera, line, folder, now());
        });
      } finally {
        await captures.close();
      }
      this.#looks.worked('the records can be read again');
      if (bucket === undefined) {
        const disk = diskOf(this.#settings.directory);
        this.#book.setDisk(disk.freeBytes, freeBytesOf(this.#settings.lowDisk, disk), now());
      }
      // Without the records, nothing says that a camera is silent.
      this.#book.tick(now());
    } catch (error) {
      this.#looks.failed('cannot follow the records', error);
    }
    const notices = this.#book.take();
    observer?.addLook({ notices, book: this.#book.state, now: now() });
    for (const notice of notices) {
      const { title, text } = noticeText(notice, (atMs) => clock.utcOffsetMinutes(atMs));
      log[notice.phase === 'update' || isQuietLog ? 'debug' : 'info'](title, { what: text });
      for (const queue of this.#queues) queue.add(notice);
    }
    const isDue = clock.monotonicMs() - this.#savedAtMs >= saveEveryMs;
    if (notices.length === 0 && !isDue) return;
    await this.#save();
    for (const queue of this.#queues) queue.wake();
  }

  async #save(): Promise<void> {
    try {
      await this.#saving.join();
      this.#saves.worked('what was announced is remembered again');
    } catch (error) {
      this.#saves.failed(
        'cannot remember what was announced: a start may announce it again',
        error,
      );
    }
  }

  async #write(): Promise<void> {
    this.#savedAtMs = this.#parts.clock.monotonicMs();
    const waiting = this.#queues.map(({ way, waiting: notices }) => [way.name, [...notices]]);
    await writeNotifyState(this.#settings.state, {
      records: this.#tail.state,
      book: this.#book.state,
      waiting: Object.fromEntries(waiting) as NotifyState['waiting'],
    });
  }
}

/** Sends one notice to each way. @returns for each, why it was not taken; undefined: it was */
export async function tryWays(
  ways: readonly Way[],
  noticeFor: (way: Way) => Parameters<Way['send']>[0],
  signal: AbortSignal,
): Promise<readonly (readonly [Way, string | undefined])[]> {
  const results: (readonly [Way, string | undefined])[] = [];
  for (const way of ways) {
    const failure = await way.send(noticeFor(way), signal).then(
      () => undefined,
      (error: unknown) => describeError(error),
    );
    results.push([way, failure]);
  }
  return results;
}
