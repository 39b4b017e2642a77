/**
 * `receiver echo`: answers each line of standard input in upper case. The first step with socket activation:
 * systemd/examples/echo@.service makes a connection of it.
 */
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { UsageError, systemCode } from '../../shared/cli/errors.js';
import { helpText, readCommandLine, flag } from '../../shared/cli/option-table.js';
import { UpperLines } from './upper-lines.js';

const program = { name: 'receiver', table: { help: flag('Show this help.') } } as const;

const usage = `receiver echo

Answers each line of standard input in upper case, for systemd/examples/echo@.service.

`;

const maxLineBytes = 4096;
/** For the whole conversation: somebody who says nothing must not keep a process. */
const timeLimitMs = 60_000;

/** @throws {UsageError} */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals } = readCommandLine(program, argv, env);
  if (options.help) {
    writeTo(1, `${usage}${helpText(program)}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`'${positionals[0]}' is no flag; try --help`);
  const log = openLog('receiver', false, env, systemClock);
  const over = AbortSignal.any([abortOnSignals(), AbortSignal.timeout(timeLimitMs)]);
  over.addEventListener('abort', () => process.stdin.destroy());
  // What goes wrong comes out of writing.
  process.stdout.on('error', () => undefined);
  const lines = new UpperLines(maxLineBytes);
  let isRefused = false;
  try {
    for await (const chunk of process.stdin) {
      // Read on: closing while bytes lie unread resets the connection, and takes our words with it.
      if (isRefused) continue;
      const answer = lines.push(chunk as Buffer);
      isRefused = answer === undefined;
      await say(answer ?? `a line may have ${maxLineBytes} bytes at most\n`);
    }
    if (!isRefused) await say(lines.end());
  } catch (error) {
    // A peer that left, or is too slow: it is told nothing more.
    if (systemCode(error) === undefined) throw error;
    log.warn('the conversation ended early', { error });
  }
}

/** Resolves when the words are with the system, so that the end of the process loses none. */
function say(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
