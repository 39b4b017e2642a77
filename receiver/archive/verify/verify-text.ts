/** Prints what verify found, for people and for programs. Pure. */
import { counted, humanSize } from '../../../shared/cli/humanize.js';
import { type Finding, type FindingKind, findingKinds, levelOf } from './findings.js';
import type { CameraResult } from './verify-captures.js';

/** Two lines or more, with a line end. */
export function cameraText({
  camera,
  tally,
  hasKey,
  faults,
  unreadable,
  notes,
}: CameraResult): string {
  const { days, frames, bytes, gaps, reports, proven, keyNotKnown, unsigned } = tally;
  const result =
    faults > 0
      ? counted(faults, 'finding')
      : unreadable > 0
        ? `${unreadable} not readable`
        : 'all as recorded';
  const entries = `${counted(frames, 'frame')} (${humanSize(bytes)}), ${counted(gaps, 'gap')}, ${counted(reports, 'report')} in ${counted(days, 'day')}`;
  const proofs = [
    ...(proven > 0 ? [`${proven} proven by their signature`] : []),
    ...(keyNotKnown > 0 ? [`${keyNotKnown} signed, key not known`] : []),
    ...(unsigned > 0 ? [`${unsigned} unsigned`] : []),
    ...(tally.recovered > 0 ? [`${tally.recovered} recovered, not proven`] : []),
    ...Object.entries(tally.flaws).map(
      ([flaw, count]) => `${count} not proven when they arrived (${flaw})`,
    ),
  ];
  const gone = [
    ...(tally.deleted > 0 ? [`${counted(tally.deleted, 'frame')} deleted`] : []),
    ...(tally.late > 0 ? [`${counted(tally.late, 'frame')} not stored, erased before`] : []),
    ...(tally.summarized > 0 ? [`${tally.summarized} entries in summaries`] : []),
  ];
  const lines = [
    `${camera}: ${result}${faults > 0 && unreadable > 0 ? `, ${unreadable} not readable` : ''}${notes > 0 ? `, ${counted(notes, 'note')}` : ''}`,
    `  ${entries}`,
    ...(proofs.length > 0 ? [`  ${proofs.join(', ')}`] : []),
    ...(gone.length > 0 ? [`  ${gone.join(', ')}`] : []),
    ...(keyNotKnown > 0 && !hasKey ? [`  give the key of the camera: --key ${camera}=FILE`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** What each kind of finding that occurred means, and what to do. */
export function meaningsText(kinds: ReadonlySet<FindingKind>): string {
  if (kinds.size === 0) return '';
  const lines = [...kinds].map((kind) => {
    const { means, now } = findingKinds[kind];
    return `  ${kind}: ${means}\n    ${now}\n`;
  });
  return `\n${lines.join('')}`;
}

export function findingJson(finding: Finding): object {
  const { kind, camera, path, line, expected, found } = finding;
  return { finding: kind, level: levelOf(finding), camera, path, line, expected, found };
}

export function cameraJson(result: CameraResult): object {
  const { camera, tally, hasKey, faults, unreadable, notes } = result;
  const { days, frames, bytes, gaps, reports, proven, keyNotKnown, unsigned } = tally;
  const { recovered, flaws, deleted, late, summarized } = tally;
  return {
    ...{ camera, faults, unreadable, notes, days, frames, bytes, gaps, reports },
    ...{ hasKey, proven, keyNotKnown, unsigned, recovered, flaws, deleted, late, summarized },
  };
}
