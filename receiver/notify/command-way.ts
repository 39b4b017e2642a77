/** Notices to a program of the operator: `--on-event` and its like. Never through a shell. */
import { OperationalError } from '../../shared/cli/errors.js';
import { describeEnd, runProgram } from '../../shared/process/run-program.js';
import type { NoticeFrames } from './notice-frames.js';
import type { Way } from './notice-queue.js';
import { camerasOf, noticeFacts, noticeText } from './notice-text.js';
import type { Notice } from './notice.js';

export interface CommandSettings {
  /** The flag, for messages: `--on-event`. */
  readonly flag: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly takes: (notice: Notice) => boolean;
  readonly frames: NoticeFrames;
  readonly timeLimitMs: number;
  readonly utcOffsetMinutes: (atMs: number) => number;
}

/**
 * The program gets the facts as JSON on its standard input, and the most used ones in its environment: PICCHANGED_NOTICE,
 * _ID, _CAMERA, _CAMERAS, _TITLE, _TEXT, _FROM, _TO, of an event _FRAME, the path of its best frame, and of a problem _PROBLEM.
 */
export function commandWay(settings: CommandSettings): Way {
  const { flag, command, takes, frames, timeLimitMs, utcOffsetMinutes } = settings;
  const [program = '', ...args] = command;
  const run = async (
    notice: Notice,
    path: string | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    const { title, text } = noticeText(notice, utcOffsetMinutes);
    const facts = noticeFacts(notice);
    const cameras = camerasOf(notice);
    const variables = {
      ...{ NOTICE: facts.notice, ID: notice.id, TITLE: title, TEXT: text },
      ...{ CAMERA: cameras[0], CAMERAS: cameras.join(' '), FROM: facts.from, TO: facts.to },
      ...{ FRAME: path, PROBLEM: facts.problem },
    };
    const end = await runProgram({
      ...{ program, args, signal, timeLimitMs },
      environment: Object.fromEntries(
        Object.entries(variables).flatMap(([name, value]) =>
          typeof value === 'string' ? [[`PICCHANGED_${name}`, value]] : [],
        ),
      ),
      input: `${JSON.stringify({ ...facts, title, text, file: path })}\n`,
    }).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw new OperationalError('OUTPUT', `cannot start ${program}`, { cause });
    });
    if (end.exitCode === 0) return;
    const seconds = timeLimitMs / 1000;
    const why = end.isTimedOut ? `did not end within ${seconds} s` : describeEnd(end);
    const said = end.stderrTail.trim().split('\n').at(-1) ?? '';
    throw new OperationalError('OUTPUT', `${program}: ${why}${said === '' ? '' : `: ${said}`}`);
  };
  return {
    ...{ name: `${flag} ${program}`, replaces: false, isTriedOnce: true, takes },
    send(notice, signal) {
      if (notice.kind !== 'event') return run(notice, undefined, signal);
      return frames.withFile(notice.best.path, (path) => run(notice, path, signal));
    },
  };
}
