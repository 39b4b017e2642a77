/** Prints a camera's day as JSON, for programs: docs/report.md has its keys. Pure. */
import type { CameraReport } from './captures-reader.js';

/** Gaps and stretches that are listed; all are in the sums. */
const maxListed = 10_000;

export function reportJson(report: CameraReport): object {
  const { camera, fromMs, toMs, offsets, doesReport, stretches, durationsMs } = report;
  const { frames, unclockedFrames, proofs, flawedOthers, reported, events, gaps } = report;
  const {
    deletedFrames,
    summaries,
    missing,
    clockSteps,
    everyMs,
    clockErrorMs,
    waiting,
    lastArrivalMs,
    silentSinceMs,
  } = report;
  return {
    ...{ camera, fromMs, toMs, offsets, doesReport },
    stretches: stretches.slice(0, maxListed),
    ...{ durationsMs, frames, unclockedFrames, proofs, flawedOthers, reported },
    // Outside of a camera's own lines an event is CAMERA/ID.
    events: events
      .slice(0, maxListed)
      .map((each) => ({ ...each, event: `${camera}/${each.event}` })),
    gaps: gaps.slice(0, maxListed),
    ...{ deletedFrames, summaries },
    ...{ missing, clockSteps, everyMs, clockErrorMs, waiting, lastArrivalMs, silentSinceMs },
    ...{ skippedLines: report.skippedLines, problems: report.problems },
  };
}
