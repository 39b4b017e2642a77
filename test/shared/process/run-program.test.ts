/** Starting, limiting and ending real programs and their children. */
import { EventEmitter, getEventListeners, once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type RunRequest,
  describeEnd,
  runProgram,
  startProgram,
} from '../../../shared/process/run-program.js';
import { eventually } from '../../support/eventually.js';
import { fixtureProgram, isRunning, writtenPids } from '../../support/processes.js';
import { temporaryDirectory } from '../../support/temporary.js';

const enoughMs = 60_000;

function run(program: string, args: readonly string[], changes: Partial<RunRequest> = {}) {
  const { signal } = new AbortController();
  return runProgram({ program, args, timeLimitMs: enoughMs, signal, ...changes });
}

/** Runs a Node script. */
function runNode(script: string, args: readonly string[] = [], changes: Partial<RunRequest> = {}) {
  return run(process.execPath, ['-e', script, '--', ...args], changes);
}

describe('runProgram', () => {
  it('returns the output of the program and its exit status', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      exitCode: 3,
      signalName: undefined,
      stdout: Buffer.from('out\n'),
      stderrTail: 'err\n',
      isTimedOut: false,
    });
  });

  it('gives the program its input, and none otherwise', async () => {
    expect((await run('cat', [], { input: 'one\ntwo' })).stdout.toString()).toBe('one\ntwo');
    expect((await run('cat', [])).stdout.toString()).toBe('');
  });

  it('takes no harm from a program that does not read its input', async () => {
    const input = 'x'.repeat(1_000_000);
    expect(await run('sh', ['-c', 'exec <&-; exit 4'], { input })).toMatchObject({ exitCode: 4 });
  });

  it('returns the signal that ended the program', async () => {
    const end = await run('sh', ['-c', 'kill -SEGV $$']);
    expect(end).toMatchObject({ exitCode: undefined, signalName: 'SIGSEGV' });
    expect(describeEnd(end)).toBe('killed by SIGSEGV');
  });

  it('passes arguments unchanged, without a shell', async () => {
    const args = ['a b', '$(touch x)', ';', '*', '"', '', "'", 'ä\n'];
    const { stdout } = await runNode('console.log(JSON.stringify(process.argv.slice(1)))', args);
    expect(JSON.parse(stdout.toString())).toEqual(args);
  });

  it('uses the given working directory and variables', async () => {
    const workingDirectory = join(realpathSync(temporaryDirectory()), 'a b');
    mkdirSync(workingDirectory);
    const { stdout } = await run('sh', ['-c', 'pwd; echo "$COLOUR"'], {
      workingDirectory,
      environment: { COLOUR: 'blue' },
    });
    expect(stdout.toString()).toBe(`${workingDirectory}\nblue\n`);
  });

  it('passes the environment without the variables of the service manager', async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const ours = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET'];
    for (const name of [...ours, 'WATCHDOG_PID', 'WATCHDOG_USEC', 'HELLO']) vi.stubEnv(name, '1');
    const { stdout } = await runNode('console.log(Object.keys(process.env).join())');
    const names = stdout.toString().trim().split(',');
    expect(names).toEqual(expect.arrayContaining(['HELLO', 'PATH']));
    expect(names.filter((name) => /^(LISTEN|NOTIFY|WATCHDOG)_/.test(name))).toEqual([]);
  });

  it('keeps the beginning of standard output and the end of standard error', async () => {
    const { stdout, stderrTail } = await runNode(
      `require('fs').writeSync(1, 'o'.repeat(1e6)); require('fs').writeSync(2, 'e'.repeat(1e6) + 'z')`,
    );
    expect(stdout.toString()).toBe('o'.repeat(65_536));
    expect(stderrTail).toBe(`${'e'.repeat(8191)}z`);
  });

  it('holds no more in memory than the beginning, however much a program prints', async () => {
    let most = 0;
    const look = (): void => void (most = Math.max(most, process.memoryUsage().arrayBuffers));
    look();
    const before = most;
    const timer = setInterval(look, 10);
    const { stdout } = await run('head', ['-c', '600000000', '/dev/zero']);
    clearInterval(timer);
    look();
    expect(stdout).toHaveLength(64 * 1024);
    expect(most - before).toBeLessThan(300_000_000);
  });

  it('rejects with the system error when the program cannot be started', async () => {
    await expect(run('no-such-program-there', [])).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(run('/etc/passwd', [])).rejects.toMatchObject({ code: 'EACCES' });
    await expect(run('true', ['\0'])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });

  it('kills a program that ignores SIGTERM at its time limit, with its children', async () => {
    const pidFile = join(temporaryDirectory(), 'pids');
    const result = run(fixtureProgram('stubborn.sh'), [pidFile], { timeLimitMs: 500, graceMs: 50 });
    const pids = await writtenPids(pidFile, 2);
    expect(await result).toMatchObject({ isTimedOut: true, signalName: 'SIGKILL' });
    await eventually(() => !pids.some(isRunning), 'the end of the whole group');
  });

  it('rejects with the reason of an abort, after the program has ended', async () => {
    const abort = new AbortController();
    const pidFile = join(temporaryDirectory(), 'pids');
    const { signal } = abort;
    const result = run(fixtureProgram('stubborn.sh'), [pidFile], { signal, graceMs: 50 });
    const [leader, forked] = await writtenPids(pidFile, 2);
    abort.abort(new Error('enough'));
    await expect(result).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
    expect(isRunning(leader!)).toBe(false);
    await eventually(() => !isRunning(forked!), 'the end of the whole group');
  });

  it('starts nothing when the signal has aborted before', async () => {
    const directory = temporaryDirectory();
    const signal = AbortSignal.abort(new Error('enough'));
    const result = run('touch', [join(directory, 'x')], { signal });
    await expect(result).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
  });

  it('removes its listeners from the signal and the process', async () => {
    const { signal } = new AbortController();
    const listenersBefore = process.listenerCount('exit');
    await run('true', [], { signal });
    await run('no-such-program-there', [], { signal }).catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(process.listenerCount('exit')).toBe(listenersBefore);
  });

  it('kills the children that the program left', async () => {
    const { stdout } = await run('sh', ['-c', 'sleep 600 & echo $!']);
    await eventually(() => !isRunning(Number(stdout)), 'the end of what was left');
  });

  it('does not wait for a daemon that left the group and holds the pipes', async () => {
    const daemon = 'echo $$; touch left; exec sleep 600';
    const wait = 'while [ ! -e left ]; do sleep 0.05; done';
    const { stdout, exitCode } = await run(
      'sh',
      ['-c', `setsid sh -c '${daemon}' & ${wait}; exit 5`],
      {
        workingDirectory: temporaryDirectory(),
        graceMs: 50,
      },
    );
    const pid = Number(stdout);
    expect(isRunning(pid)).toBe(true);
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    expect(exitCode).toBe(5);
  });
});

describe('startProgram', () => {
  it('passes on standard output as it arrives', async () => {
    const arrived = new EventEmitter();
    const program = startProgram({
      program: 'sh',
      args: ['-c', 'echo one; exec sleep 600'],
      onStdout: (chunk) => arrived.emit('chunk', chunk.toString()),
    });
    onTestFinished(() => program.stop());
    expect(await once(arrived, 'chunk')).toEqual(['one\n']);
    await program.stop();
    expect(await program.ended).toMatchObject({ signalName: 'SIGTERM' });
  });

  it('kills the whole group when this process exits without waiting', async () => {
    const before = process.listeners('exit');
    const pidFile = join(temporaryDirectory(), 'pids');
    const program = startProgram({
      program: fixtureProgram('stubborn.sh'),
      args: [pidFile],
      onStdout: () => undefined,
    });
    onTestFinished(() => program.stop());
    const pids = await writtenPids(pidFile, 2);
    for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener(0);
    expect(await program.ended).toMatchObject({ signalName: 'SIGKILL' });
    await eventually(() => !pids.some(isRunning), 'the end of the whole group');
  });

  it('can be stopped again, and when it could not be started', async () => {
    const onStdout = (): void => undefined;
    const ended = startProgram({ program: 'true', args: [], onStdout });
    await ended.ended;
    await ended.stop();
    const missing = startProgram({ program: 'no-such-program-there', args: [], onStdout });
    await missing.stop();
    await expect(missing.ended).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
