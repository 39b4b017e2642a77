/**
 * Events that are announced and have not ended. Events of several cameras that begin within seconds are one group, and one
 * notice; the group ends when each of them has. Pure.
 */
import type { EndedEvent } from '../../shared/protocol/report-header.js';
import type { BestFrame, EventNotice, Now } from './notice.js';
import { receiverTime } from './receiver-time.js';

/** Shortest time between two notices about a group that goes on. */
const updateEveryMs = 10_000;
/** A frame shows more when its change is this much stronger. */
const strongerBy = 1.2;
/** An event without a frame for so long has ended, also when its camera does not say so. */
const openMs = 10 * 60_000;
/** As `openMs`, of a camera that does not report. */
const openUnreportedMs = 60_000;

interface Member {
  readonly camera: string;
  readonly event: string;
  /** By the receiver's clock. */
  firstAtMs: number;
  lastAtMs: number;
  /** When its last frame arrived, by the receiver's clock. */
  seenAtMs: number;
  isEnded: boolean;
  isCut: boolean;
  frames?: number | undefined;
}

export interface Group {
  readonly id: string;
  /** When it was announced, by the receiver's clock. */
  readonly announcedAtMs: number;
  updatedAtMs: number;
  members: Member[];
  best: BestFrame;
  /** Of the frame that was announced last. */
  announcedStrength: number;
  /** Another camera joined it since it was announced last. */
  hasJoined: boolean;
}

export interface SeenFrame extends BestFrame {
  readonly event: string;
  /** Capture time by the receiver's clock. */
  readonly atMs: number;
}

export class EventGroups {
  readonly open: Group[];
  readonly #emit: (notice: EventNotice) => void;

  /** @param open of an earlier process */
  constructor(open: Group[], emit: (notice: EventNotice) => void) {
    this.open = open;
    this.#emit = emit;
  }

  /** Tells an event that begins, or joins it to one that another camera has just begun. */
  begin(frame: SeenFrame, mergeMs: number, { wallMs }: Now): void {
    const { camera, event, atMs } = frame;
    const member: Member = {
      ...{ camera, event, firstAtMs: atMs, lastAtMs: atMs, seenAtMs: wallMs },
      ...{ isEnded: false, isCut: false, frames: undefined },
    };
    const group = this.open.find(
      ({ announcedAtMs, members }) =>
        Math.abs(wallMs - announcedAtMs) <= mergeMs &&
        members.every((each) => each.camera !== camera),
    );
    if (group !== undefined) {
      group.members.push(member);
      group.hasJoined = true;
      this.#improve(group, frame);
      return;
    }
    const added: Group = {
      ...{
        id: `${camera}/${event}`,
        announcedAtMs: wallMs,
        updatedAtMs: wallMs,
        members: [member],
      },
      ...{ best: bestOf(frame), announcedStrength: frame.strength, hasJoined: false },
    };
    this.open.push(added);
    this.#announce(added, 'begin');
  }

  /** Another frame of an event that is open. */
  seen(frame: SeenFrame, { wallMs }: Now): void {
    const [group, member] = this.#find(frame.camera, frame.event);
    if (group === undefined || member === undefined) return;
    member.firstAtMs = Math.min(member.firstAtMs, frame.atMs);
    member.lastAtMs = Math.max(member.lastAtMs, frame.atMs);
    member.seenAtMs = wallMs;
    this.#improve(group, frame);
  }

  /** @param clockErrorMs the camera's clock minus the receiver's @returns whether the event was open */
  end(camera: string, ended: EndedEvent, clockErrorMs: number): boolean {
    const [group, member] = this.#find(camera, ended.event);
    if (group === undefined || member === undefined) return false;
    member.firstAtMs = Math.min(member.firstAtMs, receiverTime(ended.firstAtMs, clockErrorMs));
    member.lastAtMs = Math.max(member.lastAtMs, receiverTime(ended.lastAtMs, clockErrorMs));
    member.frames = ended.frames;
    this.#close(group, member, ended.isCut === true);
    return true;
  }

  /** Nothing arrives of a camera: its events end here. */
  cut(camera: string): void {
    for (const group of [...this.open]) {
      for (const member of group.members) {
        if (member.camera === camera && !member.isEnded) this.#close(group, member, true);
      }
    }
  }

  /** @param doesReport whether a camera says when an event ends */
  tick({ wallMs }: Now, doesReport: (camera: string) => boolean): void {
    for (const group of [...this.open]) {
      for (const member of group.members) {
        const limitMs = doesReport(member.camera) ? openMs : openUnreportedMs;
        if (!member.isEnded && wallMs - member.seenAtMs > limitMs) this.#close(group, member, true);
      }
      if (!this.open.includes(group) || wallMs - group.updatedAtMs < updateEveryMs) continue;
      const isStronger = group.best.strength > group.announcedStrength * strongerBy;
      if (!isStronger && !group.hasJoined) continue;
      group.updatedAtMs = wallMs;
      group.announcedStrength = group.best.strength;
      group.hasJoined = false;
      this.#announce(group, 'update');
    }
  }

  #find(camera: string, event: string): [Group, Member] | [] {
    for (const group of this.open) {
      const member = group.members.find((each) => each.camera === camera && each.event === event);
      if (member !== undefined && !member.isEnded) return [group, member];
    }
    return [];
  }

  #improve(group: Group, frame: SeenFrame): void {
    if (frame.strength > group.best.strength) group.best = bestOf(frame);
  }

  #close(group: Group, member: Member, isCut: boolean): void {
    member.isEnded = true;
    member.isCut = isCut;
    if (group.members.some(({ isEnded }) => !isEnded)) return;
    this.open.splice(this.open.indexOf(group), 1);
    this.#announce(group, 'end');
  }

  #announce({ id, members, best }: Group, phase: EventNotice['phase']): void {
    const counts = members.map(({ frames }) => frames);
    const isCounted = counts.every((count) => count !== undefined);
    this.#emit({
      ...{ kind: 'event', phase, id, best },
      events: members.map(({ camera, event }) => ({ camera, event })),
      fromMs: Math.min(...members.map(({ firstAtMs }) => firstAtMs)),
      toMs: Math.max(...members.map(({ lastAtMs }) => lastAtMs)),
      frames: isCounted ? counts.reduce((sum, count) => sum + count, 0) : undefined,
      isCut: members.some((member) => member.isCut),
    });
  }
}

function bestOf({ camera, path, capturedAtMs, utcOffsetMinutes, ...frame }: SeenFrame): BestFrame {
  const { sha256, strength, ratio, boxes } = frame;
  return { camera, path, capturedAtMs, utcOffsetMinutes, sha256, strength, ratio, boxes };
}
