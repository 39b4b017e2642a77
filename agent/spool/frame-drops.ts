/** Drops the frames of a spool that exceed a limit, and counts each dropped frame in a gap entry. */
import type { DropReason } from '../../shared/protocol/messages.js';
import type { Entry } from './entry.js';
import type { EntryKeeper } from './entry-keeper.js';
import { type DroppedFrame, GapEntries } from './gap-entries.js';
import type { QueueSettings } from './queue-settings.js';
import type { SpoolIndex, Victims } from './spool-index.js';

/** The methods that drop are changes of the spool: they run in its turns. */
export class FrameDrops {
  readonly #keeper: EntryKeeper;
  readonly #index: SpoolIndex;
  readonly #settings: QueueSettings;
  readonly #gaps: GapEntries;
  #writing: number | undefined;
  #count = 0;

  constructor(keeper: EntryKeeper, index: SpoolIndex, settings: QueueSettings) {
    this.#keeper = keeper;
    this.#index = index;
    this.#settings = settings;
    this.#gaps = new GapEntries((atMs) => settings.clock.utcOffsetMinutes(atMs));
  }

  /** Number of frames that were dropped since this spool was opened. */
  get count(): number {
    return this.#count;
  }

  /** The sequence of the gap entry that is being written: it is not sent meanwhile. */
  get writing(): number | undefined {
    return this.#writing;
  }

  /** The gap entry with this sequence, if it is one, does not grow any more. */
  seal(sequence: number): void {
    this.#gaps.seal(sequence);
  }

  /** @returns false: the spool is full and the newest frame has to be dropped */
  async makeRoom(neededBytes: number): Promise<boolean> {
    const { maxBytes, dropsFirst } = this.#settings;
    if (this.#index.hasRoom(neededBytes, maxBytes)) return true;
    if (dropsFirst === 'newest') return false;
    await this.#drop(this.#index.evictForSize(neededBytes, maxBytes), 'size');
    return true;
  }

  async dropAged(nowMs: number): Promise<void> {
    const { maxAgeMs } = this.#settings;
    if (maxAgeMs > 0) await this.#drop(this.#index.evictOlder(nowMs - maxAgeMs), 'age');
  }

  /** Counts dropped frames in the waiting gap entry or in a new one. @param dropped by sequence */
  async countDropped(dropped: readonly DroppedFrame[], why: DropReason): Promise<void> {
    this.#count += dropped.length;
    if (dropped.length > 0) this.#settings.report.dropped(dropped.length, why);
    for (const { sequence: existing, header } of this.#gaps.entriesFor(dropped, why)) {
      const entry: Entry = { header, body: Buffer.alloc(0) };
      const sequence = (this.#writing = existing ?? this.#keeper.nextSequence());
      if (existing !== undefined) await this.#keeper.replaceGapEntry(sequence, entry);
      else {
        await this.#keeper.put(sequence, { entry, path: undefined });
        this.#index.add({ sequence, kind: 'dropped', byteCount: 0, atMs: header.lastCapturedAtMs });
      }
      this.#gaps.written(sequence, why, header);
      this.#writing = undefined;
    }
  }

  /** Counts frames, then removes them. For a frame that was set aside, the reason is the refusal. */
  async #drop({ waiting, aside }: Victims, why: DropReason): Promise<void> {
    await this.countDropped(waiting, why);
    const refused = aside.filter(({ isDamaged }) => !isDamaged);
    await this.countDropped(refused, 'refused');
    for (const entry of waiting) await this.#keeper.remove(entry, true);
    for (const entry of aside) await this.#keeper.removeAside(entry, entry.isDamaged);
  }
}
