/** What decides which notices there are. */

/** A part of each day, in minutes since midnight; it may go over midnight. */
export interface QuietHours {
  readonly fromMinute: number;
  readonly toMinute: number;
}

export interface NoticeSettings {
  /** A frame that comes later after its capture raises no alarm. */
  readonly lateAfterMs: number;
  /** Time without an entry after which a camera that reports is silent; undefined: three of its reports. */
  readonly silentAfterMs: number | undefined;
  /** Shortest time between the begin of two alarms of a camera. */
  readonly cooldownMs: number;
  /** Events of several cameras that begin within this time are one notice. */
  readonly mergeMs: number;
  /** Events that begin in them are not announced; silence is. */
  readonly quiet: QuietHours | undefined;
}

/** Reports that a camera may miss until it is silent. */
const missedReports = 3;
/** A camera that reports more often may still pause for so long. */
const minEveryMs = 10_000;

/** @param everyMs time between two reports of the camera */
export function patienceMs(
  { silentAfterMs }: Pick<NoticeSettings, 'silentAfterMs'>,
  everyMs: number,
): number {
  return silentAfterMs ?? missedReports * Math.max(everyMs, minEveryMs);
}

/** @param minute of the day, by local time */
export function isQuiet(quiet: QuietHours | undefined, minute: number): boolean {
  if (quiet === undefined) return false;
  const { fromMinute, toMinute } = quiet;
  if (fromMinute <= toMinute) return minute >= fromMinute && minute < toMinute;
  return minute >= fromMinute || minute < toMinute;
}
