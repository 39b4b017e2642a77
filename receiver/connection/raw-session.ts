/**
 * One connection that carries bare JPEGs, back to back: the tutorial's `cat x.jpg | socat`. Each whole
 * picture is stored as it ends; what is cut off leaves no file. There is no acknowledgement in this
 * language: a sentence comes back only when something was refused.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { rawCameraName } from '../../shared/protocol/camera-name.js';
import type { Clock } from '../../shared/clock.js';
import { describeError } from '../../shared/cli/errors.js';
import { JpegSplitter, type SplitResult } from '../../shared/jpeg/splitter.js';
import type { Log } from '../../shared/cli/log.js';
import { formatSize } from '../../shared/cli/units.js';
import type { TimedChunk } from './timed-chunks.js';
import {
  maxUncountedBytes,
  minBytesPerSecond,
  minBytesPerSecondWhenShort,
} from '../limits/receiver-limits.js';
import type { ByteSemaphore } from '../limits/byte-semaphore.js';
import { MinRateCheck } from '../limits/min-rate-check.js';
import type { Quota } from '../limits/quota.js';
import type { FrameStore, StoredFrame } from '../store/store-port.js';
import { prices, splitAtOnce } from '../limits/work/prices.js';
import { type ConnectionBudget, Tab } from '../limits/work/work-budgets.js';

export interface RawSessionParts {
  readonly store: FrameStore;
  readonly quota: Quota;
  /** Whose quota it spends. */
  readonly spender: string;
  readonly budget: ConnectionBudget;
  readonly memory: ByteSemaphore;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxFrameBytes: number;
  readonly idleTimeoutMs: number;
  readonly onStored: (stored: StoredFrame & { camera: string; byteCount: number }) => void;
}

/**
 * Serves the connection to its end. Resolves when every whole picture that came is stored or refused.
 * @param incoming the connection's bytes, first to last
 */
export async function serveRaw(
  socket: Socket,
  address: string,
  incoming: AsyncIterable<TimedChunk>,
  parts: RawSessionParts,
): Promise<void> {
  const { log, memory } = parts;
  const camera = rawCameraName(address);
  const splitter = new JpegSplitter({ maxBytes: parts.maxFrameBytes });
  const pace = new MinRateCheck(parts.idleTimeoutMs);
  /** Gives back the memory for the picture that is arriving. */
  let release: (() => void) | undefined;
  /** Of the picture that is arriving; the first one brought the connection with it, as `cat x.jpg | socat` does. */
  let tab = new Tab(parts.budget);
  const refuse = (reason: string): void => {
    log.warn('refused a raw frame', { camera, reason });
    socket.end(`${reason}\n`);
  };
  try {
    for await (const { chunk, waitedMs } of incoming) {
      const isShort = release !== undefined && memory.isShort;
      const rate = isShort ? minBytesPerSecondWhenShort : minBytesPerSecond;
      if (splitter.isInside && pace.isTooSlow(chunk.length, waitedMs, rate)) {
        refuse(`the JPEG came at less than ${rate} bytes a second`);
        return;
      }
      for (let at = 0; at < chunk.length; at += splitAtOnce) {
        const piece = chunk.subarray(at, at + splitAtOnce);
        await tab.pay(prices.raw(piece.length));
        for (const result of splitter.push(piece)) {
          pace.reset();
          const refusal = await takePicture(result, camera, tab, parts);
          tab = new Tab(parts.budget);
          release?.();
          release = undefined;
          if (refusal === undefined) continue;
          refuse(refusal);
          return;
        }
      }
      if (splitter.strayBytes > parts.maxFrameBytes) {
        refuse('what follows the last picture is no JPEG');
        return;
      }
      // How large it will be is not known before it ends.
      if (splitter.heldBytes > maxUncountedBytes) {
        release ??= await memory.take(parts.maxFrameBytes);
      }
    }
    sayWhatIsLeft(socket, splitter, camera, log);
  } finally {
    release?.();
  }
}

function sayWhatIsLeft(socket: Socket, splitter: JpegSplitter, camera: string, log: Log): void {
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
  tab: Tab,
  parts: RawSessionParts,
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
