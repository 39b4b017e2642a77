/**
 * The whole agent and Motion on one stream of frames at a time, with the CPU that each spends in the same
 * windows of it. The agent sends what changed to a receiver, Motion saves pictures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/ports.js';
import { median } from '../quality/score.js';
import { cpuMsSoFar, peakMiB } from './process-cost.js';
import type { Size } from './test-frames.js';

export interface StreamPlan {
  readonly framesPerSecond: number;
  /** Motion learns its noise, the agent its reference, and V8 compiles. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly windows: number;
}

export interface StreamCost {
  /** CPU milliseconds a frame, median of the windows. */
  readonly agentMs: number;
  readonly agentPeakMiB: number;
  readonly sent: number;
  /** Undefined: Motion is not installed. */
  readonly motion:
    | {
        readonly ms: number;
        readonly peakMiB: number;
        readonly saved: number;
        /** Agent by Motion in the same window: median, least, most. */
        readonly ratio: readonly [number, number, number];
      }
    | undefined;
}

/** Longest time that both programs have to open the stream. */
const openLimitMs = 10_000;

/** Sends the frames in turn to whoever asks, over and over, at an even pace. */
class Camera {
  frames = 0;
  readonly #jpegs: readonly Buffer[];
  readonly #clients = new Set<(jpeg: Buffer) => void>();
  readonly #server: Server;
  #timer: NodeJS.Timeout | undefined;

  constructor(paths: readonly string[]) {
    this.#jpegs = paths.map((path) => readFileSync(path));
    this.#server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
      const send = (jpeg: Buffer): void => {
        const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
        response.write(Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n')]));
      };
      this.#clients.add(send);
      response.on('close', () => this.#clients.delete(send));
    });
  }

  /**
   * Begins with the first frame when so many programs have opened the stream: the frame that the agent begins with is its
   * reference, and decides how many of the others changed.
   */
  async begin(programs: number, framesPerSecond: number): Promise<void> {
    const lastMs = performance.now() + openLimitMs;
    while (this.#clients.size < programs) {
      if (performance.now() > lastMs) {
        const limit = `${openLimitMs / 1000} s`;
        throw new Error(
          `${this.#clients.size} of ${programs} programs opened the stream in ${limit}`,
        );
      }
      await delay(50);
    }
    this.#timer = setInterval(() => {
      const jpeg = this.#jpegs[this.frames % this.#jpegs.length]!;
      this.frames += 1;
      for (const send of this.#clients) send(jpeg);
    }, 1000 / framesPerSecond);
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What the agent's `--source command` starts here: reads the stream, writes the frames to standard output. */
export function feed(port: number): void {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write('GET / HTTP/1.0\r\n\r\n');
  socket.pipe(process.stdout);
}

export async function compareOnStream(
  paths: readonly string[],
  size: Size,
  plan: StreamPlan,
  directory: string,
  hasMotion: boolean,
): Promise<StreamCost> {
  mkdirSync(directory, { recursive: true });
  const camera = new Camera(paths);
  const running: ChildProcess[] = [];
  try {
    const port = await camera.listen();
    const captures = join(directory, 'captures');
    const receiverPort = await freePort();
    running.push(startReceiver(captures, receiverPort));
    const agent = startAgent(join(directory, 'state'), receiverPort, port);
    running.push(agent);
    const saved = join(directory, 'motion');
    const motion = hasMotion ? startMotion(saved, port, size, plan.framesPerSecond) : undefined;
    if (motion) running.push(motion);
    await camera.begin(motion ? 2 : 1, plan.framesPerSecond);
    await delay(plan.warmUpMs);
    const windows: { agentMs: number; motionMs: number }[] = [];
    for (let window = 0; window < plan.windows; window += 1) {
      const before = [camera.frames, cpuMsSoFar(agent), motion ? cpuMsSoFar(motion) : 0] as const;
      await delay(plan.windowMs);
      const frames = camera.frames - before[0];
      windows.push({
        agentMs: (cpuMsSoFar(agent) - before[1]) / frames,
        motionMs: motion ? (cpuMsSoFar(motion) - before[2]) / frames : Number.NaN,
      });
    }
    const ratios = windows.map(({ agentMs, motionMs }) => agentMs / motionMs);
    const middle = (values: readonly number[]): number => median(values) ?? Number.NaN;
    return {
      agentMs: middle(windows.map(({ agentMs }) => agentMs)),
      agentPeakMiB: peakMiB(agent),
      sent: countJpegs(captures),
      motion: motion && {
        ms: middle(windows.map(({ motionMs }) => motionMs)),
        peakMiB: peakMiB(motion),
        saved: countJpegs(saved),
        ratio: [middle(ratios), Math.min(...ratios), Math.max(...ratios)],
      },
    };
  } finally {
    camera.close();
    for (const each of running.reverse()) await end(each);
  }
}

function startReceiver(captures: string, port: number): ChildProcess {
  const args = ['dist/receiver.js', '--dir', captures, '--listen', `127.0.0.1:${port}`];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}

function startAgent(state: string, receiverPort: number, cameraPort: number): ChildProcess {
  const ours = process.argv[1] ?? '';
  return spawn(
    process.execPath,
    [
      ...['dist/agent.js', '--host', `127.0.0.1:${receiverPort}`, '--state', state],
      // As fast as frames come: the stream has the pace.
      ...['--source', 'command'],
      ...['--', process.execPath, ours, '--feed', String(cameraPort)],
    ],
    { stdio: 'ignore' },
  );
}

/** As Debian sets it up, but for pictures instead of films, and a threshold that suits the size. */
function startMotion(
  saved: string,
  port: number,
  { widthPx, heightPx }: Size,
  framesPerSecond: number,
): ChildProcess {
  mkdirSync(saved, { recursive: true });
  const settings = {
    daemon: 'off',
    setup_mode: 'off',
    log_level: '4',
    target_dir: saved,
    netcam_url: `mjpeg://127.0.0.1:${port}/`,
    width: widthPx,
    height: heightPx,
    framerate: framesPerSecond,
    // Its 1500 suits no size, and at 640x480 notices nobody.
    threshold: Math.round((250 * widthPx * heightPx) / (640 * 480)),
    despeckle_filter: 'EedDl',
    text_left: 'CAMERA1',
    text_right: '%Y-%m-%d\\n%T-%q',
    pre_capture: 3,
    picture_output: 'on',
    movie_output: 'off',
    webcontrol_port: 0,
    stream_port: 0,
  };
  const path = join(saved, 'motion.conf');
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  writeFileSync(path, lines.join(''));
  return spawn('motion', ['-n', '-c', path], { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}

function countJpegs(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.jpg') && !name.includes('.incoming')).length;
}
