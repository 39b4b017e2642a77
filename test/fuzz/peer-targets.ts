/** Either end of a connection, with somebody at the other who says what he likes. */
import { generateKeyPairSync } from 'node:crypto';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import { Link } from '../../agent/uplink/link.js';
import { OversizeLog, SkippedEntries } from '../../agent/uplink/skipped-entries.js';
import { CameraRegister } from '../../receiver/connection/camera-register.js';
import { FramedSession } from '../../receiver/connection/framed-session.js';
import type { TimedChunk } from '../../receiver/connection/timed-chunks.js';
import { ByteSemaphore } from '../../receiver/limits/byte-semaphore.js';
import { Quota } from '../../receiver/limits/quota.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { isCameraName } from '../../shared/protocol/camera-name.js';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { FakeClock } from '../support/fake-clock.js';
import { freeBudget } from '../support/budget.js';
import { keptLog } from '../support/log.js';
import { makeJpeg } from '../support/pictures.js';
import { spoolSettings } from '../support/spool-settings.js';
import { type FuzzTarget, must, orRefusedLater } from './target.js';

/** As they come from a socket that is never silent. */
async function* arrivalsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<TimedChunk, undefined> {
  for await (const chunk of chunks) yield { chunk, waitedMs: 0 };
  return undefined;
}

/** Of signatures that are never right. */
const signerKey = generateKeyPairSync('ed25519').publicKey;
const destination = { host: 'laptop', port: 4444 };
const welcome = {
  type: 'welcome',
  receiver: '1',
  maxFrameBytes: 2 ** 20,
  maxInFlight: 8,
  clockMs: 0,
};
const stored = (sequence: number) => ({
  type: 'stored',
  sequence,
  name: 'a.jpg',
  duplicate: false,
});
const refused = (sequence: number, retry: boolean) => ({
  ...{ type: 'refused', sequence, code: 'store', message: 'no', retry },
});
const jpeg = makeJpeg(1);
const frames = 3;
const sha256 = createHash('sha256').update(jpeg).digest('hex');
const epoch = '00112233445566778899aabbccddeeff';
const hello = { type: 'hello', camera: 'yard', epoch, agent: '1' };
const frame = (sequence: number, capturedAtMs = 1_795_332_615_123 + sequence) => ({
  ...{ type: 'frame', sequence, capturedAtMs, utcOffsetMinutes: 60, sha256 },
  verdict: { reason: 'change', ratio: 0.1, boxes: [] },
});
const hole = {
  ...{ type: 'dropped', sequence: 5, count: 2, why: 'size', utcOffsetMinutes: 0 },
  ...{ firstCapturedAtMs: 1_795_332_615_123, lastCapturedAtMs: 1_795_332_615_124 },
};
const report = {
  ...{ type: 'report', sequence: 6, fromMs: 1_795_332_600_000, toMs: 1_795_332_660_000 },
  ...{ utcOffsetMinutes: 60, state: 'failing', why: 'no device', compared: 7, changed: 1 },
  ...{ skipped: 0, waiting: 0, dropped: 2, everyMs: 60_000, clockMs: 1_795_332_661_000 },
  ended: [{ event: 'e', firstAtMs: 1, lastAtMs: 2, frames: 3, isCut: true }],
};

/** Headers as one side's bytes, those of frames with a picture; anything else is said as it is. */
function spoken(bytes: Buffer): Buffer {
  try {
    const headers: unknown = JSON.parse(bytes.toString());
    if (!Array.isArray(headers)) return bytes;
    const messages = headers.filter(
      (each) => typeof each === 'object' && each !== null,
    ) as object[];
    return Buffer.concat([
      Buffer.from(preface),
      ...messages.flatMap((each) => encodeMessage(each, 'sha256' in each ? jpeg : undefined)),
    ]);
  } catch {
    return bytes;
  }
}

export const peerTargets: readonly FuzzTarget[] = [
  {
    name: 'hostile-receiver',
    runs: 200,
    corpus: [
      [welcome, stored(1), stored(2), stored(3), { type: 'bye' }],
      [welcome, refused(1, true), refused(2, false), stored(7), { type: 'pong' }],
      [stored(1), welcome, { ...welcome, maxInFlight: 1 }, { type: 'bye', code: 'stopping' }],
      [{ type: 'bye', code: 'camera-busy', message: 'another', retryAfterMs: 10_000 }],
    ].map((headers) => Buffer.from(JSON.stringify(headers))),
    async check(bytes) {
      const clock = new FakeClock();
      const spools = SpoolSet.inMemory([destination], { ...spoolSettings, clock });
      const spool = spools.spoolFor(destination);
      const verdict = { reason: 'change', ratio: 0, boxes: [] };
      for (let nth = 0; nth < frames; nth += 1) {
        await spools.add({ jpeg, capturedAtMs: nth, utcOffsetMinutes: 0, verdict });
      }
      const [ours, theirs] = duplexPair();
      theirs.on('error', () => undefined).resume();
      const onWelcome = (): Promise<void> => Promise.resolve();
      const onAcknowledged = (): void => undefined;
      const { log } = keptLog();
      const skipped = new SkippedEntries(new OversizeLog(log, clock, () => undefined));
      const link = new Link(ours, {
        camera: 'yard',
        signing: undefined,
        isAdding: () => false,
        spool,
        clock,
        log,
        skipped,
        onWelcome,
        onAcknowledged,
        onRefused: () => undefined,
      });
      theirs.end(spoken(bytes));
      const pauseMs = await orRefusedLater(() => link.run());
      must(
        pauseMs === undefined || (pauseMs >= 0 && pauseMs <= 86_400_000),
        'it comes back within a day',
      );
      // Only what speaks of a frame by its sequence takes one away; a frame too large is set aside.
      const text = bytes.toString();
      const isAnswered = /stored|refused|maxFrameBytes/.test(text);
      must(isAnswered || spool.waitingCount === frames, 'what is not answered waits');
    },
  },
  {
    name: 'hostile-agent',
    runs: 100,
    corpus: [
      [hello, frame(1), frame(2), frame(1), hole, { type: 'bye' }],
      [hello, { type: 'ping' }, frame(3, 0), hole, hole, frame(3, 5)],
      [hello, report, { ...report, toMs: 0, fromMs: 0 }, report, frame(1)],
      [{ type: 'pair', agent: '1' }, hello, hello],
    ].map((headers) => Buffer.from(JSON.stringify(headers))),
    async check(bytes, directory) {
      const [ours, theirs] = duplexPair();
      const heard: Buffer[] = [];
      theirs.on('data', (chunk: Buffer) => heard.push(chunk));
      // What of a socket is more than a stream: its time-out, which nobody waits for here.
      const socket = Object.assign(ours, { setTimeout: () => ours }) as unknown as Socket;
      const store = await openFrameStore(directory, 0);
      const release = (): Promise<void> => Promise.resolve();
      const register = new CameraRegister({ lock: () => Promise.resolve({ release }) });
      const peer = {
        isPaired: true,
        refusalForName: () => undefined,
        revocation: () => undefined,
        pair: () => Promise.resolve('yard'),
        signer: () => Promise.resolve({ key: signerKey, flaw: undefined }),
      };
      const limits = {
        maxFrameBytes: 2 ** 20,
        idleTimeoutMs: 60_000,
        onStored: () => undefined,
        onRefused: () => undefined,
      };
      const { log } = keptLog();
      const clock = new FakeClock();
      const bounds = {
        quota: new Quota(2 ** 30, clock),
        memory: new ByteSemaphore(2 ** 28),
        budget: freeBudget,
        spender: 'camera yard',
        admit: () => undefined,
      };
      const session = new FramedSession(socket, {
        ...{ peer, store, register, clock, log, ...limits, ...bounds },
      });
      theirs.end(spoken(bytes).subarray(preface.length));
      await orRefusedLater(() => session.serve(arrivalsOf(ours as AsyncIterable<Buffer>)));
      await store.close();
      for (const name of readdirSync(directory)) {
        must(isCameraName(name) || name === '.picchanged.json', 'what is kept has a camera');
      }
      const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 0 });
      for (const { header } of decoder.push(Buffer.concat(heard).subarray(preface.length))) {
        must(readReceiverMessage(header) !== undefined, 'an answer is one that an agent knows');
      }
    },
  },
];
