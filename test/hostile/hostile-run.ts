/**
 * One round: hostile sessions run, several at once, until an honest camera beside them has delivered its frames; then
 * the disks are audited. No rule is about time: only a round without progress is aborted.
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CameraKey } from '../../shared/keys/identity.js';
import { endReceiver } from './aftermath.js';
import { type Moments, checkBooks, readPictures } from './books.js';
import { HonestCamera } from './honest-camera.js';
import { Ledger } from './ledger.js';
import { paddedJpeg, sha256Of } from './material.js';
import { pairByCommands } from './pairing.js';
import {
  type ChangeKind,
  type HostileSession,
  type World,
  badName,
  honestAddress,
  honestName,
  planSession,
  silentName,
} from './plan.js';
import { ReceiverHouse } from './receiver-house.js';
import { playSession } from './session.js';

export interface HostileRunSettings {
  readonly seed: number;
  readonly world: World;
  /** Empty; the caller removes it. */
  readonly directory: string;
  readonly programs: { readonly agent: string; readonly receiver: string };
  /** The round lasts until this many sessions have started. */
  readonly minSessions: number;
  readonly frames: number;
  /** Deadline for the honest camera to have one more frame stored. */
  readonly progressDeadlineMs: number;
  readonly signal?: AbortSignal;
}

export interface HostileOutcome {
  /** A sentence for each rule that was broken. */
  readonly violations: readonly string[];
  /** Those that remained at the end. */
  readonly lastSessions: readonly HostileSession[];
  readonly sessions: number;
  readonly hostileBytes: number;
  readonly frames: number;
  readonly peakMebibytes: number;
  readonly logLines: number;
}

/** Sessions at once. */
const slots = 8;
const frameEveryMs = 60;
/** The honest camera reconnects after this many frames. */
const reconnectEvery = 6;
/** After this many frames its connection is cut before the acknowledgement. */
const cutEvery = 4;
/** Deadline for one more frame after the hostile sessions. */
const lastFrameMs = 60_000;

export async function runHostile(settings: HostileRunSettings): Promise<HostileOutcome> {
  const { world, directory, programs } = settings;
  const limits = ['--max-frame', '1MiB', '--max-memory', '32MiB'];
  const args = [...limits, '--quota', world.quota];
  const house = await ReceiverHouse.open({
    directory: join(directory, 'house'),
    program: programs.receiver,
    args: world.isOpenAnyway ? [...args, '--open'] : args,
  });
  try {
    const round = new Round(settings, house);
    await round.prepare();
    return await round.run();
  } finally {
    await house.kill();
  }
}

class Round {
  readonly #settings: HostileRunSettings;
  readonly #house: ReceiverHouse;
  readonly #ledger = new Ledger();
  readonly #camera: HonestCamera;
  readonly #acknowledged: string[] = [];
  readonly #playing = new Map<number, HostileSession>();
  readonly #over = new AbortController();
  readonly #violations: string[] = [];
  #honestKey: CameraKey | undefined;
  #badKey: CameraKey | undefined;
  #unpairing: Moments['unpairing'];
  #peakMebibytes = 0;
  #progressAtMs = performance.now();
  #next = 0;

  constructor(settings: HostileRunSettings, house: ReceiverHouse) {
    this.#settings = settings;
    this.#house = house;
    this.#camera = new HonestCamera({
      ...{ port: house.port, camera: honestName, localAddress: honestAddress },
      ...{ key: () => this.#honestKey, longestWaitMs: 1000 },
    });
  }

  /** Paired cameras and pending codes at the start. */
  async prepare(): Promise<void> {
    const { world } = this.#settings;
    for (let at = 0; at < world.pendingCodes; at += 1) await this.#house.makeCode(`later-${at}`);
    if (world.hasPairedCameras) {
      await this.#house.pair(silentName);
      this.#badKey = await this.#house.pair(badName);
    }
    if (world.pairing === 'before') this.#honestKey = await this.#house.pair(honestName);
    // A proven key closes the receiver before the first frame.
    if (this.#honestKey) await this.#camera.connect(AbortSignal.timeout(60_000));
  }

  async run(): Promise<HostileOutcome> {
    const { signal } = this.#settings;
    setMaxListeners(0, this.#over.signal);
    signal?.addEventListener('abort', () => this.#over.abort());
    const playing = Array.from({ length: slots }, () => this.#play());
    try {
      await Promise.race([Promise.all([this.#deliver(), this.#change()]), this.#watch()]);
    } catch (error) {
      signal?.throwIfAborted();
      this.#violations.push(error instanceof Error ? error.message : String(error));
    }
    const lastSessions = [...this.#playing.values()];
    this.#over.abort();
    await Promise.all(playing);
    await this.#closeBooks();
    return {
      violations: this.#violations,
      lastSessions,
      sessions: this.#ledger.sessions,
      hostileBytes: this.#ledger.bytes,
      frames: this.#acknowledged.length,
      peakMebibytes: this.#peakMebibytes,
      logLines: this.#house.log.length,
    };
  }

  async #play(): Promise<void> {
    const { seed, world } = this.#settings;
    const scene = {
      ...{ port: this.#house.port, ledger: this.#ledger, honestEpoch: this.#camera.epoch },
      honestKey: () => this.#honestKey,
      badKey: this.#badKey,
    };
    while (!this.#over.signal.aborted) {
      const session = planSession(seed, this.#next, world);
      this.#next += 1;
      this.#playing.set(session.index, session);
      await playSession(session, scene, this.#over.signal);
      this.#playing.delete(session.index);
    }
  }

  async #deliver(): Promise<void> {
    const { frames, minSessions } = this.#settings;
    const { signal } = this.#over;
    for (let number = 1; number <= frames || this.#next < minSessions; number += 1) {
      if (number % reconnectEvery === 0) this.#camera.disconnect();
      await this.#shoot(number, signal);
      await delay(frameEveryMs, undefined, { signal });
    }
  }

  async #shoot(number: number, signal: AbortSignal): Promise<void> {
    const jpeg = paddedJpeg(`honest ${number}`, number % 5 === 0 ? 60_000 : 4000);
    // It may be stored before the cut or not; in both cases it is stored once.
    const cutAfterMs = number % cutEvery === 0 ? (number * 7) % 30 : undefined;
    await this.#camera.deliver(jpeg, signal, cutAfterMs);
    this.#acknowledged.push(sha256Of(jpeg));
    this.#progressAtMs = performance.now();
  }

  async #change(): Promise<void> {
    for (const { kind, afterSessions } of this.#settings.world.changes) {
      while (this.#next < afterSessions) await delay(20, undefined, { signal: this.#over.signal });
      await this.#changes[kind]();
      this.#progressAtMs = performance.now();
    }
  }

  readonly #changes: Readonly<Record<ChangeKind, () => Promise<void>>> = {
    'pair-honest': async () => {
      const { world, directory, programs } = this.#settings;
      const [house, state] = [this.#house, join(directory, 'agent')];
      this.#honestKey =
        world.pairing === 'commands'
          ? await pairByCommands(house, honestName, programs.agent, state, this.#over.signal)
          : await house.pair(honestName);
      // Like an agent that has been paired: it uses TLS from now on.
      this.#camera.disconnect();
    },
    'unpair-bad': async () => {
      const { receiver } = this.#settings.programs;
      const fromMs = performance.now();
      await this.#house.run(receiver, ['unpair', badName, '--keys', this.#house.keysPath]);
      this.#unpairing = { fromMs, toMs: performance.now() };
    },
    'pair-another': async () => {
      await this.#house.pair('barn');
    },
    'make-code': async () => {
      await this.#house.makeCode('attic');
    },
  };

  /** @throws when the receiver has ended, or the honest camera makes no progress */
  async #watch(): Promise<never> {
    const { progressDeadlineMs } = this.#settings;
    for (;;) {
      this.#over.signal.throwIfAborted();
      await delay(200);
      if (!this.#house.isAlive) throw new Error('the receiver has ended by itself');
      if (performance.now() - this.#progressAtMs < progressDeadlineMs) continue;
      const waiting = this.#acknowledged.length + 1;
      throw new Error(
        `frame ${waiting} of the honest camera is not stored after ${progressDeadlineMs / 1000} s; ` +
          `last it was told: ${this.#camera.lastTrouble}`,
      );
    }
  }

  async #closeBooks(): Promise<void> {
    const { world, frames } = this.#settings;
    const broken = this.#violations;
    if (broken.length === 0) {
      try {
        await this.#shoot(frames + 100_000, AbortSignal.timeout(lastFrameMs));
      } catch (error) {
        broken.push(`after the hostile sessions: ${String(error)}: ${this.#camera.lastTrouble}`);
      }
    }
    this.#camera.disconnect();
    const { violations, peakMebibytes } = await endReceiver(this.#house);
    broken.push(...violations);
    this.#peakMebibytes = peakMebibytes;
    const { helloAnswers, sent } = this.#ledger;
    if (helloAnswers.size > 1) {
      const answers = [...helloAnswers].map(([answer, opening]) => `${answer} to ${opening}`);
      broken.push(`ClientHellos without a key are answered differently: ${answers.join('; ')}`);
    }
    const isSecure = this.#camera.firstSecureWelcomeAtMs;
    const isClosed = world.hasPairedCameras ? -Infinity : isSecure;
    broken.push(
      ...checkBooks({
        stored: readPictures(this.#house.directory, this.#house.files()),
        ...{ acknowledged: this.#acknowledged, sent },
        moments: {
          honestIsSecureAtMs: isSecure,
          closedAtMs: world.isOpenAnyway ? undefined : isClosed,
          unpairing: this.#unpairing,
        },
        paired: world.hasPairedCameras ? [badName, silentName] : [],
      }),
    );
  }
}
