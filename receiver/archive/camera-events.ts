/** The events of a camera, from its frames and from the reports of their ends. Pure. */
import { getOrInsertComputed } from '../../shared/get-or-insert.js';
import type { EndedEvent } from '../../shared/protocol/report-header.js';

export interface DayEvent {
  readonly event: string;
  /** Capture times of its first and last changed frame. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** As its agent counts them, once it has ended. */
  readonly frames: number;
  /** `cut`: the agent was killed in it; `unknown`: the camera does not report ends. */
  readonly state: 'open' | 'ended' | 'cut' | 'unknown';
}

interface Known {
  firstAtMs: number;
  lastAtMs: number;
  frames: number;
  ended: EndedEvent | undefined;
}

export class CameraEvents {
  readonly #events = new Map<string, Known>();

  /** Of frames around the changes only the number counts. */
  addFrame(event: string, capturedAtMs: number, isChanged: boolean): void {
    const [firstAtMs, lastAtMs] = isChanged ? [capturedAtMs, capturedAtMs] : [Infinity, -Infinity];
    this.addFrames(event, { firstAtMs, lastAtMs, frames: 1 });
  }

  /** Several frames; the times are those of the changes among them. */
  addFrames(event: string, frames: Pick<Known, 'firstAtMs' | 'lastAtMs' | 'frames'>): void {
    const known = this.#of(event);
    known.frames += frames.frames;
    known.firstAtMs = Math.min(known.firstAtMs, frames.firstAtMs);
    known.lastAtMs = Math.max(known.lastAtMs, frames.lastAtMs);
  }

  addEnd(ended: EndedEvent): void {
    this.#of(ended.event).ended = ended;
  }

  /** First and last change of each; a clock that went back in it makes the last one the earlier. */
  spans(): [firstAtMs: number, lastAtMs: number][] {
    return [...this.#events.values()].flatMap((known) => {
      const span = spanOf(known);
      return span === undefined ? [] : [span];
    });
  }

  /** Those with a change in a stretch of time, by their start. */
  between(fromMs: number, toMs: number, doesReport: boolean): DayEvent[] {
    const events = [...this.#events].flatMap(([event, known]): DayEvent[] => {
      const span = spanOf(known);
      if (span === undefined || span[0] >= toMs || span[1] < fromMs) return [];
      const [firstAtMs, lastAtMs] = span;
      const { ended } = known;
      const open = doesReport ? 'open' : 'unknown';
      const state = ended === undefined ? open : ended.isCut === true ? 'cut' : 'ended';
      return [{ event, firstAtMs, lastAtMs, frames: ended?.frames ?? known.frames, state }];
    });
    return events.sort((a, b) => a.firstAtMs - b.firstAtMs);
  }

  #of(event: string): Known {
    return getOrInsertComputed(this.#events, event, () => ({
      ...{ firstAtMs: Infinity, lastAtMs: -Infinity, frames: 0, ended: undefined },
    }));
  }
}

/** @returns undefined: only frames around its changes are known */
function spanOf({ firstAtMs, lastAtMs, ended }: Known): [number, number] | undefined {
  const times = ended === undefined ? [firstAtMs, lastAtMs] : [ended.firstAtMs, ended.lastAtMs];
  const span: [number, number] = [Math.min(...times), Math.max(...times)];
  return Number.isFinite(span[0]) && Number.isFinite(span[1]) ? span : undefined;
}
