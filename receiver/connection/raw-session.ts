/**
 * One connection that carries bare JPEGs, back to back: the tutorial's `cat x.jpg | socat`. Each picture is
 * stored when its end arrives; an incomplete one leaves no file. There are no acknowledgements: the receiver
 * sends a sentence only when it refuses something.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { rawCameraName } from '../../shared/protocol/camera-name.js';
import { describeError } from '../../shared/cli/errors.js';
import { JpegSplitter, type SplitResult } from '../../shared/jpeg/splitter.js';
import type { Log } from '../../shared/cli/log.js';
import { formatSize } from '../../shared/cli/units.js';
import type { SessionParts } from './session-parts.js';
import type { TimedChunk } from './timed-chunks.js';
import {
  maxUncountedBytes,
  minBytesPerSecond,
  minBytesPerSecondWhenShort,
} from '../limits/receiver-limits.js';
import { MinRateCheck } from '../limits/min-rate-check.js';
import { prices, splitAtOnce } from '../limits/work/prices.js';
import { Tab } from '../limits/work/work-budgets.js';

/**
 * Serves the connection to its end. Resolves when every whole picture is stored or refused.
 * @param incoming the connection's bytes, first to last
 */
export async function serveRaw(
  socket: Socket,
  address: string,
  incoming: AsyncIterable<TimedChunk>,
  parts: SessionParts,
): Promise<void> {
  const { log, memory } = parts;
  const camera = rawCameraName(address);
  const splitter = new JpegSplitter({ maxBytes: parts.maxFrameBytes });
  const minRate = new MinRateCheck(parts.idleTimeoutMs);
  /** Frees the memory reserved for the picture that is arriving. */
  let release: (() => void) | undefined;
  /** Work of the picture that is arriving. */
  let tab = new Tab(parts.budget);
  const refuse = (reason: string): void => {
    parts.onRefused('raw');
    log.warn('raw frame refused', { camera, reason });
    socket.end(`${reason}\n`);
  };
  try {
    for await (const { chunk, waitedMs } of incoming) {
      const isShort = release !== undefined && memory.isShort;
      const rate = isShort ? minBytesPerSecondWhenShort : minBytesPerSecond;
      if (splitter.isInside && minRate.isTooSlow(chunk.length, waitedMs, rate)) {
        refuse(`the JPEG arrived at less than ${rate} bytes a second`);
        return;
      }
      for (let at = 0; at < chunk.length; at += splitAtOnce) {
        const piece = chunk.subarray(at, at + splitAtOnce);
        await tab.pay(prices.raw(piece.length));
        for (const result of splitter.push(piece)) {
          minRate.reset();
          const refusal = await storePicture(result, camera, tab, parts);
          tab = new Tab(parts.budget);
          release?.();
          release = undefined;
          if (refusal === undefined) continue;
          refuse(refusal);
          return;
        }
      }
      if (splitter.strayBytes > parts.maxFrameBytes) {
        refuse('the data after the last picture is not a JPEG');
        return;
      }
      // A bare JPEG announces no length: the most that it may have is reserved.
      if (splitter.heldBytes > maxUncountedBytes) {
        release ??= await memory.take(parts.maxFrameBytes);
      }
    }
    reportRemainder(socket, splitter, camera, log);
  } finally {
    release?.();
  }
}

function reportRemainder(socket: Socket, splitter: JpegSplitter, camera: string, log: Log): void {
  if (splitter.strayBytes > 0) {
    log.info('bytes outside raw frames skipped', { camera, bytes: splitter.strayBytes });
  }
  if (splitter.isInside) {
    log.warn('incomplete raw frame discarded', { camera, bytes: splitter.heldBytes });
    socket.end('the last JPEG is not whole: it was not stored\n');
  }
}

/** @returns why the picture is not stored, as a sentence for the sender */
async function storePicture(
  result: SplitResult,
  camera: string,
  tab: Tab,
  parts: Pick<SessionParts, 'store' | 'quota' | 'spender' | 'clock' | 'maxFrameBytes' | 'onStored'>,
): Promise<string | undefined> {
  await tab.pay(prices.refusal);
  if (result.kind === 'damaged') return `the JPEG is damaged: ${result.reason}`;
  if (result.kind === 'too-large') {
    return `the JPEG is larger than ${formatSize(parts.maxFrameBytes)}, the limit set by --max-frame`;
  }
  const receivedAtMs = parts.clock.nowMs();
  const utcOffsetMinutes = parts.clock.utcOffsetMinutes(receivedAtMs);
  const jpeg = result.bytes;
  if (parts.quota.spend(parts.spender, jpeg.length) > 0) return parts.quota.refusal;
  await tab.pay(prices.store(jpeg.length));
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
    if (!stored.duplicate) tab.refund();
    parts.onStored({ ...stored, camera, byteCount: jpeg.length });
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}
