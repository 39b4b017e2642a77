/** One receiver of the fleet: killed, and started again on its port, with a clock that the suite sets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { eventually } from '../support/eventually.js';

interface FleetReceiverParts {
  readonly port: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file with what its clock is ahead, for libfaketime; undefined: its clock is the machine's. */
  readonly clockPath?: string;
}

export class FleetReceiver {
  readonly port: number;
  /** What all its processes have logged. */
  log = '';
  /** Times that it ended and nobody had killed it. */
  failures = 0;
  readonly #parts: FleetReceiverParts;
  #child: ChildProcess | undefined;

  constructor(parts: FleetReceiverParts) {
    this.#parts = parts;
    this.port = parts.port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const { args, env } = this.#parts;
    const own = ['--listen', `127.0.0.1:${this.port}`, '--quota', '0'];
    const line = [process.execPath, resolve('dist/receiver.js'), ...own, ...args];
    // It ends with the tests, also when they are killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...line], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, ...env },
    });
    this.#child = child;
    const start = this.log.length;
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') this.failures += 1;
      if (signal !== 'SIGKILL') this.log += `ended with ${code ?? signal}\n`;
    });
    await eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`a receiver ended: ${this.log.slice(-2000)}`);
        return this.log.includes('keeping frames', start);
      },
      'a receiver listens',
      60_000,
    );
  }

  /** Ends it as kill -9 does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** @param offset of its clock: `+0`, `-1200` seconds */
  setClock(offset: string): void {
    const { clockPath } = this.#parts;
    if (clockPath === undefined) throw new Error('this receiver has no clock of its own');
    writeFileSync(clockPath, offset);
  }
}
