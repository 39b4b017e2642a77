/** What fswebcam's messages mean when there is no picture, and what to do then. Pure. */
import { lastWords, plainLines } from './stderr-text.js';

/**
 * What fswebcam complained of, in its own words; empty when it said nothing. Its errors are red, and only
 * without any of them does the rest count: it tells each step it takes.
 */
export function complaintOf(stderr: string): string {
  const errors = [...stderr.matchAll(/\u001b\[31m([^\u001b]*)/g)].map(([, text]) => text);
  if (errors.length > 0) return lastWords(errors.join('\n'));
  return lastWords(
    plainLines(stderr)
      .filter((line) => !line.startsWith('--- '))
      .join('\n'),
  );
}

/**
 * What to do about a complaint; undefined when nobody knows.
 * @param cameras the video devices that there are: `/dev/video0` …
 */
export function adviceFor(
  complaint: string,
  device: string,
  cameras: readonly string[],
): string | undefined {
  if (/^(?:file|test)\b/i.test(device)) return undefined;
  if (/permission denied|operation not permitted/i.test(complaint)) {
    return 'let this user use cameras: sudo usermod -aG video USER, then log in again';
  }
  if (/resource busy/i.test(complaint)) return 'another program has the camera; end that one first';
  if (/no such (?:file|device)|not a v4l2? device|source module/i.test(complaint)) {
    return cameras.length === 0
      ? 'there is no /dev/video* at all: is the camera plugged in?'
      : `the video devices here are ${cameras.join(' ')}; choose one with --device`;
  }
  if (/timed out waiting for frame|no frames captured|palette format/i.test(complaint)) {
    return (
      'plug the camera in again, or try another --resolution; a Raspberry Pi camera module needs ' +
      '--source command -- rpicam-vid'
    );
  }
  return undefined;
}
