/** System programs (systemctl, useradd …): `RunTool` is the interface, `runTool` the implementation. */
import { systemCode } from '../cli/errors.js';
import { runProgram } from './run-program.js';

export interface ToolResult {
  /** Undefined when a signal or the time limit ended the program. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** The end of its standard error, at most 8 KiB. */
  readonly stderr: string;
}

/** @throws a system error: ENOENT when there is no such program */
export type RunTool = (program: string, args: readonly string[]) => Promise<ToolResult>;

/** Standard output of a program; undefined when the program is missing or its exit code is not 0. */
export async function ask(
  run: RunTool,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await run(program, args);
    return exitCode === 0 ? stdout : undefined;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** `systemctl start` waits for the service, up to systemd's own start limit. */
const timeLimitMs = 120_000;

/** Runs a program in the C locale, so that its output does not depend on the user's language. @see RunTool */
export async function runTool(program: string, args: readonly string[]): Promise<ToolResult> {
  const { exitCode, stdout, stderrTail } = await runProgram({
    program,
    args,
    environment: { LC_ALL: 'C.UTF-8' },
    timeLimitMs,
    signal: new AbortController().signal,
  });
  return { exitCode, stdout: stdout.toString('utf8'), stderr: stderrTail };
}
