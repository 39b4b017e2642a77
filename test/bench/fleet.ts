/**
 * One receiver with a directory beside one with a bucket of Ceph, in one run, rounds interleaved: the processor time of a
 * frame, the time to its acknowledgement, memory. Each camera has one frame under way. As root, with Ceph.
 * `npm run bench -- fleet [--cameras N] [--frames N] [--rounds N]`
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { readAnswers } from '../support/agent-peer.js';
import { cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';

const frameBytes = 100_000;
/** Of /proc/PID/stat, in all Linux systems. */
const tickMs = 10;

/** A JPEG of some 100 kB; each one's bytes its own. */
function makeFrame(): Buffer {
  const picture = makeJpeg(1);
  const comments = [0, 1].map(() => {
    const text = Buffer.from(randomBytes(frameBytes / 4).toString('hex'));
    const size = text.length + 2;
    return Buffer.concat([Buffer.from([0xff, 0xfe, size >> 8, size & 0xff]), text]);
  });
  return Buffer.concat([picture.subarray(0, 2), ...comments, picture.subarray(2)]);
}
const frames = Array.from({ length: 32 }, () => {
  const jpeg = makeFrame();
  return { jpeg, sha256: createHash('sha256').update(jpeg).digest('hex') };
});

/** A camera that sends one frame after the other, and measures the time to each acknowledgement. */
class Camera {
  readonly #socket: Socket;
  #sequence = 0;
  #onAnswer: (error?: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    readAnswers(socket, (message) => {
      if (message.type === 'stored' || message.type === 'welcome') this.#onAnswer();
      if (message.type === 'refused') this.#onAnswer(new Error(message.message));
    });
    socket.on('error', (error) => this.#onAnswer(error));
  }

  static async connect(port: number, number: number): Promise<Camera> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(preface);
    const epoch = randomBytes(16).toString('hex');
    const hello = { type: 'hello', camera: `camera-${number}`, epoch, agent: 'bench' };
    const camera = new Camera(socket);
    const welcomed = camera.#answered();
    for (const part of encodeMessage(hello)) socket.write(part);
    await welcomed;
    return camera;
  }

  /** @returns milliseconds to the acknowledgement */
  async send(): Promise<number> {
    this.#sequence += 1;
    const { jpeg, sha256 } = frames[this.#sequence % frames.length] ?? makeNever();
    const capturedAtMs = Date.now();
    const header = { type: 'frame', sequence: this.#sequence, capturedAtMs, utcOffsetMinutes: 0 };
    const startMs = performance.now();
    const stored = this.#answered();
    const verdict = { reason: 'change', ratio: 0.1, boxes: [] };
    for (const part of encodeMessage({ ...header, sha256, verdict }, jpeg))
      this.#socket.write(part);
    await stored;
    return performance.now() - startMs;
  }

  /** Resolves at the next answer. */
  #answered(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#onAnswer = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function makeNever(): never {
  throw new Error('there are no frames');
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const memoryMib = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

interface Figures {
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly mib: number;
}

async function measure(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { cameras, count }: { readonly cameras: number; readonly count: number },
): Promise<Figures> {
  const port = await freePort();
  const limits = ['--max-connections', '2000', '--max-connections-per-address', '2000'];
  const all = [
    'dist/receiver.js',
    '--listen',
    `127.0.0.1:${port}`,
    '--quota',
    '0',
    ...limits,
    ...args,
  ];
  const receiver = spawn(process.execPath, all, {
    ...{ stdio: 'ignore', env: { PATH: process.env.PATH, ...env } },
  });
  const { pid = 0 } = receiver;
  try {
    const open = await eventually(
      () =>
        Camera.connect(port, 0).then(
          (camera) => camera,
          () => false as const,
        ),
      'a receiver that listens',
    );
    open.close();
    // One after the other: the receiver limits connections that are not welcomed yet.
    const connected: Camera[] = [];
    for (let at = 1; at <= cameras; at += 1) connected.push(await Camera.connect(port, at));
    await Promise.all(connected.map((camera) => camera.send()));
    const [startCpuMs, startMs] = [cpuMs(pid), performance.now()];
    const times: number[] = [];
    await Promise.all(
      connected.map(async (camera) => {
        for (let sent = 0; sent < count / cameras; sent += 1) times.push(await camera.send());
      }),
    );
    const elapsedMs = performance.now() - startMs;
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
    for (const camera of connected) camera.close();
    return {
      cpu: (cpuMs(pid) - startCpuMs) / times.length,
      perSecond: (times.length / elapsedMs) * 1000,
      ...{ p50: at(0.5), p99: at(0.99), mib: memoryMib(pid) },
    };
  } finally {
    const ended = once(receiver, 'exit');
    receiver.kill('SIGKILL');
    await ended;
  }
}

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '10' },
    frames: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
  },
});
const wish = { cameras: Number(values.cameras), count: Number(values.frames) };
const whyNot = whyNoCeph();
if (whyNot !== undefined) throw new Error(whyNot);
const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
const ceph = await startCeph();
const results = new Map<string, Figures[]>();
try {
  const env = {
    AWS_ACCESS_KEY_ID: cephKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cephKeys.secretAccessKey,
  };
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const endpoint = ['--s3-endpoint', ceph.endpoint.origin];
    const places = {
      'a directory': ['--dir', join(directory, String(round))],
      'a bucket': ['--dir', `s3://${cephBucket}/${round}`, ...endpoint],
    };
    for (const [place, args] of Object.entries(places)) {
      results.set(place, [...(results.get(place) ?? []), await measure(args, env, wish)]);
    }
  }
} finally {
  await ceph.stop();
  rmSync(directory, { recursive: true });
}
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
console.log(
  `${wish.cameras} cameras, no TLS, frames of 100 kB, medians of ${values.rounds} rounds; load ${loadavg()[0]?.toFixed(1)}`,
);
for (const [place, figures] of results) {
  const of = (key: keyof Figures, digits = 0): string =>
    median(figures.map((each) => each[key])).toFixed(digits);
  console.log(
    `${place}: CPU ${of('cpu', 2)} ms a frame, acknowledged after ${of('p50')} ms (p50) and ${of('p99')} ms (p99), ` +
      `${of('perSecond')} frames a second, ${of('mib')} MiB`,
  );
}
