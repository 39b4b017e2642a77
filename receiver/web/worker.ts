/** The viewer's worker: answers queries about a captures directory, which it only reads. */
import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../../shared/cli/errors.js';
import { systemClock } from '../../shared/clock.js';
import { openCaptures } from '../archive/captures-reader.js';
import { CapturesMetrics } from '../metrics/captures-metrics.js';
import type { BucketAccess } from '../store/s3/bucket-access.js';
import { ArchiveQueries } from './queries/archive-queries.js';
import { BucketFrameSource, type FrameSource, directoryFrames } from './queries/frame-source.js';
import { LiveTail } from './queries/live-tail.js';
import { QueryError } from './queries/query-error.js';
import type { Archive } from './archive-port.js';
import type { Abort, Call, Reply, WorkerSettings } from './worker-messages.js';

/** A browser does not wait longer for a frame of a bucket. */
const giveUpAfterMs = 4000;
const port = parentPort;
if (port === null) throw new Error('this file runs as a worker of receiver web');
const { directory, cachePath, bucket } = workerData as WorkerSettings;
const captures = await openCaptures(directory, 'web');
const queries = new ArchiveQueries(captures, cachePath, systemClock, await openFrames(bucket));
const tail = new LiveTail(queries.store);
const metrics = new CapturesMetrics(directory, systemClock, bucket !== undefined);

const methods = {
  cameras: () => queries.cameras(),
  states: () => queries.states(),
  days: (...args) => queries.days(...args),
  timeline: (...args) => queries.timeline(...args),
  frames: (...args) => queries.frames(...args),
  events: (...args) => queries.events(...args),
  frame: (...args) => queries.frame(...args),
  strip: (...args) => queries.strip(...args),
  look: () => tail.look(),
  // The last parameter of each call is a signal.
  metrics: (isAway) => metrics.text(isAway === true),
} satisfies Archive;
/** Of the calls that are being answered. */
const controllers = new Map<number, AbortController>();

/** A worker of a directory does not load what reads a bucket. */
async function openFrames(access: BucketAccess | undefined): Promise<FrameSource> {
  if (access === undefined) return directoryFrames;
  const { openAccess } = await import('../store/s3/bucket-access.js');
  const { BucketCaptures } = await import('../store/s3/bucket-captures.js');
  return new BucketFrameSource(new BucketCaptures(openAccess(access, systemClock, giveUpAfterMs)));
}

async function answer({ id, method, args }: Call): Promise<Reply> {
  const controller = new AbortController();
  controllers.set(id, controller);
  try {
    // The server calls with the parameters of `Archive`; a signal does not cross the border of a thread.
    const call: (...args: never) => unknown = methods[method];
    return { id, result: await call(...([...args, controller.signal] as never)) };
  } catch (error) {
    const code = error instanceof QueryError ? error.code : undefined;
    return { id, error: describeError(error), code };
  } finally {
    controllers.delete(id);
  }
}

port.on('message', (message: Call | Abort) => {
  if ('abort' in message) {
    controllers.get(message.abort)?.abort();
    return;
  }
  // Bytes are copied: a film strip stays in the cache.
  void answer(message).then((reply) => port.postMessage(reply));
});
