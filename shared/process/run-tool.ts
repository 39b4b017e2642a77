/** The system's own programs (systemctl, useradd …): `RunTool` is the port, `runTool` runs them for real. */
import { systemCode } from '../cli/errors.js';
import { runProgram } from './run-program.js';

export interface ToolResult {
  /** Undefined when a signal or the time limit ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** The end of it, where it was long. */
  readonly stderr: string;
}

/** @throws a system error: ENOENT when there is no such program */
export type RunTool = (program: string, args: readonly string[]) => Promise<ToolResult>;

/** What a program printed; undefined when it is not there or was not content. */
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

/** Starting a service may take as long as systemd lets it. */
const timeLimitMs = 120_000;

/** Runs a program in the C locale, so that its words are the same everywhere. @see RunTool */
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
