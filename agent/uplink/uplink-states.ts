/**
 * What is known of each receiver: whether it takes frames, why not, and how far its clock and this machine's differ.
 * The agent keeps it in `uplinks.json` in the state directory, for `agent status` and `agent doctor`, and shows the
 * reason in systemd's status line. The file is written when something changes, not for each attempt, and not flushed.
 */
import * as v from 'valibot';
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { humanDuration, humanSize } from '../../shared/cli/humanize.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { count } from '../../shared/protocol/fields.js';
import type { StateDirectory } from '../service/state.js';
import { Turns } from '../spool/turns.js';

export const uplinksFile = 'uplinks.json';

/** A smaller difference of the clocks is not worth a line. */
export const maxClockErrorMs = 60_000;
const maxWhy = 400;

const receiverState = v.object({
  /** As it is typed with `--host`, with the port. */
  receiver: v.string(),
  /** Why frames wait; absent: the receiver takes them. */
  why: v.optional(v.string()),
  /** Wall time from which it takes frames, or does not. */
  sinceMs: count,
  /** The receiver's limit, bytes, when larger frames wait. */
  maxFrameBytes: v.optional(count),
  /** This machine's clock minus the receiver's, when they differ by more than a minute. */
  clockErrorMs: v.optional(v.pipe(v.number(), v.integer())),
  /** It is no `--host` any more. */
  isRemoved: v.optional(v.literal(true)),
});
const schema = v.record(v.string(), receiverState);

export type ReceiverState = v.InferOutput<typeof receiverState>;

export interface UplinkStatesParts {
  /** Undefined: nothing is written. */
  readonly state: StateDirectory | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What one uplink states. */
export interface UplinkStatus {
  /** The receiver has acknowledged an entry, or has none to acknowledge. */
  delivers(): void;
  waits(error: unknown): void;
  /** @param limitBytes the receiver's limit that waiting frames exceed; undefined: none exceeds it */
  exceeds(limitBytes: number | undefined): void;
  /** @param receiverMs the receiver's wall time, from its welcome */
  comparesClock(receiverMs: number): void;
}

export class UplinkStates {
  readonly #parts: UplinkStatesParts;
  readonly #writes: RepeatingErrorLog;
  readonly #turns = new Turns();
  readonly #onChange: (() => void)[] = [];
  #states: Record<string, ReceiverState>;
  #isWriting = false;

  private constructor(parts: UplinkStatesParts, states: Record<string, ReceiverState>) {
    this.#parts = parts;
    this.#writes = new RepeatingErrorLog(parts.log, parts.clock);
    this.#states = states;
  }

  /** Reads what an earlier process stated: a one-shot run continues it. */
  static async open(parts: UplinkStatesParts): Promise<UplinkStates> {
    const bytes = await parts.state?.read(uplinksFile).catch(() => undefined);
    return new UplinkStates(parts, bytes === undefined ? {} : decodeUplinks(bytes));
  }

  /** Calls back after each change. */
  onChange(act: () => void): void {
    this.#onChange.push(act);
  }

  /** Why frames wait for a receiver; undefined: each one takes them, or is not tried yet. */
  get why(): string | undefined {
    return Object.values(this.#states)
      .map(whyOf)
      .find((why) => why !== undefined);
  }

  /** Forgets why frames waited for receivers that are not configured any more. @param folders names of the spools */
  setConfigured(folders: readonly string[]): void {
    const states = Object.entries(this.#states).map(([folder, { receiver, sinceMs, ...known }]) => {
      const kept = folders.includes(folder)
        ? { ...known, isRemoved: undefined }
        : { isRemoved: true as const };
      return [folder, { receiver, sinceMs, ...kept }] as const;
    });
    this.#states = Object.fromEntries(states);
  }

  /** @param folder name of the receiver's spool */
  statusOf(folder: string, { host, port }: Destination): UplinkStatus {
    const receiver = formatAddress(host, port);
    if (this.#states[folder]?.receiver !== receiver) {
      const sinceMs = Math.round(this.#parts.clock.nowMs());
      this.#states = { ...this.#states, [folder]: { receiver, sinceMs } };
      void this.#write();
    }
    const change = (values: Omit<ReceiverState, 'receiver' | 'sinceMs'>): void => {
      const before = this.#states[folder];
      const nowMs = Math.round(this.#parts.clock.nowMs());
      const state = { sinceMs: nowMs, ...before, ...values, receiver };
      if (isWaiting(before) !== isWaiting(state)) state.sinceMs = nowMs;
      this.#states = { ...this.#states, [folder]: state };
      for (const act of this.#onChange) act();
      void this.#write();
    };
    let waitsFor: string | undefined;
    return {
      delivers: () => {
        // For each acknowledged entry: cheap when nothing changes.
        if (this.#states[folder]?.why !== undefined) change({ why: undefined });
      },
      waits: (error) => {
        // The causes may differ from attempt to attempt.
        const message = error instanceof Error ? error.message : String(error);
        if (this.#states[folder]?.why !== undefined && message === waitsFor) return;
        waitsFor = message;
        change({ why: describeError(error).slice(0, maxWhy) });
      },
      exceeds: (maxFrameBytes) => {
        if (this.#states[folder]?.maxFrameBytes !== maxFrameBytes) change({ maxFrameBytes });
      },
      comparesClock: (receiverMs) => {
        const errorMs = Math.round(this.#parts.clock.nowMs() - receiverMs);
        const clockErrorMs = Math.abs(errorMs) > maxClockErrorMs ? errorMs : undefined;
        const before = this.#states[folder]?.clockErrorMs;
        const isSame =
          (clockErrorMs === undefined) === (before === undefined) &&
          Math.abs((clockErrorMs ?? 0) - (before ?? 0)) < maxClockErrorMs;
        if (isSame) return;
        change({ clockErrorMs });
        if (clockErrorMs !== undefined) this.#logClock(receiver, clockErrorMs);
      },
    };
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#turns.run(() => Promise.resolve());
  }

  #logClock(receiver: string, errorMs: number): void {
    const difference = humanDuration(Math.abs(errorMs));
    const way = errorMs < 0 ? 'behind' : 'ahead of';
    this.#parts.log.warn(`this machine's clock is ${difference} ${way} the receiver's`, {
      receiver,
      hint: 'frames are named by this clock: see timedatectl on both machines',
    });
  }

  /** Changes during a write are written together after it. */
  async #write(): Promise<void> {
    const { state } = this.#parts;
    if (state === undefined || this.#isWriting) return;
    this.#isWriting = true;
    await this.#turns.run(async () => {
      this.#isWriting = false;
      try {
        await state.writeUnflushed(uplinksFile, Buffer.from(`${JSON.stringify(this.#states)}\n`));
        this.#writes.worked(`${uplinksFile} is written again`);
      } catch (error) {
        this.#writes.failed(`cannot write ${uplinksFile}`, error);
      }
    });
  }
}

function isWaiting(state: ReceiverState | undefined): boolean {
  return state?.why !== undefined;
}

/** Why frames wait for this receiver; undefined: it takes them. */
export function whyOf({ why, maxFrameBytes }: ReceiverState): string | undefined {
  if (why !== undefined || maxFrameBytes === undefined) return why;
  return `the receiver takes no frame above its --max-frame of ${humanSize(maxFrameBytes)}`;
}

/** @returns by the name of the receiver's spool; empty when the bytes are no such file */
export function decodeUplinks(bytes: Buffer): Record<string, ReceiverState> {
  try {
    const parsed = v.safeParse(schema, JSON.parse(bytes.toString('utf8')));
    return parsed.success ? parsed.output : {};
  } catch {
    return {};
  }
}
