/**
 * The pair under test with the suite's things around it: camera, agent, proxy, receiver, small disks, a clock
 * that can be stepped. Each fault is one method; what happens when is the plan's business.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Camera, type Tally, count } from './camera.js';
import { SmallDisk } from './disk.js';
import { FakeTime } from './fake-time.js';
import {
  type Captures,
  type SpoolContents,
  countWaiting,
  readCaptures,
  readSpool,
} from './inventory.js';
import { Party } from './party.js';
import type { Fault, FaultKind } from './plan.js';
import { Proxy } from './proxy.js';
import { Refuser } from './refuser.js';
import { moveSpools } from './spool-move.js';
import {
  type Delivered,
  acknowledgedFiles,
  keysIn,
  pairSides,
  readDelivered,
} from './secure-pair.js';
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
  /** True: each connection is a process of its own, as with Accept=yes. */
  readonly isReceiverMany: boolean;
  /** True: the two are paired, and speak TLS. */
  readonly isSecure: boolean;
  readonly hasSmallDisks: boolean;
  /** The library that fakes the clock; undefined where there is none. */
  readonly libfaketime: string | undefined;
  readonly agentArgs?: readonly string[];
  /** Of a frame, about. */
  readonly leastFrameBytes?: number;
  /** True: one side is 0.1.0. */
  readonly isMixed?: boolean;
}

const camera = 'yard';
const diskBytes = 96 * 2 ** 20;

export class Stage {
  readonly camera: Camera;
  readonly declared: Tally = new Map();
  declaredCount = 0;
  readonly #delivered: Delivered[] = [];
  kills = 0;
  readonly #settings: StageSettings;
  readonly #time: FakeTime;
  readonly #captures: SmallDisk;
  readonly #state: SmallDisk;
  readonly #proxy: Proxy;
  readonly #agent: Party;
  readonly #receivers: { readonly one: Party; readonly many: Party };
  /** A receiver whose limit somebody set too low. */
  readonly #small: Party;
  readonly #refuser: Refuser;
  #isMany: boolean;
  /** Frames put since the agent's last start that it has not declared. */
  #outstanding = 0;

  private constructor(
    settings: StageSettings,
    proxy: Proxy,
    refuser: Refuser,
    receiverPort: number,
  ) {
    const { directory, hasSmallDisks, programs } = settings;
    const sizeBytes = hasSmallDisks ? diskBytes : undefined;
    this.#settings = settings;
    this.#proxy = proxy;
    this.#refuser = refuser;
    this.#isMany = settings.isReceiverMany;
    this.#captures = new SmallDisk(join(directory, 'captures'), sizeBytes);
    this.#state = new SmallDisk(join(directory, 'state'), sizeBytes);
    const folder = join(directory, 'camera');
    mkdirSync(folder);
    this.camera = new Camera(folder, settings.random, settings.leastFrameBytes);
    this.#time = new FakeTime(directory, settings.libfaketime);
    const address = `127.0.0.1:${receiverPort}`;
    const keys = ['--keys', keysIn(this.#captures.path)];
    const receiver = [process.execPath, programs.receiver, '--dir', this.#captures.path, ...keys];
    const activator = ['systemd-socket-activate', '-l', address, '--inetd', '-a'];
    const alone = [...receiver, '--listen', address, '--json', '--verbose'];
    const one = this.#party('receiver', '"listening"', alone);
    this.#small = this.#party('receiver', '"listening"', [...alone, '--max-frame', '5KiB']);
    const many = this.#party('receiver', 'Listening on', [
      ...activator,
      ...this.#time.flags,
      ...receiver,
    ]);
    this.#receivers = { one, many };
    this.#agent = this.#party(
      'agent',
      'watching',
      [
        ...[process.execPath, programs.agent, '--host', `127.0.0.1:${proxy.port}`],
        ...['--state', this.#state.path, '--camera', camera, '--source', `folder:${folder}`],
        ...['--all', '--json', '--verbose', ...(settings.agentArgs ?? [])],
      ],
      (line) => this.#hear(line),
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

  /** By frame, what the receiver said it had: as it was overheard, or over TLS as the agent has it. */
  acknowledged(captures: Captures): ReadonlyMap<string, string> {
    if (!this.#settings.isSecure) return this.#proxy.acknowledged;
    return acknowledgedFiles(this.#delivered, captures);
  }

  /** Connections on which the agent spoke in the clear. */
  get clearCount(): number {
    return this.#proxy.clearCount;
  }

  /** Puts a frame, if the agent is there and has not too many to look at. @returns whether it did */
  shoot(): boolean {
    if (!this.#agent.isReady || this.#outstanding >= mostOutstanding) return false;
    this.camera.shoot();
    this.#outstanding += 1;
    return true;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /** Does one fault to the pair, and mends what must be mended for it to go on. */
  async suffer({ kind, lastsMs }: Fault): Promise<void> {
    await this.#faults[kind](lastsMs);
  }

  /** True when nothing waits and nothing is on its way. */
  get isSettled(): boolean {
    return this.#proxy.isQuiet && countWaiting(this.#state.path) === 0;
  }

  /** Frames that were refused for good. */
  get refusedCount(): number {
    return this.#refuser.refusedCount;
  }

  /** Notes of frames that are gone, as they were overheard. */
  get overheard(): Proxy['notes'] {
    return this.#proxy.notes;
  }

  readCaptures(): Captures {
    return readCaptures(this.#captures.path);
  }

  readSpool(): SpoolContents {
    return readSpool(this.#state.path);
  }

  /** Ends both sides as systemd does. */
  async stop(): Promise<void> {
    await this.#agent.end('SIGTERM');
    await this.#receiver.end('SIGTERM');
  }

  /** Copies the small disks, which go when they are unmounted, for somebody to look at. */
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

  readonly #faults: Readonly<Record<FaultKind, (lastsMs: number) => Promise<void> | void>> = {
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
    'disk-full-receiver': (lastsMs) => full(this.#captures, lastsMs),
    'disk-full-agent': async (lastsMs) => {
      await full(this.#state, lastsMs);
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
  };

  /** The agent is led to somebody who takes nothing. */
  async #refuse(isForGood: boolean, lastsMs: number): Promise<void> {
    this.#refuser.isForGood = isForGood;
    await this.#proxy.lead(this.#refuser.port, reconnectMs + lastsMs);
  }

  /** What waits in memory is on the disk when the next frame is. */
  async #untilTaken(): Promise<void> {
    const before = this.declaredCount;
    for (let looks = 0; looks < 500 && this.declaredCount === before; looks += 1) {
      if (this.#outstanding === 0) this.shoot();
      await delay(10);
    }
  }

  /** Both machines' clocks and the camera's. */
  stepClock(offsetMs: number): void {
    this.camera.clockOffsetMs = offsetMs;
    this.#time.step(offsetMs);
  }

  async #again(party: Party, signal: 'SIGTERM' | 'SIGKILL', awayMs: number): Promise<void> {
    if (signal === 'SIGKILL') this.kills += 1;
    await party.end(signal);
    await delay(awayMs);
    if (party === this.#agent) this.#outstanding = 0;
    await party.start();
  }

  /** What is damaged so that both sides wait for each other ends when the connection does. */
  async #corrupt(direction: 'up' | 'down', lastsMs: number): Promise<void> {
    this.#proxy.corruptNext(direction);
    await delay(lastsMs);
    this.#proxy.cut('reset');
  }

  #nextOffsetMs(): number {
    const hours = Math.round(this.#settings.random() * 48) - 24;
    return this.camera.clockOffsetMs === 0 ? hours * 3_600_000 : 0;
  }

  #hear(line: string): void {
    const delivered = readDelivered(line);
    if (delivered !== undefined) this.#delivered.push(delivered);
    if (!line.startsWith('{')) return;
    const said = JSON.parse(line) as { event?: unknown; sha256?: unknown };
    if (said.event !== 'judged' || typeof said.sha256 !== 'string') return;
    count(this.declared, said.sha256);
    this.declaredCount += 1;
    this.#outstanding = Math.max(0, this.#outstanding - 1);
  }

  #party(
    name: string,
    ready: string,
    command: readonly string[],
    onLine: (line: string) => void = () => undefined,
  ): Party {
    const logPath = join(this.#settings.directory, `${name}.log`);
    return new Party({ command, ready, logPath, onLine, env: this.#time.environment });
  }
}

/** For the agent to be connected again. */
const reconnectMs = 1000;

/** More would only wait in the folder. */
const mostOutstanding = 30;

async function full(disk: SmallDisk, lastsMs: number): Promise<void> {
  disk.fill();
  await delay(lastsMs);
  disk.free();
}
