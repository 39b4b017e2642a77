/** The agent without a command: reads the options, and watches until a signal or takes one frame. */
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { agentProgram } from '../options.js';
import { openContext } from './watch/context.js';
import { watchContinuously } from './watch/continuous.js';
import { watchOnce } from './watch/one-shot.js';

const usage = `agent --host HOST[:PORT] [--source SOURCE] … [-- COMMAND ARGUMENT …]

Watches a camera and sends the frames in which something changed to a receiver.
Every flag has an environment variable: --shot-timeout is AGENT_SHOT_TIMEOUT. AGENT_COMMAND holds the command
after -- as a JSON array. An empty value, as --mask=, takes an option back: its default applies. So does the value
none, where that is not a name.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: agentProgram,
  usage,
  accepts: 'command',
  async run(invocation) {
    const { options, env } = invocation;
    if (options.idleExit > 0 && (options.source.kind !== 'file' || options.once)) {
      throw new UsageError('--idle-exit requires --source file:PATH and excludes --once');
    }
    // Other users must not read frames and keys.
    restrictNewFiles(0o077);
    const context = await openContext(invocation, env);
    try {
      await (options.once ? watchOnce(context) : watchContinuously(context));
    } finally {
      await context.lock?.close();
    }
  },
});
