/**
 * Motion, by its own program: it watches all sequences at once, each as a network camera, and saves the frames in
 * which it sees motion. A bar code below each frame says which it is; Motion's mask excludes it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { python, runPython } from './python.js';
import type { Sequence } from './sequence.js';

/** As the times of sequences without times of their own; at 5 a second Motion looks at every second frame. */
const framesPerSecond = 5;
/** Motion opens a camera again until it answers; then it takes some frames to begin. */
const beginMs = 10_000;

export const hasMotion = python !== undefined && spawnSync('motion', ['-h']).error === undefined;

/**
 * @param threshold changed pixels that are motion, as a share of the picture
 * @returns for each sequence and frame the share of pixels that changed; 0: no motion
 */
export async function watchWithMotion(
  sequences: readonly Sequence[],
  threshold: number,
  directory: string,
): Promise<number[][]> {
  const cameras = await Promise.all(
    sequences.map((sequence, index) =>
      makeCamera(sequence, join(directory, String(index)), threshold),
    ),
  );
  const path = join(directory, 'motion.conf');
  const lines = [
    ...['daemon off', 'setup_mode off', 'log_level 4', 'webcontrol_port 0', 'stream_port 0'],
    ...cameras.map(({ configPath }) => `camera ${configPath}`),
  ];
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  const motion = spawn('motion', ['-n', '-c', path], { stdio: 'ignore' });
  const ended = once(motion, 'close');
  await Promise.all(cameras.map(({ isShown }) => isShown));
  await delay(1000);
  motion.kill('SIGTERM');
  await ended;
  return Promise.all(cameras.map(({ savedIn }, index) => sharesOf(savedIn, sequences[index]!)));
}

async function makeCamera({ paths }: Sequence, folder: string, threshold: number) {
  const savedIn = join(folder, 'saved');
  mkdirSync(savedIn, { recursive: true });
  await runPython('marked_frames.py', ['write', folder], paths);
  const mask = readFileSync(join(folder, 'mask.pgm')).subarray(0, 40).toString('latin1');
  const [, width = 0, height = 0] = /^P5\s+(\d+)\s+(\d+)/.exec(mask)?.map(Number) ?? [];
  const { port, isShown } = await show(folder, paths.length);
  const settings = {
    netcam_url: `mjpeg://127.0.0.1:${port}/`,
    width,
    height,
    framerate: framesPerSecond,
    threshold: Math.max(1, Math.round(threshold * width * height)),
    // As Debian sets it up, and as its guide to tuning says.
    despeckle_filter: 'EedDl',
    noise_tune: 'on',
    minimum_motion_frames: 1,
    mask_file: join(folder, 'mask.pgm'),
    ...{ pre_capture: 0, post_capture: 0, event_gap: 1 },
    target_dir: savedIn,
    picture_output: 'on',
    // Changed pixels, and what makes the name unique.
    picture_filename: `%D-${width * height}-%v-%Y%m%d%H%M%S-%q`,
    movie_output: 'off',
    // Nothing is drawn over the bar code.
    ...{ text_left: '', text_right: '', text_changes: 'off', locate_motion_mode: 'off' },
  };
  const configPath = join(folder, 'camera.conf');
  const lines = Object.entries(settings).map(([key, value]) => `${key} ${value}\n`);
  writeFileSync(configPath, lines.join(''));
  return { configPath, savedIn, isShown };
}

/** Sends the first frame until Motion has begun, then each frame once, at an even pace. */
async function show(folder: string, count: number) {
  const jpegOf = (number: number): Buffer =>
    readFileSync(join(folder, `${String(number).padStart(5, '0')}.jpg`));
  let close = (): void => undefined;
  const isShown = new Promise<void>((resolve) => (close = resolve));
  let next = -(beginMs / 1000) * framesPerSecond;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=frame' });
    const timer = setInterval(() => {
      if (next >= count) {
        close();
        return;
      }
      const jpeg = jpegOf(Math.max(0, next));
      next += 1;
      const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
      response.write(Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n')]));
    }, 1000 / framesPerSecond);
    response.on('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  void isShown.then(() => setTimeout(() => server.close().closeAllConnections(), 2000));
  return { port: (server.address() as AddressInfo).port, isShown };
}

async function sharesOf(savedIn: string, { paths }: Sequence): Promise<number[]> {
  const shares = paths.map(() => 0);
  const names = readdirSync(savedIn).filter((name) => name.endsWith('.jpg'));
  const numbers = await runPython(
    'marked_frames.py',
    ['read'],
    names.map((name) => join(savedIn, name)),
  );
  for (const [index, name] of names.entries()) {
    const [changed = 0, pixels = 1] = name.split('-').map(Number);
    const number = Number(numbers[index]);
    if (number >= shares.length) throw new Error(`${name} has the bar code ${number}`);
    shares[number] = Math.max(shares[number]!, changed / pixels);
  }
  return shares;
}
