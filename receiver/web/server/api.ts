/** The routes of the viewer's API that read (docs/api.md). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stripTiles } from '../api-types.js';
import type { Archive } from '../archive-port.js';
import { maxFrames } from '../queries/archive-queries.js';
import { HttpError, send, sendNotModified } from './answers.js';
import { type Parameters, badRequest } from './parameters.js';

/** Makes the value of a JSON answer. */
export type JsonRoute = (parameters: Parameters) => Promise<unknown>;

const dayMs = 86_400_000;
/** A longer strip would read the frames of many days. */
const maxStripStepMs = 600_000;
const cursor = /^-?\d{1,15}(?:\.\d{1,15})?$/;
/** For ever: the address has the hash of the bytes. */
const immutable = { 'cache-control': 'private, max-age=31536000, immutable' } as const;

/** By the path below `api/v1/`. */
export function jsonRoutes(archive: Archive): Readonly<Record<string, JsonRoute>> {
  const stretch = (parameters: Parameters) => ({
    camera: parameters.camera(),
    fromMs: parameters.time('from'),
    toMs: parameters.time('to'),
  });
  return {
    days: (parameters) =>
      archive.days(parameters.camera(), parameters.day('from'), parameters.day('to')),
    timeline: (parameters) =>
      archive.timeline(stretch(parameters), parameters.number('step', 1, 40 * dayMs)),
    events: (parameters) =>
      archive.events(stretch(parameters), parameters.number('limit', 1, maxFrames, 100)),
    frames: (parameters) => {
      const wishes = ['after', 'before', 'at'].filter((name) => parameters.has(name));
      if (wishes.length !== 1) throw badRequest('frames needs one of after, before and at');
      const what = 'a cursor: that of a frame, or a time';
      const cursorOf = (name: string): string | undefined =>
        parameters.has(name) ? parameters.text(name, cursor, what) : undefined;
      return archive.frames({
        camera: parameters.camera(),
        after: cursorOf('after'),
        before: cursorOf('before'),
        atMs: parameters.has('at') ? parameters.time('at') : undefined,
        limit: parameters.number('limit', 1, maxFrames, 100),
      });
    },
  };
}

const framePath =
  /^frame\/([a-z0-9][a-z0-9-]{0,62})\/(\d{4}_\d\d_\d\d)\/(\d{1,15})\/([0-9a-f]{64})\.jpg$/;

/** A JPEG, whatever its bytes are. @param path below `api/v1/` @returns false: it is not a frame's */
export async function sendFrame(
  archive: Archive,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const match = framePath.exec(path);
  if (match === null) return false;
  const [, camera = '', day = '', lineAt, sha256 = ''] = match;
  const etag = `"${sha256}"`;
  if (sendNotModified(request, response, etag, immutable)) return true;
  const bytes = await archive.frame(camera, day, Number(lineAt), sha256);
  send(request, response, bytes, { ...immutable, 'content-type': 'image/jpeg', etag });
  return true;
}

/** A film strip grows with its newest frames: one of the past is kept for an hour. */
export async function sendStrip(
  archive: Archive,
  parameters: Parameters,
  nowMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const fromMs = parameters.time('from');
  const stepMs = parameters.number('step', 100, maxStripStepMs);
  // A page that has scrolled on does not wait for it.
  const closing = new AbortController();
  response.once('close', () => closing.abort());
  const wish = { camera: parameters.camera(), fromMs, stepMs };
  const bytes = await archive.strip(wish, closing.signal);
  const isPast = fromMs + stepMs * stripTiles < nowMs - 3_600_000;
  const seconds = isPast ? 3600 : 0;
  send(request, response, bytes, {
    'content-type': 'image/jpeg',
    'cache-control': seconds === 0 ? 'no-store' : `private, max-age=${seconds}`,
  });
}

export const notFound = (path: string): HttpError =>
  new HttpError(404, 'not-found', `there is nothing at ${path.slice(0, 200)}`);
