/** Compares the promises with the contents of the disks. Pure. */
import type { Tally } from './camera.js';
import { readGaps } from './gap-book.js';
import type { Captures, Gap, SpoolContents } from './inventory.js';
import { auditReports } from './report-book.js';

export interface Books {
  /** Frames that the camera made. */
  readonly put: Tally;
  /** Frames that the agent declared. */
  readonly declared: Tally;
  /** By (epoch, sequence), the SHA-256 of the frames that the receiver acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly captures: Captures;
  readonly spool: SpoolContents;
  /** By (epoch, sequence), the gaps that the proxy recorded. */
  readonly overheard: ReadonlyMap<string, Gap>;
  /** Number of killed processes: each may leave unfinished files. */
  readonly kills: number;
  /** How often the receiver's disk failed: it may have refused to remove unfinished files. */
  readonly diskFaults: number;
  /** True where one side is 0.1.0, whose gaps have no sequences. */
  readonly mayOmitSequences: boolean;
}

/** Frames that a receiver writes at once; a later start removes their files. */
const unfinishedPerKill = 8;

/** A frame and a gap entry whose sequences were assigned when the agent was killed. */
const holesPerKill = 2;

/** A sentence for each broken promise, with the names of the first few frames. */
export function audit(books: Books): string[] {
  const { put, declared, acknowledged, captures, spool, kills, diskFaults } = books;
  const stored = tallyOf(captures.stored.map(({ sha256 }) => sha256));
  const keptFrames = [...spool.waiting, ...spool.rejected];
  const kept = tallyOf(keptFrames.map(({ sha256 }) => sha256));
  const reports = [...captures.reports, ...spool.reports];
  const gaps = readGaps({
    ...books,
    gaps: [...captures.gaps, ...spool.gaps],
    kept: keptFrames.map(({ id }) => id),
    stored: captures.recorded.map(({ id }) => id),
    reports: reports.map(({ id }) => id),
  });
  const others = [...captures.recorded, ...keptFrames, ...captures.gaps, ...spool.gaps];
  const wrongReports = auditReports(
    reports,
    others.map(({ id }) => id),
  );
  const at = (tally: Tally, sha256: string): number => tally.get(sha256) ?? 0;
  const acked = tallyOf([...acknowledged.values()]);

  const missing = excess(declared, (sha256) => at(stored, sha256) + at(kept, sha256));
  const lost = missing.slice(0, Math.max(0, missing.length - gaps.counted));
  const unacked = excess(acked, (sha256) => at(stored, sha256));
  const foreign = captures.stored.filter(({ sha256 }) => !put.has(sha256));
  const foreignNames = foreign.map(({ name, damage }) => `${name} (${damage ?? 'a whole JPEG'})`);
  const twice = excess(stored, (sha256) => at(put, sha256)).filter((sha256) => put.has(sha256));
  const twiceNames = captures.stored
    .filter(({ sha256 }) => twice.includes(sha256))
    .map(({ name }) => name);
  const names = new Map<string, Set<string>>();
  for (const { id, name } of captures.recorded)
    names.set(id, (names.get(id) ?? new Set()).add(name));
  // Two processes that receive the same frame at once may both write a line for the same file.
  const twoNames = [...names].flatMap(([id, all]) =>
    all.size > 1 ? [[id, ...all].join(' ')] : [],
  );
  const files = new Set(captures.recorded.map(({ name }) => name));
  const unrecorded = captures.stored.filter(({ name }) => !files.has(name));
  const tooMany = captures.unfinished.slice(unfinishedPerKill * (kills + diskFaults));
  return [
    ...complaint('declared and neither stored, waiting, set aside nor counted', lost),
    ...[...gaps.wrong, ...wrongReports].flatMap(([what, items]) => complaint(what, items)),
    ...complaint('sequences in no book', gaps.holes.slice(holesPerKill * kills)),
    ...complaint('acknowledged and not stored', unacked),
    ...complaint('under a final name and no frame of the camera', foreignNames),
    ...complaint('stored more often than the camera made it', twiceNames),
    ...complaint('recorded under two names', twoNames),
    ...complaint(
      'stored and not recorded',
      unrecorded.map(({ name }) => name),
    ),
    ...complaint('files that nobody should have left', captures.unexpected),
    ...complaint('unfinished files beyond what kills and failing disks explain', tooMany),
    ...complaint('unfinished files in the spool of an agent that has ended', spool.unfinished),
  ];
}

function tallyOf(items: readonly string[]): Tally {
  const tally: Tally = new Map();
  for (const item of items) tally.set(item, (tally.get(item) ?? 0) + 1);
  return tally;
}

/** Each item of the tally, as often as it exceeds the allowed count. */
function excess(tally: Tally, allowed: (item: string) => number): string[] {
  return [...tally].flatMap(([item, found]) =>
    Array.from({ length: Math.max(0, found - allowed(item)) }, () => item),
  );
}

function complaint(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, 3).join(', ');
  return [`${items.length} ${what}: ${shown}${items.length > 3 ? ', …' : ''}`];
}
