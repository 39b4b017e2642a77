/** The agent's end of a connection, with a receiver that says what it likes. */
import { duplexPair } from 'node:stream';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import { Link } from '../../agent/uplink/link.js';
import { preface } from '../../shared/protocol/limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { FakeClock } from '../support/fake-clock.js';
import { keptLog } from '../support/log.js';
import { makeJpeg } from '../support/pictures.js';
import { spoolSettings } from '../support/spool-settings.js';
import { type FuzzTarget, must, orRefusedLater } from './target.js';

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

/** Headers as a receiver's bytes; anything else is said as it is. */
function spoken(bytes: Buffer): Buffer {
  try {
    const headers: unknown = JSON.parse(bytes.toString());
    if (!Array.isArray(headers)) return bytes;
    const messages = headers.filter(
      (each) => typeof each === 'object' && each !== null,
    ) as object[];
    return Buffer.concat([
      Buffer.from(preface),
      ...messages.flatMap((each) => encodeMessage(each)),
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
      const { log } = keptLog();
      const link = new Link(ours, { camera: 'yard', spool, clock, log, onWelcome });
      theirs.end(spoken(bytes));
      const pauseMs = await orRefusedLater(() => link.converse());
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
];
