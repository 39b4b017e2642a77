/**
 * One connection that carries bare JPEGs, back to back: the tutorial's `cat x.jpg | socat`. Each whole
 * picture is stored as it ends; what is cut off leaves no file. There is no acknowledgement in this
 * language: a sentence comes back only when something was refused.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { rawCameraName } from '../shared/camera-name.js';
import type { Clock } from '../shared/clock.js';
import { describeError } from '../shared/errors.js';
import { JpegSplitter, type SplitResult } from '../shared/jpeg-splitter.js';
import type { Log } from '../shared/log.js';
import { formatSize } from '../shared/quantity.js';
import type { FrameStore, StoredFrame } from './store/store-port.js';

export interface RawSessionParts {
  readonly store: FrameStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
}

/**
 * Serves the connection to its end. Resolves when every whole picture that came is stored or refused.
 * @param chunks the connection's bytes, first to last
 */
export async function serveRaw(
  socket: Socket,
  address: string,
  chunks: AsyncIterable<Buffer>,
  parts: RawSessionParts,
): Promise<void> {
  const { log } = parts;
  const camera = rawCameraName(address);
  socket.setTimeout(parts.idleTimeoutMs);
  const splitter = new JpegSplitter({ maxBytes: parts.maxFrameBytes });
  for await (const chunk of chunks) {
    for (const result of splitter.push(chunk)) {
      const refusal = await takePicture(result, camera, parts);
      if (refusal === undefined) continue;
      log.warn('refused a raw frame', { camera, reason: refusal });
      socket.end(`${refusal}\n`);
      return;
    }
    if (splitter.strayBytes > parts.maxFrameBytes) {
      log.warn('closed a raw connection', { camera, reason: 'what it sends is no JPEG' });
      socket.end('what follows the last picture is no JPEG\n');
      return;
    }
  }
  if (splitter.strayBytes > 0) {
    log.info('left out bytes between or after raw frames', { camera, bytes: splitter.strayBytes });
  }
  if (splitter.isInside) {
    log.warn('a raw frame was cut off; nothing of it is kept', {
      camera,
      bytes: splitter.heldBytes,
    });
    socket.end('the last JPEG is not whole: nothing of it is kept\n');
  }
}

/** @returns why the picture is not stored, as a sentence for the sender */
async function takePicture(
  result: SplitResult,
  camera: string,
  parts: RawSessionParts,
): Promise<string | undefined> {
  if (result.kind === 'damaged') return `the JPEG is damaged: ${result.reason}`;
  if (result.kind === 'too-large') {
    return `the JPEG is larger than ${formatSize(parts.maxFrameBytes)}, the limit set by --max-frame`;
  }
  const receivedAtMs = parts.clock.nowMs();
  const utcOffsetMinutes = parts.clock.utcOffsetMinutes(receivedAtMs);
  const jpeg = result.bytes;
  try {
    const stored = await parts.store.put({
      camera,
      jpeg,
      sha256: createHash('sha256').update(jpeg).digest('hex'),
      capturedAtMs: receivedAtMs,
      receivedAtMs,
      utcOffsetMinutes,
      id: undefined,
      verdict: undefined,
    });
    parts.onStored({ ...stored, camera, byteCount: jpeg.length });
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
