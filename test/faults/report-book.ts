/**
 * What an agent stated that its camera did: no number of an entry is used twice, no time is stated twice, and no
 * event ends twice. Pure.
 */

/** A report of the receiver's record or of the spool. */
export interface Report {
  /** (epoch, sequence). */
  readonly id: string;
  readonly epoch: string;
  readonly sequence: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** The camera's clock jumped at `fromMs`. */
  readonly hasStep: boolean;
  /** Ids of the events that ended. */
  readonly ended: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Parses a report from a line of a record, or from an entry of the spool, whose keys are longer. */
export function reportOf(epoch: string, id: string, fields: Fields): Report {
  const ended = Array.isArray(fields.ended) ? (fields.ended as { event: string }[]) : [];
  return {
    ...{ id, epoch, sequence: Number(id.split(' ')[1]) },
    fromMs: Number(fields.from ?? fields.fromMs),
    toMs: Number(fields.to ?? fields.toMs),
    hasStep: (fields.stepped ?? fields.steppedMs) !== undefined,
    ended: ended.map(({ event }) => event),
  };
}

/**
 * @param reports of both sides; one whose acknowledgement was lost is in both
 * @param others (epoch, sequence) of all frames and gap entries
 */
export function auditReports(
  reports: readonly Report[],
  others: readonly string[],
): readonly (readonly [what: string, items: readonly string[]])[] {
  const byId = new Map<string, Report>();
  const different: string[] = [];
  for (const report of reports) {
    const known = byId.get(report.id) ?? report;
    if (JSON.stringify(known) !== JSON.stringify(report)) different.push(report.id);
    byId.set(report.id, report);
  }
  const shared = others.filter((id) => byId.has(id));
  const sorted = [...byId.values()].sort((a, b) => a.sequence - b.sequence);
  const overlapping: string[] = [];
  const last = new Map<string, Report>();
  const ends = new Map<string, number>();
  for (const report of sorted) {
    const before = last.get(report.epoch);
    // The clock of a machine may also step while no agent runs.
    if (before !== undefined && !report.hasStep && report.fromMs < before.toMs) {
      overlapping.push(`${before.id} and ${report.id}`);
    }
    last.set(report.epoch, report);
    for (const event of report.ended) ends.set(event, (ends.get(event) ?? 0) + 1);
  }
  const endedTwice = [...ends].filter(([, times]) => times > 1).map(([event]) => event);
  return [
    ['reports with one number and two contents', different],
    ['numbers of a report and of another entry', shared],
    ['stretches of time that two reports state', overlapping],
    ['events that ended twice', endedTwice],
  ];
}
