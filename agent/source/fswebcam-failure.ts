/** Interprets fswebcam's messages when a shot fails: the error text and the fix. Pure. */
import { lastLines, plainLines } from './stderr-text.js';

/**
 * fswebcam's error messages; empty when it printed none. Errors are red; without any red text, all lines except the
 * headings (`--- `) count.
 */
export function errorTextOf(stderr: string): string {
  const errors = [...stderr.matchAll(/\u001b\[31m([^\u001b]*)/g)].map(([, text]) => text);
  if (errors.length > 0) return lastLines(errors.join('\n'));
  return lastLines(
    plainLines(stderr)
      .filter((line) => !line.startsWith('--- '))
      .join('\n'),
  );
}

/**
 * The hint for an error message; undefined for an unknown one.
 * @param cameras the existing video devices: `/dev/video0` …
 */
export function hintFor(
  errorText: string,
  device: string,
  cameras: readonly string[],
): string | undefined {
  if (/^(?:file|test)\b/i.test(device)) return undefined;
  if (/permission denied|operation not permitted/i.test(errorText)) {
    return 'give this user access to cameras: sudo usermod -aG video USER, then log in again';
  }
  if (/resource busy/i.test(errorText)) return 'another program uses the camera: end it first';
  if (/no such (?:file|device)|not a v4l2? device|source module/i.test(errorText)) {
    return cameras.length === 0
      ? 'no /dev/video* exists: plug the camera in'
      : `the video devices are ${cameras.join(' ')}: choose one with --device`;
  }
  if (/timed out waiting for frame|no frames captured|palette format/i.test(errorText)) {
    return (
      'unplug the camera and plug it in again, or try another --resolution; a Raspberry Pi camera module needs ' +
      '--source command -- rpicam-vid'
    );
  }
  return undefined;
}
