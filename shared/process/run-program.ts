/**
 * The only file that starts programs. It never starts a shell. Each program leads a process group of its own; when the
 * program ends or is stopped, the whole group is killed. Deadlines run in real time. The caller decides what the exit
 * status means.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../clock.js';
import { systemCode } from '../cli/errors.js';

export interface ProgramRequest {
  /** A path, or a name to look for in `$PATH`. */
  readonly program: string;
  readonly args: readonly string[];
  /** Where it runs; undefined: where we do. */
  readonly workingDirectory?: string;
  /** Variables that it gets on top of ours. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A descriptor of ours that it gets as its 3. */
  readonly inheritedFd?: number;
  /** From SIGTERM to SIGKILL, and from SIGKILL or its end to no longer waiting. Default 2 s. */
  readonly graceMs?: number;
}

export interface StreamRequest extends ProgramRequest {
  /** Gets standard output as it comes: the program is never made to wait. Not called after `ended`. */
  readonly onStdout: (chunk: Buffer) => void;
}

export interface ProgramEnd {
  /** Undefined when a signal ended it, or when not even SIGKILL did. */
  readonly exitCode: number | undefined;
  readonly signalName: NodeJS.Signals | undefined;
  /** The last that it wrote to standard error, at most 8 KiB. */
  readonly stderrTail: string;
}

export interface RunningProgram {
  /**
   * Resolves when the program and its group are gone, or cannot be killed (stuck in a driver).
   * Rejects with the system's error (ENOENT, EACCES …) when it could not be started.
   */
  readonly ended: Promise<ProgramEnd>;
  /** SIGTERM to the group, SIGKILL after the grace. Resolves when `ended` settles; never rejects. */
  stop(): Promise<void>;
}

const defaultGraceMs = 2000;
const maxStderrBytes = 8 * 1024;
const maxStdoutBytes = 64 * 1024;

/** Starts a program whose standard output is a stream. What goes wrong is told by `ended`. */
export function startProgram(request: StreamRequest): RunningProgram {
  return new Program(request);
}

export interface RunRequest extends ProgramRequest {
  /** It is stopped when it has not ended by then. */
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
}

export interface ProgramResult extends ProgramEnd {
  /** The first that it wrote to standard output, at most 64 KiB. */
  readonly stdout: Buffer;
  readonly isTimedOut: boolean;
}

/**
 * Runs a program to its end, or to the end of its time.
 * @throws the system's error (ENOENT, EACCES …) when it cannot be started
 * @throws signal.reason when `signal` aborts, after the program has ended
 */
export async function runProgram(request: RunRequest): Promise<ProgramResult> {
  const { signal, timeLimitMs } = request;
  signal.throwIfAborted();
  const pieces: Buffer[] = [];
  let keptBytes = 0;
  const onStdout = (chunk: Buffer): void => {
    const kept = chunk.subarray(0, maxStdoutBytes - keptBytes);
    pieces.push(kept);
    keptBytes += kept.length;
  };
  const program = startProgram({ ...request, onStdout });
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    void program.stop();
  }, timeLimitMs);
  const stop = (): void => void program.stop();
  signal.addEventListener('abort', stop);
  try {
    const end = await program.ended;
    signal.throwIfAborted();
    return { ...end, stdout: Buffer.concat(pieces), isTimedOut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** `exit status 1`, `killed by SIGSEGV`. */
export function describeEnd({ exitCode, signalName }: ProgramEnd): string {
  if (signalName !== undefined) return `killed by ${signalName}`;
  return exitCode === undefined ? 'stuck, not even SIGKILL ends it' : `exit status ${exitCode}`;
}

/** One listener calls them all: Node warns of more than ten. */
const callsAtExit = new Set<() => void>();
const callAll = (): void => {
  for (const call of callsAtExit) call();
};

/** @returns a function that takes the call back */
function callAtExit(call: () => void): () => void {
  if (callsAtExit.size === 0) process.once('exit', callAll);
  callsAtExit.add(call);
  return () => {
    callsAtExit.delete(call);
    if (callsAtExit.size === 0) process.off('exit', callAll);
  };
}

class Program implements RunningProgram {
  readonly ended: Promise<ProgramEnd>;
  readonly #graceMs: number;
  /** Aborts when all is over, so that no deadline outlives the program. */
  readonly #over = new AbortController();
  #child: ChildProcess | undefined;
  /** Undefined before the start and after the end: the number may then be another program's. */
  #group: number | undefined;
  #stderrTail: Buffer = Buffer.alloc(0);

  constructor(request: StreamRequest) {
    this.#graceMs = request.graceMs ?? defaultGraceMs;
    this.ended = new Promise((resolve, reject) => {
      const child = this.#start(request);
      child.once('error', (error) => {
        reject(error);
        this.#over.abort();
      });
      child.once('exit', () => this.#leaderEnded());
      child.once('close', () => this.#over.abort());
      this.#over.signal.addEventListener('abort', () => resolve(this.#end(child)));
    });
  }

  async stop(): Promise<void> {
    if (this.#group !== undefined) {
      this.#signalGroup('SIGTERM');
      this.#later(() => {
        this.#signalGroup('SIGKILL');
        this.#later(() => this.#giveUp());
      });
    }
    // Why it could not be started is for whoever awaits `ended`.
    await this.ended.catch(() => undefined);
  }

  #start(request: StreamRequest): ChildProcess {
    const child = spawn(request.program, request.args, {
      cwd: request.workingDirectory,
      env: { ...childEnvironment(process.env), ...request.environment },
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        ...(request.inheritedFd === undefined ? [] : [request.inheritedFd]),
      ],
      // A group of its own: signals reach what it forks too, and a terminal's Ctrl-C only us.
      detached: true,
    });
    child.stdout?.on('data', request.onStdout);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderrTail = Buffer.concat([this.#stderrTail, chunk]).subarray(-maxStderrBytes);
    });
    this.#child = child;
    this.#group = child.pid;
    // process.exit and uncaught errors wait for nothing, and must not leave a camera taken.
    const kill = (): void => this.#signalGroup('SIGKILL');
    const forget = callAtExit(kill);
    this.#over.signal.addEventListener('abort', forget);
    return child;
  }

  /** What it forked must not live on; a daemon that left the group may still hold the pipes for a while. */
  #leaderEnded(): void {
    this.#signalGroup('SIGKILL');
    this.#group = undefined;
    this.#later(() => this.#giveUp());
  }

  #giveUp(): void {
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    this.#child?.unref();
    this.#over.abort();
  }

  #end(child: { exitCode: number | null; signalCode: NodeJS.Signals | null }): ProgramEnd {
    return {
      exitCode: child.exitCode ?? undefined,
      signalName: child.signalCode ?? undefined,
      stderrTail: this.#stderrTail.toString('utf8'),
    };
  }

  #later(act: () => void): void {
    void systemClock.sleep(this.#graceMs, this.#over.signal).then(() => {
      if (!this.#over.signal.aborted) act();
    });
  }

  #signalGroup(name: NodeJS.Signals): void {
    if (this.#group === undefined) return;
    try {
      process.kill(-this.#group, name);
    } catch (error) {
      // ESRCH: all gone. EPERM: they took another user's rights, or (macOS) only wait to be collected.
      if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    }
  }
}

/**
 * Ours, without what speaks of sockets, readiness and watchdog (sd_listen_fds(3), sd_notify(3)): a program
 * that took these for its own would speak to the service manager in our name.
 */
function childEnvironment(ours: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOnlyOurs = /^(?:LISTEN_(?:PID|FDS|FDNAMES|PIDFDID)|NOTIFY_SOCKET|WATCHDOG_(?:PID|USEC))$/;
  return Object.fromEntries(Object.entries(ours).filter(([name]) => !isOnlyOurs.test(name)));
}
