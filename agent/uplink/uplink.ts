/**
 * Keeps a connection to one receiver: connects, lets a link talk, connects again after growing pauses. The
 * frames wait in the spool meanwhile; nothing here makes capture wait.
 */
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { type BackoffSettings, backoffMs } from '../../shared/backoff.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { Spool } from '../spool/spool.js';
import { openConnection } from './connection.js';
import { Link } from './link.js';
import { OversizeReport, PassedOver } from './passed-over.js';
import { connectTls } from './tls.js';

export interface UplinkParts {
  readonly destination: Destination;
  /** Its name at a receiver that it is not paired with. */
  readonly camera: string;
  /** Asked for each connection: keys to try, best first; none at all: speak clear. May reject. */
  readonly keys: () => Promise<readonly CameraKey[]>;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /**
   * Told which receiver answers. @returns spools that were left for it when it was spelled otherwise; each has
   * an epoch of its own, and so is delivered on a connection of its own
   */
  readonly onReceiver: (receiverId: string) => Promise<readonly Spool[]>;
}

/** Half a second at first: a receiver that was restarted is back by then. A minute at most. */
const pauses: BackoffSettings = { firstMs: 500, capMs: 60_000 };

/** A receiver that restarts asks for less. */
const shortPauseMs = 5000;
const pauseLineEveryMs = 5 * 60_000;

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #trouble: RepeatingErrorLog;
  readonly #name: string;
  #link: Link | undefined;
  #isDraining = false;
  #nextPauseLineMs = Number.NEGATIVE_INFINITY;
  /** Spools of another spelling of this receiver, to be emptied before we go on. */
  #left: Spool[] = [];
  /** Of these, those that were emptied as far as the receiver takes them. */
  readonly #visited = new Set<Spool>();
  readonly #oversize: OversizeReport;
  /** What the receiver did not take of the own spool on the last connection. */
  #passedOver: PassedOver | undefined;
  /** True when draining has left only what the receiver does not take. */
  #isDrained = false;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    this.#trouble = new RepeatingErrorLog(parts.log, parts.clock);
    this.#oversize = new OversizeReport(parts.log, parts.clock);
    this.#name = formatAddress(parts.destination.host, parts.destination.port);
    parts.spool.onAdded(() => this.#link?.wake());
  }

  /** Delivers until `signal` aborts. Failures are told and tried again; it never throws for them. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#isFinished(signal)) {
      let pauseMs = 0;
      try {
        pauseMs = await this.#talk(signal);
        this.#notePause(pauseMs);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        if (signal.aborted) return;
        this.#visited.clear();
        this.#trouble.failed(`cannot deliver to ${this.#name}; frames wait`, error);
        pauseMs = backoffMs(this.#trouble.failures, this.#parts.random(), pauses);
      }
      if (!this.#isFinished(signal)) await this.#parts.clock.sleep(pauseMs, signal);
    }
  }

  /** From now on `run` ends as soon as nothing waits any more. */
  drain(): void {
    this.#isDraining = true;
    this.#link?.drain();
  }

  /** Whether something waits that the receiver may take. */
  get isPending(): boolean {
    return this.#parts.spool.hasWaiting((entry) => !this.#passedOver?.isForGood(entry));
  }

  #isFinished(signal: AbortSignal): boolean {
    const isEmpty = this.#isDrained || this.#parts.spool.waitingCount === 0;
    return signal.aborted || (this.#isDraining && this.#left.length === 0 && isEmpty);
  }

  /** Logs a pause that an operator would notice. A receiver that asks again and again gets a line now and then. */
  #notePause(pauseMs: number): void {
    const now = this.#parts.clock.monotonicMs();
    if (pauseMs <= shortPauseMs || now < this.#nextPauseLineMs) return;
    this.#nextPauseLineMs = now + pauseLineEveryMs;
    const seconds = Math.round(pauseMs / 1000);
    this.#parts.log.warn(`${this.#name} asks to come back in ${seconds} s; frames wait`);
  }

  async #talk(signal: AbortSignal): Promise<number> {
    const keys = await this.#parts.keys();
    // After a change of keys, or with several receivers, the first need not be the right one.
    const key = keys[this.#trouble.failures % Math.max(1, keys.length)];
    const plain = await openConnection(this.#parts.destination, signal);
    const identity = key && { name: key.camera, keyId: key.id };
    const socket = identity ? await connectTls(plain, identity, key.key, signal) : plain;
    const abort = (): unknown => socket.destroy(new OperationalError('LINK', 'stopping'));
    signal.addEventListener('abort', abort, { once: true });
    const { clock, log } = this.#parts;
    const camera = key?.camera ?? this.#parts.camera;
    const left = this.#left.shift();
    if (left !== undefined) this.#visited.add(left);
    const spool = left ?? this.#parts.spool;
    const isOwn = left === undefined;
    const passedOver = new PassedOver(isOwn ? this.#oversize : new OversizeReport(log, clock));
    const onWelcome = async (receiverId: string | undefined): Promise<void> => {
      this.#trouble.worked(`delivering to ${this.#name} again`);
      log.debug('connected', {
        receiver: this.#name,
        isEncrypted: key !== undefined,
        waiting: spool.waitingCount,
      });
      if (left !== undefined) return;
      this.#passedOver = passedOver;
      if (receiverId === undefined) return;
      const all = await this.#parts.onReceiver(receiverId);
      this.#left = all.filter((each) => !this.#visited.has(each));
      if (this.#left.length > 0) link.drain();
    };
    const parts = { camera, spool, clock, log, passedOver, onWelcome };
    const link = (this.#link = new Link(socket, parts));
    if (this.#isDraining || left !== undefined) link.drain();
    try {
      const pauseMs = await link.run();
      if (!link.isDone)
        this.#visited.clear(); // another receiver may answer next
      else if (left === undefined) this.#isDrained = this.#isDraining;
      return pauseMs;
    } catch (error) {
      if (error instanceof OperationalError || systemCode(error) === undefined) throw error;
      throw new OperationalError('LINK', 'the connection broke', { cause: error });
    } finally {
      this.#link = undefined;
      signal.removeEventListener('abort', abort);
    }
  }
}
