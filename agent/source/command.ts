/**
 * Frames from a program that writes JPEGs or MJPEG to its standard output: a stream (rpicam-vid, ffmpeg, ustreamer-dump),
 * or one picture at each start (rpicam-still, gphoto2, curl).
 */
import { UsageError } from '../../shared/cli/errors.js';
import type { FrameSource } from './frame-source.js';
import { type StreamSettings, openProgramStream } from './program-stream.js';

export interface CommandSettings extends StreamSettings {
  /** The program, a path or a name in `$PATH`, and its arguments. */
  readonly command: readonly string[];
}

/** @throws {UsageError} when no program is given */
export function openCommand({ command, ...settings }: CommandSettings): FrameSource {
  const [program = '', ...args] = command;
  if (program === '') {
    throw new UsageError('--source command needs a program after --', {
      hint: 'for example: --source command -- rpicam-vid -t 0 --codec mjpeg -o -',
    });
  }
  return openProgramStream({
    ...settings,
    // Without the arguments: they may hold an address with a password.
    name: `command ${program}`,
    subject: program,
    program,
    prepare: () => Promise.resolve({ args }),
    mayEnd: true,
    hints: {
      missing: 'install the program, or give its full path after --',
      noFrame: 'the program must write MJPEG, as with --codec mjpeg or -f mjpeg',
    },
  });
}
