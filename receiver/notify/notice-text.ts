/** Notices in words and as facts. Pure. */
import { counted, humanDuration } from '../../shared/cli/humanize.js';
import type { Notice, ProblemName, ProblemNotice } from './notice.js';

export interface NoticeText {
  /** ASCII, one line. */
  readonly title: string;
  readonly text: string;
}

/** @param offsetMinutes of this machine from UTC, at a moment */
export function noticeText(notice: Notice, offsetMinutes: (atMs: number) => number): NoticeText {
  const time = (atMs: number): string => localTime(atMs, offsetMinutes(atMs));
  const cameras = camerasOf(notice).join(', ');
  if (notice.kind === 'late') {
    const { count, fromMs, toMs } = notice;
    const day = (atMs: number): string => localDay(atMs, offsetMinutes(atMs));
    // They may be of days ago.
    const span =
      day(fromMs) === day(toMs)
        ? `${time(fromMs)} and ${time(toMs)} on ${day(toMs)}`
        : `${day(fromMs)} ${time(fromMs)} and ${day(toMs)} ${time(toMs)}`;
    const text = `${counted(count, 'event')} between ${span}; the frames arrived now`;
    return { title: `${cameras}: ${counted(count, 'earlier event')}`, text };
  }
  if (notice.kind === 'silence') {
    const { fromMs, toMs = fromMs, phase } = notice;
    if (phase === 'begin') {
      return { title: `${cameras}: silent`, text: `nothing has arrived since ${time(fromMs)}` };
    }
    const silent = humanDuration(Math.max(0, toMs - fromMs));
    return {
      title: `${cameras}: back`,
      text: `silent from ${time(fromMs)} to ${time(toMs)} (${silent})`,
    };
  }
  if (notice.kind === 'problem') return problemText(notice, time);
  const { phase, fromMs, toMs, frames, isCut } = notice;
  if (phase !== 'end') return { title: `${cameras}: motion`, text: `since ${time(fromMs)}` };
  const count = frames === undefined ? '' : `, ${counted(frames, 'frame')}`;
  const cut = isCut ? '; its end was not reported' : '';
  const text = `from ${time(fromMs)} to ${time(toMs)}${count}${cut}`;
  return { title: `${cameras}: motion ended`, text };
}

/** What a problem is called when it begins, and when it is over. */
const problemTitles: Readonly<Record<ProblemName, readonly [begin: string, end: string]>> = {
  gap: ['frames are lost', 'no more frames are lost'],
  failing: ['no frames', 'frames again'],
  clock: ['the clock is wrong', 'the clock is right'],
  signature: ['the signature is wrong', 'no more wrong signatures'],
  disk: ['the disk is nearly full', 'the disk has space again'],
};

function problemText(notice: ProblemNotice, time: (atMs: number) => string): NoticeText {
  const { problem, phase, camera, fromMs, toMs = fromMs, detail, frames } = notice;
  const title = `${camera ?? 'receiver'}: ${problemTitles[problem][phase === 'begin' ? 0 : 1]}`;
  if (frames !== undefined) {
    const span = `of ${time(fromMs)} to ${time(toMs)}`;
    return { title, text: `${counted(frames, 'frame')} ${span} lost: ${detail}` };
  }
  if (phase === 'begin') return { title, text: `since ${time(fromMs)}: ${detail}` };
  // What a disk has free now is news; what a camera had is not.
  const now = problem === 'disk' ? `: ${detail}` : '';
  return { title, text: `from ${time(fromMs)} to ${time(toMs)}${now}` };
}

export function camerasOf(notice: Notice): readonly string[] {
  if (notice.kind === 'event') return notice.events.map(({ camera }) => camera);
  return notice.camera === undefined ? [] : [notice.camera];
}

/** The notice as programs read it: a hook on its standard input, a webhook as its body. Times are ISO 8601, in UTC. */
export function noticeFacts(notice: Notice): Readonly<Record<string, unknown>> {
  const iso = (atMs: number | undefined): string | undefined =>
    atMs === undefined ? undefined : new Date(atMs).toISOString();
  const common = {
    ...{ notice: `${notice.kind}-${notice.phase}`, id: notice.id, cameras: camerasOf(notice) },
    ...{ from: iso(notice.fromMs), to: iso(notice.toMs) },
  };
  if (notice.kind === 'silence') return common;
  if (notice.kind === 'late') return { ...common, events: notice.count };
  if (notice.kind === 'problem') {
    const { problem, detail, frames } = notice;
    return { ...common, problem, detail, frames };
  }
  const { events, frames, isCut, best } = notice;
  const { path, capturedAtMs, strength, ratio, boxes, sha256, camera } = best;
  const frame = { camera, path, captured: iso(capturedAtMs), sha256, strength, ratio, boxes };
  return { ...common, events, frames, cut: isCut, frame };
}

/** `2026-11-27` */
function localDay(atMs: number, offsetMinutes: number): string {
  return new Date(atMs + offsetMinutes * 60_000).toISOString().slice(0, 10);
}

/** `14:02:15` */
function localTime(atMs: number, offsetMinutes: number): string {
  return new Date(atMs + offsetMinutes * 60_000).toISOString().slice(11, 19);
}
