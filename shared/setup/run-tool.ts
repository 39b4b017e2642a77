/**
 * The port for the system's own programs that verbs ask and order (systemctl, useradd …). Each of our programs
 * fills it with its run-program.ts. Pure.
 */
import { systemCode } from '../cli/errors.js';

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
