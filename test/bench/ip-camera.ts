/**
 * What ffmpeg costs for an RTSP camera: CPU time for ten seconds of H.264, 1920 × 1080 at 25 frames a second and
 * 4 Mbit/s, when each frame becomes a JPEG and with `--interval 1s`; beside MJPEG, which is copied.
 * `npm run bench -- ip-camera`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cameraAddress } from '../../agent/source/camera-address.js';
import { ffmpegStart } from '../../agent/source/ffmpeg-start.js';

const seconds = 10;

/** Of ended children, in ticks of 10 ms. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function ffmpeg(args: readonly string[]): Buffer {
  const options = { maxBuffer: 2 ** 30 };
  const { status, stdout, stderr } = spawnSync('ffmpeg', ['-v', 'error', ...args], options);
  if (status !== 0) throw new Error(`ffmpeg ended with ${status}: ${stderr.toString()}`);
  return stdout;
}

const root = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
try {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25,noise=alls=12:allf=t'];
  const length = ['-t', String(seconds)];
  const h264 = join(root, 'h264.mp4');
  ffmpeg([
    ...picture,
    ...length,
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-b:v',
    '4M',
    '-g',
    '50',
    h264,
  ]);
  const mjpeg = join(root, 'mjpeg.mkv');
  ffmpeg([...picture, ...length, '-c:v', 'mjpeg', '-q:v', '3', mjpeg]);
  const address = await cameraAddress('rtsp://camera/', undefined, undefined);
  const version = spawnSync('ffmpeg', ['-version']).stdout.toString();
  const costMs = (file: string, encoding: string, intervalMs: number | undefined): number => {
    const { args } = ffmpegStart(address, { encoding, intervalMs, version });
    const output = args.slice(args.indexOf('pipe:0') + 1);
    const before = childrenCpuMs();
    ffmpeg(['-flags', 'low_delay', '-i', file, ...output]);
    return childrenCpuMs() - before;
  };
  const each = costMs(h264, 'H264', undefined);
  const thinned = costMs(h264, 'H264', 1000);
  const copied = costMs(mjpeg, 'JPEG', undefined);
  const row = (name: string, ms: number): string =>
    `${name.padEnd(34)} ${String(ms).padStart(6)} ms of CPU, ${((ms / seconds / 1000) * 100).toFixed(0)} % of a core`;
  console.log(row('H.264, each frame', each));
  console.log(row('H.264, --interval 1s', thinned));
  console.log(row('MJPEG, copied', copied));
  console.log(`ratio of --interval 1s to each frame ${(thinned / each).toFixed(2)}`);
} finally {
  rmSync(root, { recursive: true });
}
