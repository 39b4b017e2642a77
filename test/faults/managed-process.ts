/** One program of the pair with its process group: started, killed, started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PartySettings {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Its output when it is ready. */
  readonly ready: string;
  /** File for all its output. */
  readonly logPath: string;
  readonly onLine: (line: string) => void;
}

/** A loaded machine starts Node within seconds. */
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

  /** The running process; undefined when there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How it ended by itself after it was ready, for each such end. */
  get crashes(): readonly string[] {
    return this.#crashes;
  }

  /** @throws when it ends, or exceeds the time limit, before its ready output */
  async start(): Promise<void> {
    const { command, env, ready, logPath, onLine } = this.#settings;
    const [program = '', ...args] = command;
    // Its own process group: a kill reaches its child processes, as systemd's does.
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME },
        // A paired agent keeps a mark there.
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
        // Marks an end in the log that the suite did not cause.
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

  /** Ends it by a signal; resolves when it has ended and all its output is read. */
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
