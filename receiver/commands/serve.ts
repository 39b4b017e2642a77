/** The receiver without a command: reads options, builds the parts, serves until a signal or the idle exit. */
import type { Server } from 'node:net';
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { writeRunningVersion } from '../../shared/setup/running-version.js';
import { RateLimitedLog } from '../limits/rate-limited-log.js';
import { AccessControl } from '../access/access-control.js';
import { IdleWatch } from '../listen/idle-watch.js';
import { passedSockets } from '../listen/passed-sockets.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { KeyRing } from '../access/keys/key-ring.js';
import { keysPath } from '../access/keys/keys-path.js';
import { openListeners } from '../listen/listeners.js';
import { ProxyNetworks } from '../listen/proxy-networks.js';
import { ReceiverCounters } from '../metrics/receiver-counters.js';
import { receiverProgram } from '../options.js';
import { requirePlace } from '../setup/installed.js';
import { ConnectionServer } from '../connection/server.js';
import { checkClosedMark } from '../store/closed-mark.js';
import { StoreHealth } from '../store/store-health.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { afterDrain, checkHealthOptions, healthFor } from './health.js';
import { metricsFor } from './metrics.js';
import { isAnnouncing } from './notice-ways.js';
import { openMirror, sharedMirror } from './open-mirror.js';
import { openStore } from './open-store.js';
import { readRecords } from './read-records.js';
import { noticesFor } from './serve-notices.js';
import { viewerFor } from './viewer.js';

/** How long agents wait for a receiver that ends and is started again. */
const restartMs = 1000;

const usage = `receiver --dir DIR [--listen [ADDRESS:]PORT] …

Receives frames from agents, or from cat x.jpg | socat - TCP:HOST:4444, and stores each as a file.
Every flag has an environment variable: --max-frame is RECEIVER_MAX_FRAME. An empty value, as --max-age=, takes an
option back: its default applies. So does the value none, where that is not a name.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: receiverProgram,
  usage,
  async run({ options, env }) {
    const dir = requirePlace(options.dir);
    checkHealthOptions(options);
    const stopping = abortOnSignals();
    const signal = afterDrain(stopping, options.drain, systemClock);
    const log = openLog('receiver', options.verbose, env, systemClock);
    await writeRunningVersion(env, log);
    // The receiver's group may read the frames, others may not.
    restrictNewFiles(0o027);
    const mirrorOfBucket = sharedMirror(() =>
      openMirror(dir, options, { env, clock: systemClock }),
    );
    const { mark, trial, withinLimits } = await openStore(dir, options, {
      ...{ env, log, clock: systemClock, signal, openMirror: mirrorOfBucket },
    });
    const folder = new KeyFolder(keysPath(options.keys, env));
    const ring = await KeyRing.open(folder, env.CREDENTIALS_DIRECTORY, systemClock);
    const checkMark = (): Promise<void> => checkClosedMark(mark, ring.isClosed(), folder.path);
    await checkMark();
    // Before the listeners, as all that a connection needs.
    const health = new StoreHealth(systemClock, log, trial);
    const store = health.watch(await withinLimits());
    const listeners = await openListeners(options.listen, passedSockets(env, process.pid));
    if (options.json && listeners.names.includes('standard input')) {
      throw new UsageError('--json writes to standard output, which is the connection here');
    }
    const idle = new IdleWatch(listeners.servers.length > 0 ? options.idleExit : 0, signal);
    // Of a bucket they are in the cache, for the metrics of this process.
    let counters = isBucketText(dir) ? undefined : new ReceiverCounters(dir);
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
          // Each connection reads the keys and logs an error when they cannot be read.
          log: new RateLimitedLog(log, systemClock).of(''),
          onFirstPairing: checkMark,
        }),
        clock: systemClock,
        log,
        proxies: new ProxyNetworks(options.proxy),
        onConnections: (count) => idle.note(count),
        onRefused: (code) => counters?.refused(code),
        onStored: (stored) => {
          if (stored.duplicate) counters?.duplicate();
          if (options.json) writeTo(1, `${JSON.stringify({ event: 'stored', ...stored })}\n`);
          log.debug(stored.duplicate ? 'stored already' : 'stored', {
            name: stored.name,
            bytes: stored.byteCount,
          });
        },
      },
    );
    // At once: a connection that nothing handles yet would hang.
    for (const server of listeners.servers) {
      server.on('connection', (socket) => void receiver.serve(socket));
    }
    const isRead =
      options.web !== undefined || options.metrics !== undefined || isAnnouncing(options);
    const records = isRead
      ? await readRecords(dir, options, {
          ...{ env, clock: systemClock, log, openMirror: mirrorOfBucket },
        })
      : undefined;
    if (records !== undefined) counters ??= new ReceiverCounters(records.directory);
    const viewer = await viewerFor(options, records, { clock: systemClock, log: log.child('web') });
    const metrics = await metricsFor(options, records, { clock: systemClock, log });
    const healthServer = await healthFor(options, health, stopping);
    const notices = await noticesFor(
      options,
      { records, env, isLasting: listeners.servers.length > 0 },
      { clock: systemClock, log: log.child('notify') },
    );
    const ending = new AbortController();
    const beside = [counters?.run(systemClock, ending.signal), notices?.(ending.signal)];
    if (options.json) {
      const viewers = viewer && { viewers: viewer.addresses };
      writeTo(
        1,
        `${JSON.stringify({ event: 'listening', addresses: listeners.names, ...viewers })}\n`,
      );
    }
    log.info('keeping frames', { dir, from: listeners.names.join(', ') });
    if (listeners.servers.length > 0) logAccess(ring, options.open, log);
    const served = Promise.all(listeners.connections.map((socket) => receiver.serve(socket)));
    // Without a listening socket, the receiver ends with its last connection.
    await Promise.race(listeners.servers.length > 0 ? [idle.over] : [idle.over, served]);
    // Behind a load balancer another receiver takes the cameras at once; else they wait for this one's restart.
    const retryAfterMs = options.proxy.length > 0 ? 0 : restartMs;
    await Promise.all([receiver.close(retryAfterMs), ...listeners.servers.map(closeServer)]);
    ending.abort();
    await Promise.all([
      store.close(),
      ring.settled(),
      viewer?.close(),
      metrics?.close(),
      healthServer?.close(),
      ...beside,
    ]);
    await records?.close();
  },
});

function logAccess(ring: KeyRing, isOpenAnyway: boolean, log: Log): void {
  if (!ring.isClosed()) {
    log.info(
      'no camera is paired: any peer on this machine and its private networks is accepted, unencrypted',
    );
    return;
  }
  const cameras = ring.cameras().join(' ') || 'none';
  if (isOpenAnyway) {
    log.warn('--open: unpaired peers on private networks are accepted too, unencrypted', {
      cameras,
    });
  } else log.info('only paired cameras are accepted', { cameras });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
