/** `receiver file`: stores the file that arrives over the connection on standard input, whole or not at all. */
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { duration, path, size } from '../../shared/cli/value-types.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { refusalFor } from '../access/address-policy.js';
import { connectionOn } from '../listen/passed-sockets.js';
import { takeFile } from './take-file.js';

const program = {
  name: 'receiver',
  table: {
    dir: value(path('DIR'), 'Folder for the files. Created if missing.'),
    maxSize: value(size({ minBytes: 1, maxBytes: 2 ** 44 }), 'A larger file is refused.', '1GiB'),
    idleTimeout: value(
      duration({ minMs: 100, maxMs: 86_400_000 }),
      'A connection without data for this long is closed, its file discarded.',
      '1m',
    ),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver file --dir DIR

Stores the file that arrives over the connection on standard input, for systemd/examples/filetrans@.service.
Send one with: cat FILE | socat - TCP:HOST:4446

`;

/** @throws {UsageError} @throws {OperationalError} STORE: the file cannot be written */
export const run = defineCommand({
  program,
  usage,
  async run({ options, env }) {
    const { dir: directory, maxSize: maxBytes, idleTimeout: idleTimeoutMs } = options;
    if (directory === undefined) {
      throw new UsageError('--dir is required', { hint: 'name a folder for the files: --dir DIR' });
    }
    const socket = connectionOn(0);
    if (socket === undefined) {
      throw new UsageError('standard input is not a connection', {
        hint: 'start it by systemd/examples/filetrans.socket',
      });
    }
    const log = openLog('receiver', false, env, systemClock);
    const signal = abortOnSignals();
    signal.addEventListener('abort', () => {
      socket.destroy(new OperationalError('LINK', 'the receiver is stopping'));
    });
    const from = socket.remoteAddress ?? '';
    const refusal = refusalFor(from);
    if (refusal !== undefined) {
      log.warn('connection refused', { from, reason: refusal });
      socket.end(`${refusal}\n`);
      return;
    }
    try {
      const { name, byteCount } = await takeFile(socket, {
        directory,
        maxBytes,
        idleTimeoutMs,
        clock: systemClock,
      });
      log.info('file stored', { name, bytes: byteCount, from });
    } catch (error) {
      if (error instanceof OperationalError && error.code === 'STORE') throw error;
      log.warn('file discarded', { from, error });
    }
  },
});
