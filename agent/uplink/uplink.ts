/**
 * Keeps a connection to one receiver: connects, runs a link, reconnects with exponential backoff. Frames wait in the
 * spool meanwhile; capturing never waits for the uplink.
 */
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import type { Clock } from '../../shared/clock.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { type BackoffSettings, backoffMs } from '../../shared/backoff.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import type { EntryKind, PendingReports, Spool, Spools } from '../spool/spool.js';
import type { SigningKey } from './keys/signing-key.js';
import { openConnection } from './connection.js';
import { Link, type Welcome } from './link.js';
import { OversizeLog, SkippedEntries } from './skipped-entries.js';
import { connectTls } from './tls.js';
import type { UplinkStatus } from './uplink-states.js';

export interface UplinkParts {
  readonly destination: Destination;
  /** The camera's name at a receiver that the agent is not paired with. */
  readonly camera: string;
  /** Undefined: entries are sent without signatures. */
  readonly signing: SigningKey | undefined;
  readonly keys: CameraKeys;
  readonly spools: Spools;
  /** Undefined: the agent makes no reports. */
  readonly reports: PendingReports | undefined;
  /** Is informed of what `agent status` shows. */
  readonly status: UplinkStatus;
  /** Whether the first delivered frame is worth a line of the log. */
  readonly announces: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** The keys of the camera at a receiver; they are read again for each connection. */
export interface CameraKeys {
  /**
   * @returns the keys to try, best first; empty: connect unencrypted
   * @throws {OperationalError} KEYS: do not connect
   */
  keysFor(destination: Destination, camera: string): Promise<readonly CameraKey[]>;
}

/** The first pause covers the restart of a receiver. */
const pauses: BackoffSettings = { firstMs: 500, capMs: 60_000 };

/**
 * A connection works when the receiver has acknowledged an entry, or when it has lasted this long after its welcome.
 * A welcome alone proves nothing: a peer may send one and close, again and again.
 */
const workingAfterMs = 10_000;

/** Longer pauses are logged; a receiver that restarts asks for less. */
const shortPauseMs = 5000;
const pauseLogIntervalMs = 5 * 60_000;

export class Uplink {
  readonly #parts: UplinkParts;
  readonly #errors: RepeatingErrorLog;
  readonly #name: string;
  readonly #spool: Spool;
  #link: Link | undefined;
  #isDraining = false;
  /** True: the first delivered frame is still to be logged. */
  #isAnnouncing: boolean;
  #nextPauseLogMs = Number.NEGATIVE_INFINITY;
  /** Orphaned spools of this receiver that are delivered before the regular spool. */
  #orphaned: Spool[] = [];
  /** Orphaned spools that are drained, except for skipped entries. */
  readonly #drained = new Set<Spool>();
  readonly #oversize: OversizeLog;
  /** Skipped entries of the regular spool on the last connection. */
  #skipped: SkippedEntries | undefined;
  /** True: the regular spool is drained, except for skipped entries. */
  #isDrained = false;

  constructor(parts: UplinkParts) {
    this.#parts = parts;
    this.#isAnnouncing = parts.announces;
    this.#errors = new RepeatingErrorLog(parts.log, parts.clock);
    this.#oversize = new OversizeLog(parts.log, parts.clock, (limit) =>
      parts.status.exceeds(limit),
    );
    this.#name = formatAddress(parts.destination.host, parts.destination.port);
    this.#spool = parts.spools.spoolFor(parts.destination);
    this.#spool.onAdded(() => this.#link?.wake());
  }

  /** Delivers until `signal` aborts. Failures are logged and retried; only a bug rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!this.#isFinished(signal)) {
      let pauseMs = 0;
      try {
        pauseMs = await this.#connectOnce(signal);
        this.#logPause(pauseMs);
      } catch (error) {
        if (!(error instanceof OperationalError)) throw error;
        if (signal.aborted) return;
        this.#drained.clear();
        this.#errors.failed(`cannot deliver to ${this.#name}; frames wait`, error);
        this.#parts.status.waits(error);
        pauseMs = backoffMs(this.#errors.failures, this.#parts.random(), pauses);
      }
      this.#parts.reports?.tried();
      if (!this.#isFinished(signal)) await this.#parts.clock.sleep(pauseMs, signal);
    }
  }

  /** Makes `run` end as soon as no entry waits. */
  drain(): void {
    this.#isDraining = true;
    this.#link?.drain();
  }

  /** Whether a frame or a gap entry waits that the receiver may accept. */
  get isPending(): boolean {
    return this.#spool.hasWaiting(
      (entry) => entry.kind !== 'report' && !this.#skipped?.isSkipped(entry),
    );
  }

  #isFinished(signal: AbortSignal): boolean {
    const { reports } = this.#parts;
    const isEmpty = this.#isDrained || (this.#spool.waitingCount === 0 && !reports?.isDue);
    return signal.aborted || (this.#isDraining && this.#orphaned.length === 0 && isEmpty);
  }

  /** Logs a long pause that the receiver asked for, at most every five minutes. */
  #logPause(pauseMs: number): void {
    const now = this.#parts.clock.monotonicMs();
    if (pauseMs <= shortPauseMs || now < this.#nextPauseLogMs) return;
    this.#nextPauseLogMs = now + pauseLogIntervalMs;
    const seconds = Math.round(pauseMs / 1000);
    this.#parts.log.warn(`${this.#name} asked for a pause of ${seconds} s; frames wait`);
  }

  /** Runs one connection. @returns the pause before the next one, milliseconds */
  async #connectOnce(signal: AbortSignal): Promise<number> {
    const { clock, log, destination, reports, status } = this.#parts;
    const keys = await this.#parts.keys.keysFor(destination, this.#parts.camera);
    // Each failure tries the next key: after a change of keys the first one may be wrong.
    const key = keys[this.#errors.failures % Math.max(1, keys.length)];
    const plain = await openConnection(destination, signal);
    const identity = key && { name: key.camera, keyId: key.id };
    const socket = identity ? await connectTls(plain, identity, key.key, signal) : plain;
    const abort = (): unknown => socket.destroy(new OperationalError('LINK', 'stopping'));
    signal.addEventListener('abort', abort, { once: true });
    const camera = key?.camera ?? this.#parts.camera;
    const orphaned = this.#orphaned.shift();
    if (orphaned !== undefined) this.#drained.add(orphaned);
    const spool = orphaned ?? this.#spool;
    const oversize =
      orphaned === undefined ? this.#oversize : new OversizeLog(log, clock, () => undefined);
    const skipped = new SkippedEntries(oversize);
    const ended = new AbortController();
    const onWorking = (): void => {
      this.#errors.worked(`delivering to ${this.#name} again`);
      status.delivers();
    };
    const onWelcome = async ({ receiverId, takesReports, clockMs }: Welcome): Promise<void> => {
      status.comparesClock(clockMs);
      void clock.sleep(workingAfterMs, ended.signal).then(() => {
        if (!ended.signal.aborted) onWorking();
      });
      log.debug('connected', {
        receiver: this.#name,
        isEncrypted: key !== undefined,
        waiting: spool.waitingCount,
      });
      if (orphaned !== undefined) return;
      this.#skipped = skipped;
      reports?.setTaken(takesReports);
      if (receiverId === undefined) return;
      const all = await this.#parts.spools.noteReceiver(destination, receiverId);
      this.#orphaned = all.filter((other) => !this.#drained.has(other));
      if (this.#orphaned.length > 0) link.drain();
    };
    const { signing } = this.#parts;
    const isAdding = (): boolean => orphaned === undefined && reports?.isMoving === true;
    const common = { camera, signing, spool, clock, log, skipped };
    const onAcknowledged = (kind: EntryKind): void => {
      onWorking();
      if (kind === 'frame' && this.#isAnnouncing) {
        this.#isAnnouncing = false;
        log.info(`first frame delivered to ${this.#name}`, { camera });
      }
      if (orphaned === undefined) reports?.acknowledged();
    };
    const onRefused = (error: unknown): void => {
      if (orphaned === undefined) status.waits(error);
    };
    const parts = { ...common, onWelcome, isAdding, onAcknowledged, onRefused };
    const link = (this.#link = new Link(socket, parts));
    if (this.#isDraining || orphaned !== undefined) link.drain();
    try {
      const pauseMs = await link.run();
      if (link.isDrained) onWorking();
      else this.#drained.clear(); // another receiver may answer next
      if (link.isDrained && orphaned === undefined) this.#isDrained = this.#isDraining;
      return pauseMs;
    } catch (error) {
      if (error instanceof OperationalError || systemCode(error) === undefined) throw error;
      throw new OperationalError('LINK', 'the connection broke', { cause: error });
    } finally {
      if (orphaned === undefined) reports?.setTaken(false);
      this.#link = undefined;
      ended.abort();
      signal.removeEventListener('abort', abort);
    }
  }
}
