/**
 * A receiver as a real process in a directory of its own: captures, keys, home, temporary folder and working
 * directory are below it, so that any other file that it writes is found. proc(5) gives the rest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { freePort } from '../support/ports.js';

/** proc(5): clock ticks a second, the same on every Linux with Node. */
const ticksPerSecond = 100;
const startDeadlineMs = 30_000;
/** The receiver ends within 5 s of SIGTERM. */
const stopDeadlineMs = 30_000;

export interface HouseSettings {
  /** Empty; the caller removes it. */
  readonly directory: string;
  /** The path of receiver.js. */
  readonly program: string;
  readonly args: readonly string[];
}

export class ReceiverHouse {
  readonly directory: string;
  readonly port: number;
  readonly captures: string;
  readonly keysPath: string;
  readonly keys: KeyFolder;
  readonly pid: number;
  readonly log: string[] = [];
  readonly #program: string;
  readonly #child: ChildProcess;
  readonly #over: Promise<string>;
  #isOver = false;

  private constructor(settings: HouseSettings, port: number) {
    this.port = port;
    this.directory = settings.directory;
    this.#program = settings.program;
    this.captures = join(settings.directory, 'captures');
    this.keysPath = join(settings.directory, 'keys');
    this.keys = new KeyFolder(this.keysPath);
    const args = ['--dir', this.captures, '--keys', this.keysPath, '--json', ...settings.args];
    // Its own process group: child processes left behind are found by it.
    this.#child = spawn(
      process.execPath,
      [settings.program, ...args, '--listen', `127.0.0.1:${port}`],
      {
        ...{ cwd: join(settings.directory, 'cwd'), env: this.#environment() },
        ...{ stdio: ['ignore', 'pipe', 'pipe'], detached: true },
      },
    );
    this.pid = this.#child.pid ?? 0;
    this.#over = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
    });
    void this.#over.then(() => (this.#isOver = true));
  }

  /** @throws when it does not start */
  static async open(settings: HouseSettings): Promise<ReceiverHouse> {
    for (const name of ['cwd', 'home', 'tmp']) {
      mkdirSync(join(settings.directory, name), { recursive: true });
    }
    const house = new ReceiverHouse(settings, await freePort());
    try {
      await house.#started();
    } catch (error) {
      await house.kill();
      throw error;
    }
    return house;
  }

  get isAlive(): boolean {
    return !this.#isOver;
  }

  /** Gives a camera a key, as pairing does. */
  async pair(camera: string): Promise<CameraKey> {
    const key = { camera, id: randomBytes(8).toString('hex'), key: randomBytes(32) };
    const paired = { id: key.id, key: key.key.toString('hex'), pairedAtMs: Date.now() };
    await this.keys.update(camera, () => ({ paired }));
    return key;
  }

  /** Runs a program of the package to its end, in this directory. @throws when it fails */
  async run(program: string, args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [program, ...args], { env: this.#environment() });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${said}`);
    return said;
  }

  /** `receiver pair CAMERA`. @returns the code */
  async makeCode(camera: string): Promise<string> {
    const args = ['pair', camera, '--keys', this.keysPath, '--host', `127.0.0.1:${this.port}`];
    const said = await this.run(this.#program, args);
    return /^agent pair \S+ (\S+)$/m.exec(said)?.[1] ?? '';
  }

  /** CPU time of it and its child processes, milliseconds. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return (ticks * 1000) / ticksPerSecond;
  }

  /** Peak memory, bytes. */
  peakBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Bytes that it has read, from connections and files. */
  readBytes(): number {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${this.pid}/io`, 'utf8'))?.[1]);
  }

  /** Processes of its group that still run, itself included. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => groupOf(pid) === this.pid);
  }

  /** Every file below its directory, relative to it. */
  files(): string[] {
    return readdirSync(this.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(this.directory, join(entry.parentPath, entry.name)));
  }

  /** Ends it as systemd does. @returns how it ended */
  async stop(): Promise<string> {
    this.#child.kill('SIGTERM');
    const deadline = setTimeout(() => void this.#child.kill('SIGKILL'), stopDeadlineMs);
    const how = await this.#over;
    clearTimeout(deadline);
    return how;
  }

  async kill(): Promise<void> {
    if (this.pid !== 0) {
      try {
        process.kill(-this.pid, 'SIGKILL');
      } catch {
        // The whole group has ended.
      }
    }
    await this.#over;
  }

  async #started(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`the receiver ${why}: ${this.log.join('\n')}`));
      const deadline = setTimeout(() => fail('does not listen'), startDeadlineMs);
      const read = (line: string): void => {
        if (!line.startsWith('{')) this.log.push(line);
        if (!line.includes('"listening"')) return;
        clearTimeout(deadline);
        resolve();
      };
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        if (stream) createInterface({ input: stream }).on('line', read);
      }
      void this.#over.then((how) => {
        clearTimeout(deadline);
        fail(`ended: ${how}`);
      });
    });
  }

  #environment(): NodeJS.ProcessEnv {
    const home = join(this.directory, 'home');
    return {
      ...{ PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home },
      TMPDIR: join(this.directory, 'tmp'),
    };
  }
}

/** The process group from proc(5); undefined for an ended process. */
function groupOf(pid: number): number | undefined {
  try {
    const [state, , group] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return state === 'Z' || state === 'X' ? undefined : Number(group);
  } catch {
    return undefined;
  }
}
