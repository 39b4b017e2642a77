/**
 * `receiver echo`: answers each line of standard input in upper case. The first example of socket activation:
 * systemd/examples/echo@.service connects its standard input and output to the peer.
 */
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { systemCode } from '../../shared/cli/errors.js';
import { flag } from '../../shared/cli/option-table.js';
import { UpperLines } from './upper-lines.js';

const program = { name: 'receiver', table: { help: flag('Show this help.') } } as const;

const usage = `receiver echo

Answers each line of standard input in upper case, for systemd/examples/echo@.service.

`;

const maxLineBytes = 4096;
/** For the whole connection: an idle peer must not occupy a process. */
const timeLimitMs = 60_000;

/** @throws {UsageError} */
export const run = defineCommand({
  program,
  usage,
  async run({ env }) {
    const log = openLog('receiver', false, env, systemClock);
    const close = (): unknown => process.stdin.destroy();
    abortOnSignals().addEventListener('abort', close);
    const timer = setTimeout(close, timeLimitMs);
    // Errors are reported by the writes.
    process.stdout.on('error', () => undefined);
    const lines = new UpperLines(maxLineBytes);
    let isRefused = false;
    try {
      for await (const chunk of process.stdin) {
        // Keeps reading: closing with unread bytes resets the connection, and the refusal is lost.
        if (isRefused) continue;
        const answer = lines.push(chunk as Buffer);
        isRefused = answer === undefined;
        await write(answer ?? `a line may have ${maxLineBytes} bytes at most\n`);
      }
      if (!isRefused) await write(lines.end());
    } catch (error) {
      // The peer closed or is too slow.
      if (systemCode(error) === undefined) throw error;
      log.warn('connection ended early', { error });
    } finally {
      clearTimeout(timer);
    }
  },
});

/** Resolves when the system has the text: the end of the process does not lose it. */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
