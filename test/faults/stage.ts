/**
 * The pair under test with its environment: camera, agent, proxy, receiver, small disks, a clock that can be
 * stepped. Each fault is one method; the plan decides when it happens.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withMoved } from './away.js';
import { AgentWords } from './agent-words.js';
import { Camera, type Tally } from './camera.js';
import { SmallDisk } from './disk.js';
import { DiskFaults } from './disk-faults.js';
import { fakeClock } from './capabilities.js';
import {
  type Captures,
  type SpoolContents,
  countWaiting,
  holdsAll,
  readCaptures,
  readSpool,
} from './inventory.js';
import { pairCommands } from './pair-commands.js';
import { Party } from './managed-process.js';
import type { Fault, FaultKind } from './plan.js';
import { Proxy } from './proxy.js';
import { acknowledgedFiles, keysIn, pairSides } from './secure-pair.js';
import { Refuser } from './refuser.js';
import { moveSpools } from './spool-move.js';
import { freePort } from '../support/ports.js';

export interface Programs {
  readonly agent: string;
  readonly receiver: string;
}

export interface StageSettings {
  /** Empty; the caller removes it. */
  readonly directory: string;
  readonly programs: Programs;
  readonly random: () => number;
  /** True: a receiver process for each connection, as with Accept=yes. */
  readonly isReceiverMany: boolean;
  /** True: agent and receiver are paired, and use TLS. */
  readonly isSecure: boolean;
  readonly hasSmallDisks: boolean;
  /** The library that fakes the clock; undefined where it is not installed. */
  readonly libfaketime: string | undefined;
  readonly agentArgs?: readonly string[];
  /** Called with the details of a fault beyond its kind. */
  readonly onDetail?: (what: string) => void;
  /** Approximate size of a frame. */
  readonly leastFrameBytes?: number;
  /** What the camera sees, over and over, and its agent detects; undefined: one picture, and each frame is sent. */
  readonly pictures?: readonly Buffer[];
  /** True: one side is 0.1.0. */
  readonly isMixed?: boolean;
}

const camera = 'yard';
const diskBytes = 96 * 2 ** 20;

export class Stage {
  readonly camera: Camera;
  readonly #words: AgentWords;
  kills = 0;
  readonly #settings: StageSettings;
  readonly #captures: SmallDisk;
  readonly #state: SmallDisk;
  readonly #disks: DiskFaults;
  readonly #proxy: Proxy;
  readonly #agent: Party;
  readonly #receivers: { readonly one: Party; readonly many: Party };
  /** A receiver with a `--max-frame` that is too low. */
  readonly #small: Party;
  readonly #refuser: Refuser;
  #isMany: boolean;

  private constructor(
    settings: StageSettings,
    proxy: Proxy,
    refuser: Refuser,
    receiverPort: number,
  ) {
    const { directory, hasSmallDisks, programs } = settings;
    const sizeBytes = hasSmallDisks ? diskBytes : undefined;
    this.#settings = settings;
    this.#words = new AgentWords(settings.pictures === undefined);
    this.#proxy = proxy;
    this.#refuser = refuser;
    this.#isMany = settings.isReceiverMany;
    this.#captures = new SmallDisk(join(directory, 'captures'), sizeBytes);
    this.#state = new SmallDisk(join(directory, 'state'), sizeBytes);
    this.#disks = new DiskFaults({
      ...{ captures: this.#captures, state: this.#state, camera, directory },
      ...{ isMounted: hasSmallDisks, isSecure: settings.isSecure },
      pidOf: (side) => (side === 'agent' ? this.#agent : this.#receiver).pid,
      onDetail: (what) => settings.onDetail?.(what),
    });
    const folder = join(directory, 'camera');
    mkdirSync(folder);
    this.camera = new Camera(folder, settings.random, settings.leastFrameBytes, settings.pictures);
    this.stepClock(0);
    const commands = pairCommands({
      ...{ programs, camera, folder, receiverPort, proxyPort: proxy.port },
      ...{ capturesPath: this.#captures.path, keysPath: keysIn(this.#captures.path) },
      ...{ statePath: this.#state.path, agentArgs: settings.agentArgs ?? [] },
      sendsAll: settings.pictures === undefined,
      variables: Object.keys(this.#clockEnvironment()),
    });
    const one = this.#party('receiver', '"listening"', commands.one);
    const many = this.#party('receiver', 'Listening on', commands.many);
    this.#small = this.#party('receiver', '"listening"', [...commands.one, '--max-frame', '5KiB']);
    this.#receivers = { one, many };
    this.#agent = this.#party('agent', 'watching', commands.agent, (line) =>
      this.#words.hear(line),
    );
  }

  static async open(settings: StageSettings): Promise<Stage> {
    const { isSecure } = settings;
    const targetPort = await freePort();
    const proxy = await Proxy.open({ targetPort, isSecure, random: settings.random });
    const stage = new Stage(settings, proxy, await Refuser.open(), targetPort);
    try {
      if (isSecure) {
        await pairSides(camera, stage.#captures.path, stage.#state.path, proxy.port);
      }
      await stage.#receiver.start();
      await stage.#agent.start();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Acknowledged frames, as the proxy recorded them, or over TLS from the agent's log. */
  acknowledged(captures: Captures): ReadonlyMap<string, string> {
    if (!this.#settings.isSecure) return this.#proxy.acknowledged;
    return acknowledgedFiles(this.#words.delivered, captures);
  }

  /** Connections on which the agent sent data in the clear. */
  get clearCount(): number {
    return this.#proxy.clearCount;
  }

  /** Puts a frame, if the agent runs and has not too many files to read. @returns whether it did */
  shoot(): boolean {
    if (!this.#agent.isReady || this.#words.outstanding >= mostOutstanding) return false;
    this.camera.shoot();
    this.#words.outstanding += 1;
    return true;
  }

  /** By SHA-256, the frames that the agent declared. */
  get declared(): Tally {
    return this.#words.declared;
  }

  get declaredCount(): number {
    return this.#words.declaredCount;
  }

  /** Frames put that the agent will declare without a further one. */
  get certain(): number {
    return this.#words.certain;
  }

  get outstanding(): number {
    return this.#words.outstanding;
  }

  /** Does one fault, and repairs what the pair needs to continue. */
  async suffer({ kind, lastsMs, seed }: Fault): Promise<void> {
    await this.#faults[kind](lastsMs, seed);
  }

  /** Programs that ended by themselves, and how. */
  get crashes(): readonly string[] {
    return [this.#agent, this.#receivers.one, this.#receivers.many].flatMap(
      ({ crashes }) => crashes,
    );
  }

  /** Ends both sides as systemd does, and starts them again. */
  async restart(): Promise<void> {
    await this.stop();
    this.#words.outstanding = 0;
    await this.#receiver.start();
    await this.#agent.start();
  }

  /** True when no frame waits and none is in flight. */
  get isSettled(): boolean {
    return this.#proxy.isQuiet && this.waitingCount === 0;
  }

  get waitingCount(): number {
    return countWaiting(this.#state.path);
  }

  /** True when no frame is in flight and the receiver has all declared ones; some may still be in the spool. */
  get isDelivered(): boolean {
    return this.#proxy.isQuiet && holdsAll(this.readCaptures(), this.declared);
  }

  /** Frames that were refused for good. */
  get refusedCount(): number {
    return this.#refuser.refusedCount;
  }

  /** Gaps, as the proxy recorded them. */
  get overheard(): Proxy['notes'] {
    return this.#proxy.notes;
  }

  readCaptures(): Captures {
    return withMoved(readCaptures(this.#captures.path), this.camera.put);
  }

  readSpool(): SpoolContents {
    return readSpool(this.#state.path);
  }

  get capturesPath(): string {
    return this.#captures.path;
  }

  /** Ends both sides as systemd does. */
  async stop(): Promise<void> {
    await this.#agent.end('SIGTERM');
    await this.#receiver.end('SIGTERM');
  }

  /** Copies the small disks for inspection: unmounting removes their files. */
  keepDisks(): void {
    for (const { path } of [this.#captures, this.#state]) {
      cpSync(path, `${path}-left`, { recursive: true });
    }
  }

  async close(): Promise<void> {
    await this.#agent.end('SIGKILL');
    await this.#receiver.end('SIGKILL');
    await this.#small.end('SIGKILL');
    await this.#proxy.close();
    this.#refuser.close();
    this.#captures.unmount();
    this.#state.unmount();
  }

  get #receiver(): Party {
    return this.#isMany ? this.#receivers.many : this.#receivers.one;
  }

  readonly #faults: Readonly<
    Record<FaultKind, (lastsMs: number, seed: number) => Promise<void> | void>
  > = {
    'kill-agent': (lastsMs) => this.#again(this.#agent, 'SIGKILL', lastsMs),
    'restart-agent': () => this.#again(this.#agent, 'SIGTERM', 0),
    'kill-receiver': (lastsMs) => this.#again(this.#receiver, 'SIGKILL', lastsMs),
    'restart-receiver': () => this.#again(this.#receiver, 'SIGTERM', 0),
    'change-receiver': async () => {
      await this.#receiver.end('SIGTERM');
      this.#isMany = !this.#isMany;
      await this.#receiver.start();
    },
    'cut-reset': () => this.#proxy.cut('reset'),
    'cut-end': () => this.#proxy.cut('end'),
    stall: (lastsMs) => this.#proxy.stall(lastsMs),
    'half-open': (lastsMs) => this.#proxy.halfOpen(lastsMs),
    delay: (lastsMs) => this.#proxy.late(lastsMs),
    duplicate: () => this.#proxy.duplicate(2),
    'corrupt-up': (lastsMs) => this.#corrupt('up', lastsMs),
    'corrupt-down': (lastsMs) => this.#corrupt('down', lastsMs),
    'disk-full-receiver': (lastsMs) => this.#disks.fill('receiver', lastsMs),
    'disk-full-agent': async (lastsMs) => {
      await this.#disks.fill('agent', lastsMs);
      await this.#untilTaken();
    },
    'refuse-now': (lastsMs) => this.#refuse(false, lastsMs),
    'refuse-for-good': (lastsMs) => this.#refuse(true, lastsMs),
    'small-frames': async (lastsMs) => {
      await this.#receiver.end('SIGTERM');
      await this.#small.start();
      await delay(reconnectMs + lastsMs);
      await this.#small.end('SIGTERM');
      await this.#receiver.start();
    },
    'spool-gone': async (lastsMs) => {
      await moveSpools(this.#state.path, lastsMs);
      await this.#untilTaken();
    },
    'step-clock': () => this.stepClock(this.#nextOffsetMs()),
    'errno-agent': async (lastsMs, seed) => {
      const fail = (ms: number): Promise<void> => this.#disks.failCalls('agent', ms, seed);
      await (seed % 2 === 0 ? fail(lastsMs) : this.#whileFramesWait(lastsMs, fail));
      // Files that the source could not read are not declared.
      this.#words.outstanding = 0;
    },
    'errno-receiver': async (lastsMs, seed) => {
      // Unfinished files that cannot be removed stay, as after a kill.
      this.kills += 1;
      await this.#disks.failCalls('receiver', lastsMs, seed);
    },
    'spool-away': (lastsMs, seed) =>
      this.#whileFramesWait(lastsMs, (ms) => this.#disks.spoolAway(ms, seed)),
    'captures-away': (lastsMs, seed) => this.#disks.capturesAway(lastsMs, seed),
  };

  /** Runs a fault of the agent while the spool has frames that are being sent. */
  async #whileFramesWait(lastsMs: number, fault: (lastsMs: number) => Promise<void>) {
    await this.#receiver.end('SIGTERM');
    await delay(gatherMs);
    await Promise.all([fault(returnMs + lastsMs), this.#receiver.start()]);
  }

  /** The proxy connects the agent to a receiver that refuses every frame. */
  async #refuse(isForGood: boolean, lastsMs: number): Promise<void> {
    this.#refuser.isForGood = isForGood;
    const before = this.#refuser.metCount;
    await this.#proxy.lead(this.#refuser.port, async () => {
      await delay(reconnectMs + lastsMs);
      // A loaded machine needs longer; there may be no frame.
      for (let looks = 0; looks < 1000 && this.#refuser.metCount === before; looks += 1) {
        await delay(10);
      }
    });
  }

  /** Frames in memory are on the disk when the next frame is. */
  async #untilTaken(): Promise<void> {
    const before = this.declaredCount;
    for (let looks = 0; looks < 500 && this.declaredCount === before; looks += 1) {
      if (this.#words.outstanding === 0) this.shoot();
      await delay(10);
    }
  }

  /** Steps the clocks of both programs and of the camera. */
  stepClock(offsetMs: number): void {
    this.camera.clockOffsetMs = offsetMs;
    writeFileSync(this.#clockPath, `${offsetMs < 0 ? '' : '+'}${offsetMs / 1000}\n`);
  }

  async #again(party: Party, signal: 'SIGTERM' | 'SIGKILL', awayMs: number): Promise<void> {
    if (signal === 'SIGKILL') this.kills += 1;
    await party.end(signal);
    await delay(awayMs);
    if (party === this.#agent) this.#words.outstanding = 0;
    await party.start();
  }

  /** Cuts the connection: damage may leave both sides waiting for each other. */
  async #corrupt(direction: 'up' | 'down', lastsMs: number): Promise<void> {
    this.#proxy.corruptNext(direction);
    await delay(lastsMs);
    this.#proxy.cut('reset');
  }

  #nextOffsetMs(): number {
    const hours = Math.round(this.#settings.random() * 48) - 24;
    return this.camera.clockOffsetMs === 0 ? hours * 3_600_000 : 0;
  }

  #party(
    name: string,
    ready: string,
    command: readonly string[],
    onLine: (line: string) => void = () => undefined,
  ): Party {
    const logPath = join(this.#settings.directory, `${name}.log`);
    return new Party({ command, ready, logPath, onLine, env: this.#clockEnvironment() });
  }

  get #clockPath(): string {
    return join(this.#settings.directory, 'clock');
  }

  #clockEnvironment(): Record<string, string> {
    return fakeClock(this.#settings.libfaketime, this.#clockPath);
  }
}

/** Time for some frames to wait. */
const gatherMs = 400;
/** Time for the receiver to start, and for the agent to connect. */
const returnMs = 1500;
/** Time for the agent to reconnect. */
const reconnectMs = 1000;

/** More files would only wait in the folder. */
const mostOutstanding = 30;
