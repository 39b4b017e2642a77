/** The receiver's ways to run another program: no shell, little of its output, a time limit. */
import { execFile, spawn } from 'node:child_process';
import { systemCode } from '../../shared/cli/errors.js';
import type { ToolResult } from '../../shared/setup/run-tool.js';

/** From the start to SIGKILL. */
const timeLimitMs = 5000;

/**
 * Runs a program to its end with one of our open files as its file descriptor 3.
 * @returns its exit code; undefined when a signal or the time limit ended it
 * @throws a system error, ENOENT when there is no such program
 */
export function runWithFile(
  program: string,
  args: readonly string[],
  fd: number,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      // Nothing of ours but where programs are: sockets and notifications are not for it.
      env: { PATH: process.env.PATH },
      timeout: timeLimitMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? undefined));
  });
}

/** Starting a service may take as long as systemd lets it. */
const toolLimitMs = 120_000;
const maxOutputBytes = 2 ** 20;

/** Runs one of the system's own programs: see the port, `RunTool`. */
export function runTool(program: string, args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const options = {
      // Words that we read or show are not in some other language.
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      timeout: toolLimitMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: maxOutputBytes,
    };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      // Of an error without a start, the code is a word: ENOENT.
      if (error instanceof Error && systemCode(error) !== undefined) reject(error);
      else resolve({ exitCode: child.exitCode ?? undefined, stdout, stderr });
    });
  });
}
