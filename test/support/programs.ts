/** Runs the built programs and others as real processes, which are killed at the end of the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { temporaryDirectory } from './temporary.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
  /** Waits until stderr or stdout contains the text. */
  says(words: string): Promise<unknown>;
  /** Stops the program as systemd does. @returns its exit code */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Programs end within 5 s; a loaded machine takes longer. */
const stopDeadlineMs = 90_000;

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: 'ignore' | 'pipe';
}

export function start(
  command: string,
  args: readonly string[],
  { env, stdin = 'ignore' }: Surroundings = {},
): Running {
  const child = spawn(command, args, {
    stdio: [stdin, 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME },
      // Tests must not use the pairings of this machine's user.
      XDG_STATE_HOME: temporaryDirectory(),
      XDG_CONFIG_HOME: env?.HOME === undefined ? temporaryDirectory() : '',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'ended'));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const running: Running = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    says: (words) =>
      eventually(
        () =>
          `${stdout}${stderr}`.includes(words) || (child.exitCode !== null && fail(running, words)),
        `'${words}' from ${command} ${args.join(' ')}; stderr: ${stderr}`,
      ),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      const late = delay(stopDeadlineMs, 'late', { ref: false });
      const result = await Promise.race([ended, late]);
      if (result !== 'late') return result;
      throw new Error(
        `${command} ${args.join(' ')} does not end after ${signal}; stderr: ${stderr}`,
      );
    },
  };
  return running;
}

function fail(running: Running, words: string): never {
  throw new Error(`ended before '${words}'; stderr: ${running.stderr()}`);
}

/** An agent with a new runtime directory, unless the test sets one. */
export function startAgent(args: readonly string[], surroundings: Surroundings = {}): Running {
  const env = { XDG_RUNTIME_DIR: temporaryDirectory(), ...surroundings.env };
  return start(process.execPath, [`${root}dist/agent.js`, ...args], { ...surroundings, env });
}

/** A receiver on a free port of 127.0.0.1, which a later receiver can use again. */
export async function startReceiverProgram(
  directory: string,
  args: readonly string[] = [],
  surroundings: Surroundings = {},
) {
  const listen = `127.0.0.1:${await freePort()}`;
  const given = ['--dir', directory, '--listen', listen, '--json', ...args];
  const running = start(process.execPath, [`${root}dist/receiver.js`, ...given], surroundings);
  await running.says('"listening"');
  const [line = ''] = running.stdout().split('\n');
  const [address = ''] = (JSON.parse(line) as { addresses: string[] }).addresses;
  return { ...running, address, port: Number(address.split(':').at(-1)) };
}

/** Runs a command until it ends. */
export async function run(command: string, args: readonly string[], surroundings?: Surroundings) {
  const running = start(command, args, surroundings);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** Pipes bytes through socat to an address, as the tutorial does. @returns the answer */
export async function sendWithSocat(bytes: Buffer, address: string): Promise<string> {
  // By default socat waits half a second for an answer after its input ends, too short on a loaded machine.
  const socat = start('socat', ['-t', '30', '-', `TCP:${address}`], { stdin: 'pipe' });
  socat.child.stdin?.end(bytes);
  if (socat.child.stdin) await once(socat.child.stdin, 'close');
  await socat.ended;
  return socat.stdout();
}

/** Why a test cannot run here, as the reason of a skipped test; undefined when it can. */
export function missing(program: string, debianPackage: string): string | undefined {
  const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
  return found ? undefined : `${program} is missing: apt-get install ${debianPackage}`;
}
