/** The receiver without a verb: reads options, builds the parts, and serves until a signal or an idle time. */
import type { Server } from 'node:net';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { helpText, readCommandLine } from '../../shared/cli/option-table.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { version } from '../../shared/cli/version.js';
import { RateLimitedLog } from '../limits/rate-limited-log.js';
import { AccessControl } from '../access/access-control.js';
import { IdleWatch } from '../listen/idle-watch.js';
import { passedSockets } from '../listen/passed-sockets.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { KeyRing } from '../access/keys/key-ring.js';
import { keysPlace } from '../access/keys/keys-place.js';
import { openListeners } from '../listen/listeners.js';
import { receiverProgram } from '../options.js';
import { ConnectionServer } from '../connection/server.js';
import { checkClosedMark } from '../store/closed-mark.js';
import { openFrameStore } from '../store/frame-store.js';

const usage = `receiver --dir DIR [--listen [ADDRESS:]PORT] …

Receives the frames that agents, or cat x.jpg | socat - TCP:HOST:4444, send, and keeps each as a file.
Every flag has an environment variable: --max-frame is RECEIVER_MAX_FRAME.

`;

/** @throws {UsageError} @throws {OperationalError} */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals, command } = readCommandLine(receiverProgram, argv, env);
  if (options.help || options.version) {
    writeTo(1, options.help ? `${usage}${helpText(receiverProgram)}\n` : `${version}\n`);
    return;
  }
  const stray = positionals[0] ?? command?.[0];
  if (stray !== undefined) throw new UsageError(`'${stray}' is no flag; try receiver --help`);
  const { dir } = options;
  if (dir === undefined) {
    throw new UsageError('where shall the frames go?', { hint: 'say it with --dir DIR' });
  }

  // The receiver's group may look at the frames, others may not.
  restrictNewFiles(0o027);
  const signal = abortOnSignals();
  const log = openLog('receiver', options.verbose, env, systemClock);
  const store = await openFrameStore(dir, systemClock.nowMs());
  const folder = new KeyFolder(keysPlace(options.keys, env));
  const ring = await KeyRing.open(folder, env.CREDENTIALS_DIRECTORY, systemClock);
  const noteClosed = (): Promise<void> => checkClosedMark(dir, ring.isClosed(), folder.path);
  await noteClosed();
  const listeners = await openListeners(options.listen, passedSockets(env, process.pid));
  if (options.json && listeners.names.includes('standard input')) {
    throw new UsageError('--json writes to standard output, which is the connection here');
  }

  const idle = new IdleWatch(listeners.servers.length > 0 ? options.idleExit : 0, signal);
  const receiver = new ConnectionServer(
    {
      maxFrameBytes: options.maxFrame,
      maxMemoryBytes: options.maxMemory,
      maxConnections: options.maxConnections,
      maxConnectionsPerAddress: options.maxConnectionsPerAddress,
      maxBytesPerMinute: options.quota,
      idleTimeoutMs: options.idleTimeout,
    },
    {
      store,
      access: new AccessControl({
        ring,
        isOpenAnyway: options.open,
        clock: systemClock,
        // Every connection makes it look at the keys, and say so when they cannot be read.
        log: new RateLimitedLog(log, systemClock).of(''),
        onFirstPairing: noteClosed,
      }),
      clock: systemClock,
      log,
      onConnections: (count) => idle.note(count),
      onStored: (stored) => {
        if (options.json) writeTo(1, `${JSON.stringify({ event: 'stored', ...stored })}\n`);
        log.debug(stored.duplicate ? 'stored already' : 'stored', {
          name: stored.name,
          bytes: stored.byteCount,
        });
      },
    },
  );
  for (const server of listeners.servers) {
    server.on('connection', (socket) => void receiver.serve(socket));
  }
  if (options.json) {
    writeTo(1, `${JSON.stringify({ event: 'listening', addresses: listeners.names })}\n`);
  }
  log.info('keeping frames', { dir, from: listeners.names.join(', ') });
  if (listeners.servers.length > 0) logAccess(ring, options.open, log);

  const served = Promise.all(listeners.connections.map((socket) => receiver.serve(socket)));
  // With only connections to serve, their end is ours.
  await Promise.race(listeners.servers.length > 0 ? [idle.over] : [idle.over, served]);
  await Promise.all([receiver.close(), ...listeners.servers.map(closeServer)]);
  await Promise.all([store.close(), ring.settled()]);
}

function logAccess(ring: KeyRing, isOpenAnyway: boolean, log: Log): void {
  if (!ring.isClosed()) {
    log.info('no camera is paired: anyone on this machine and its private networks is accepted');
    return;
  }
  const cameras = ring.cameras().join(' ') || 'none';
  if (isOpenAnyway) {
    log.warn('--open: beside paired cameras anyone on private networks is accepted, unencrypted', {
      cameras,
    });
  } else log.info('only paired cameras are accepted', { cameras });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
