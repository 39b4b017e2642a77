/** One program of the pair, started, killed and started again, with its process group. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PartySettings {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it says when it is ready. */
  readonly ready: string;
  /** Everything it says is kept here. */
  readonly logPath: string;
  readonly onLine: (line: string) => void;
}

/** A loaded machine starts a Node in seconds at worst. */
const startDeadlineMs = 30_000;

export class Party {
  readonly #settings: PartySettings;
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();
  #isReady = false;
  readonly #crashes: string[] = [];

  constructor(settings: PartySettings) {
    this.#settings = settings;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The process that was started; undefined when there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How it ended by itself after it was ready, each time that it did. */
  get crashes(): readonly string[] {
    return this.#crashes;
  }

  /** @throws when it ends, or is silent for long, before it says that it is ready */
  async start(): Promise<void> {
    const { command, env, ready, logPath, onLine } = this.#settings;
    const [program = '', ...args] = command;
    // A group of its own: a kill reaches the processes that it has started, as systemd's does.
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME },
        // A paired agent makes a mark there.
        XDG_CONFIG_HOME: join(dirname(logPath), 'config'),
        ...env,
      },
      detached: true,
    });
    this.#child = child;
    this.#closed = once(child, 'close');
    this.#closed.catch(() => undefined);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${command.join(' ')} ${why}: ${said}`));
      const deadline = setTimeout(() => fail(`did not say '${ready}'`), startDeadlineMs);
      const hear = (line: string): void => {
        appendFileSync(logPath, `${line}\n`);
        if (!this.#isReady) said += `${line}\n`;
        if (this.#isReady || !line.includes(ready)) return;
        this.#isReady = true;
        clearTimeout(deadline);
        resolve();
      };
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          hear(line);
          onLine(line);
        });
      }
      child.once('close', (code, signal) => {
        clearTimeout(deadline);
        // Whoever reads the log is to know that nobody of the suite's did it.
        if (this.#child === child) {
          const how = signal ?? String(code);
          if (this.#isReady)
            this.#crashes.push(`a program ended by itself: ${how}; ${logPath} says why`);
          this.#isReady = false;
          appendFileSync(logPath, `ended by itself: ${how}\n`);
        }
        fail('ended');
      });
      child.once('error', reject);
    });
  }

  /** Ends it, however it is asked; resolves when it is gone and all that it said was heard. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#isReady = false;
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended by itself.
    }
    await this.#closed;
  }
}
