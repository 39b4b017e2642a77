/**
 * How ffmpeg is started on an RTSP camera. The address, with the password, is in a script on its standard input
 * (ffconcat): arguments and environment can be read by other users. Pure.
 */
import type { CameraAddress } from './camera-address.js';
import type { Credentials } from './http-credentials.js';
import type { ProgramStart } from './program-stream.js';

/** The stream is not analysed first, which takes seconds: probing ends after one packet. */
const unprobed = { analyzeduration: '0', probesize: '32' };

/**
 * A longer distance between encoded frames would save little, since all are decoded, and the newest one would be old.
 */
const longestDistanceMs = 1000;

export interface StreamToRead {
  /** H264, JPEG … */
  readonly encoding: string;
  /** `--interval`: ffmpeg encodes two frames in that time, or one a second; undefined: each. */
  readonly intervalMs: number | undefined;
  /** What `ffmpeg -version` prints. */
  readonly version: string;
}

export function ffmpegStart(address: CameraAddress, stream: StreamToRead): ProgramStart {
  const options = { rtsp_transport: 'tcp', allowed_media_types: 'video', ...unprobed };
  const script = [
    'ffconcat version 1.0',
    `file '${addressWithCredentials(address)}'`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`),
  ];
  return {
    args: [...inputArguments, ...outputArguments(stream)],
    input: lines(script),
  };
}

const inputArguments = [
  ...['-hide_banner', '-loglevel', 'error'],
  ...Object.entries(unprobed).flatMap(([name, value]) => [`-${name}`, value]),
  // Decoding frames in parallel delays each by several frames.
  ...['-flags', 'low_delay'],
  // Without UDP and files: a camera cannot make ffmpeg open anything else.
  ...['-f', 'concat', '-safe', '0', '-protocol_whitelist', 'pipe,rtsp,rtp,tcp', '-i', 'pipe:0'],
];

function outputArguments({ encoding, intervalMs, version }: StreamToRead): readonly string[] {
  const output = ['-f', 'mjpeg', 'pipe:1'];
  if (encoding === 'JPEG') return ['-map', '0:v:0', '-c:v', 'copy', ...output];
  const seconds = Math.min((intervalMs ?? 0) / 2, longestDistanceMs) / 1000;
  // Also when the camera sets its clock back.
  const isDue = `isnan(prev_selected_t)+gte(t-prev_selected_t,${seconds})+lt(t,prev_selected_t)`;
  // The encoder refuses two frames with one time: they are numbered instead.
  const filters = [...(seconds > 0 ? [`select='${isDue}'`] : []), 'settb=AVTB,setpts=N/25/TB'].join(
    ',',
  );
  const encoder = ['-c:v', 'mjpeg', '-q:v', '3', '-threads', '1', '-enc_time_base', '1:25'];
  return ['-map', '0:v:0', '-vf', filters, ...eachFrame(version), ...encoder, ...output];
}

/** MJPEG output has a constant frame rate by default, for which ffmpeg repeats and drops frames. */
function eachFrame(version: string): readonly string[] {
  const [, major, minor] = /^ffmpeg version n?(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = Number(major) < 5 || (Number(major) === 5 && Number(minor) < 1);
  return [isOld ? '-vsync' : '-fps_mode', 'passthrough'];
}

/**
 * What ffmpeg says, without the user and the password in any of their spellings, and without the addresses in memory
 * that would make each message another one.
 */
export function cleanOutput(text: string, credentials: Credentials | undefined): string {
  let clean = text.replaceAll(/\[([^\]]+) @ 0x[0-9a-f]+\]/g, '$1:');
  clean = clean.replaceAll(/(rtsp:\/\/)[^\s'"/]*@/gi, '$1…@');
  if (credentials === undefined) return clean;
  const { user, password } = credentials;
  const pair = Buffer.from(`${user}:${password}`).toString('base64');
  const secrets = [pair, encoded(password), encodeURIComponent(password), password];
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '…');
  }
  for (const name of [encoded(user), user]) {
    const word = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    if (name !== '')
      clean = clean.replaceAll(
        new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, 'gu'),
        '…',
      );
  }
  return clean;
}

/** A quote would end the word in the script. */
function addressWithCredentials({ url, credentials }: CameraAddress): string {
  const address = url.href.replaceAll("'", '%27');
  if (credentials === undefined) return address;
  const userInfo = `${encoded(credentials.user)}:${encoded(credentials.password)}`;
  return address.replace('//', () => `//${userInfo}@`);
}

/** Percent-encoded, quotes too. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

const lines = (text: readonly string[]): string => text.map((line) => `${line}\n`).join('');
