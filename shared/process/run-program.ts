/**
 * The only file that starts programs. It never starts a shell. Each program leads its own process group; when the
 * program ends or is stopped, the whole group is killed. Deadlines use real time. The caller interprets the exit
 * status.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../clock.js';
import { systemCode } from '../cli/errors.js';

export interface ProgramRequest {
  /** A path, or a name to look for in `$PATH`. */
  readonly program: string;
  readonly args: readonly string[];
  /** Default: this process's working directory. */
  readonly workingDirectory?: string;
  /** Variables added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Text for its standard input, where no other process can read it. Default: standard input is empty. */
  readonly input?: string;
  /** The kernel ends the program when this process is killed, through setpriv (util-linux). Default: false. */
  readonly endsWithParent?: boolean;
  /** Descriptors of this process; the program gets them as 3, 4 and so on. */
  readonly inheritedFds?: readonly number[];
  /** Time from SIGTERM to SIGKILL, and from SIGKILL or exit to giving up. Default 2 s. */
  readonly graceMs?: number;
}

export interface StreamRequest extends ProgramRequest {
  /** Gets standard output as it arrives, without backpressure. Not called after `ended`. */
  readonly onStdout: (chunk: Buffer) => void;
}

export interface ProgramEnd {
  /** Undefined when a signal ended the program, or SIGKILL did not end it. */
  readonly exitCode: number | undefined;
  readonly signalName: NodeJS.Signals | undefined;
  /** The end of its standard error, at most 8 KiB. */
  readonly stderrTail: string;
}

export interface RunningProgram {
  /**
   * Resolves when the program and its group have ended, or cannot be killed (blocked in a driver).
   * Rejects with the system error (ENOENT, EACCES …) when the program cannot be started.
   */
  readonly ended: Promise<ProgramEnd>;
  /** SIGTERM to the group, SIGKILL after the grace. Resolves when `ended` settles; never rejects. */
  stop(): Promise<void>;
}

const defaultGraceMs = 2000;
const maxStderrBytes = 8 * 1024;
const maxStdoutBytes = 64 * 1024;

/** Starts a program whose standard output is a stream. `ended` reports failures. */
export function startProgram(request: StreamRequest): RunningProgram {
  return new Program(request);
}

export interface RunRequest extends ProgramRequest {
  /** The program is stopped after this time. */
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
}

export interface ProgramResult extends ProgramEnd {
  /** The beginning of its standard output, at most 64 KiB. */
  readonly stdout: Buffer;
  readonly isTimedOut: boolean;
}

/**
 * Runs a program until it ends or its time limit passes.
 * @throws the system error (ENOENT, EACCES …) when the program cannot be started
 * @throws signal.reason when `signal` aborts, after the program has ended
 */
export async function runProgram(request: RunRequest): Promise<ProgramResult> {
  const { signal, timeLimitMs } = request;
  signal.throwIfAborted();
  const pieces: Buffer[] = [];
  let keptBytes = 0;
  const onStdout = (chunk: Buffer): void => {
    // A copy: even an empty part of a chunk would keep all of it in memory.
    const kept = Buffer.from(chunk.subarray(0, maxStdoutBytes - keptBytes));
    if (kept.length === 0) return;
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
  return exitCode === undefined ? 'SIGKILL did not end it' : `exit status ${exitCode}`;
}

/** One listener for all calls: Node warns of more than ten listeners. */
const callsAtExit = new Set<() => void>();
const callAll = (): void => {
  for (const call of callsAtExit) call();
};

/** @returns removes the call again */
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
  /** Aborts when the program has ended, so that no deadline outlives it. */
  readonly #over = new AbortController();
  #child: ChildProcess | undefined;
  /** Process group id. Undefined before the start and after the end: the id may then be reused. */
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
    // A failed start is reported to the caller that awaits `ended`.
    await this.ended.catch(() => undefined);
  }

  #start(request: StreamRequest): ChildProcess {
    const words = request.endsWithParent === true ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
    const [program = '', ...args] = [...words, request.program, ...request.args];
    const child = spawn(program, args, {
      cwd: request.workingDirectory,
      env: { ...childEnvironment(process.env), ...request.environment },
      stdio: [
        request.input === undefined ? 'ignore' : 'pipe',
        'pipe',
        'pipe',
        ...(request.inheritedFds ?? []),
      ],
      // Its own group: signals also reach its children, and a terminal's Ctrl-C reaches only this process.
      detached: true,
    });
    // EPIPE: the program ends before it has read its input; its end says more.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(request.input);
    child.stdout?.on('data', request.onStdout);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderrTail = Buffer.concat([this.#stderrTail, chunk]).subarray(-maxStderrBytes);
    });
    this.#child = child;
    this.#group = child.pid;
    // process.exit and uncaught errors do not wait; the program must not keep the camera open afterwards.
    const kill = (): void => this.#signalGroup('SIGKILL');
    const forget = callAtExit(kill);
    this.#over.signal.addEventListener('abort', forget);
    return child;
  }

  /** Kills the program's children; a daemon that left the group may still hold the pipes for a while. */
  #leaderEnded(): void {
    this.#signalGroup('SIGKILL');
    this.#group = undefined;
    this.#later(() => this.#giveUp());
  }

  #giveUp(): void {
    this.#child?.stdin?.destroy();
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
      // ESRCH: all have ended. EPERM: they run as another user.
      if (!['ESRCH', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    }
  }
}

/**
 * The environment without the variables for sockets, readiness and watchdog (sd_listen_fds(3), sd_notify(3)): a
 * program that used them would answer the service manager in place of this process.
 */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const privateNames =
    /^(?:LISTEN_(?:PID|FDS|FDNAMES|PIDFDID)|NOTIFY_SOCKET|WATCHDOG_(?:PID|USEC))$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !privateNames.test(name)));
}
