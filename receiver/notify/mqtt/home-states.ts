/** What the retained topics of a receiver and its cameras hold now, from the lines of the records and what is open. Pure. */
import { getOrInsertComputed } from '../../../shared/get-or-insert.js';
import type { Group } from '../event-groups.js';
import { type BookState, goneMs } from '../notice-book.js';
import type { BestFrame, EventNotice } from '../notice.js';
import type { Look } from '../observer.js';
import type { FoundLine } from '../record-tail.js';
import {
  type CoverageWord,
  type DiscoverySettings,
  cameraDevice,
  cameraDiscovery,
  receiverDevice,
  receiverDiscovery,
} from './discovery.js';
import { eventMessage } from './event-message.js';
import { cameraTopics, discoveryTopic, receiverTopics } from './topics.js';

/** A text, or the bytes of a frame, which are read when they are sent. */
export type Content =
  { readonly kind: 'text'; readonly text: string } | ({ readonly kind: 'frame' } & StoredFrame);
export type StoredFrame = Pick<BestFrame, 'path' | 'sha256'>;

export interface HomeSettings extends DiscoverySettings {
  /** Discovery prefix. */
  readonly prefix: string;
  /** Shortest time between two newest frames of a camera. */
  readonly newestEveryMs: number;
}

/** Of the captures directory. */
export interface StoreFacts {
  /** Null: a bucket has the captures. */
  readonly freeBytes: number | null;
  readonly stored: number | undefined;
}

interface Newest extends StoredFrame {
  readonly capturedAtMs: number;
}

interface Shown<T> {
  readonly value: T;
  readonly atMs: number;
}

interface CameraFacts {
  /** For discovery. */
  readonly config: string;
  newest: Newest | undefined;
  report: { toMs: number; waiting: number; dropped: number; state: string } | undefined;
  /** The event that is open, or was the last. */
  lastEvent: { text: string; picture: StoredFrame } | undefined;
  shownNewest: Shown<Newest> | undefined;
  /** With what is urgent in it. */
  shownState: Shown<{ text: string; urgent: string }> | undefined;
}

type View = Pick<Look, 'book' | 'now'>;

/** Home Assistant keeps each state: what changes with every frame is published so often. */
const stateEveryMs = 30_000;

export class HomeStates {
  readonly #settings: HomeSettings;
  readonly #cameras = new Map<string, CameraFacts>();
  #store: StoreFacts | undefined;

  constructor(settings: HomeSettings) {
    this.#settings = settings;
  }

  setStore(facts: StoreFacts): void {
    this.#store = facts;
  }

  addLine({ camera, folder, line }: FoundLine): void {
    const facts = this.#of(camera);
    if (line.kind === 'report' && line.toMs >= (facts.report?.toMs ?? -Infinity)) {
      const { toMs, waiting, dropped, state } = line;
      facts.report = { toMs, waiting, dropped, state };
    }
    if (line.kind === 'frame' && line.capturedAtMs >= (facts.newest?.capturedAtMs ?? -Infinity)) {
      const { capturedAtMs, sha256, name } = line;
      facts.newest = { capturedAtMs, sha256, path: `${folder}/${name}` };
    }
  }

  /** @returns by topic, in the order in which they are to be published */
  addLook({ notices, ...view }: Look): ReadonlyMap<string, Content> {
    for (const notice of notices) if (notice.kind === 'event') this.#addEvent(notice);
    const contents = new Map<string, Content>();
    const say = (topic: string, text: string): unknown =>
      contents.set(topic, { kind: 'text', text });
    const { receiver, prefix } = this.#settings;
    const topics = receiverTopics(receiver);
    // A camera names its receiver, which must be known by then.
    const config = JSON.stringify(receiverDiscovery(this.#settings));
    say(discoveryTopic(prefix, receiverDevice(receiver)), config);
    say(topics.status, 'online');
    if (this.#store !== undefined) {
      const { freeBytes, stored = null } = this.#store;
      say(topics.state, JSON.stringify({ freeBytes, stored }));
    }
    for (const [camera, facts] of this.#cameras) {
      say(discoveryTopic(prefix, cameraDevice(receiver, camera)), facts.config);
      this.#addCamera(camera, facts, view, contents);
    }
    return contents;
  }

  #addCamera(camera: string, facts: CameraFacts, view: View, contents: Map<string, Content>): void {
    const { receiver, viewer, hasPicture, hasNewest, newestEveryMs } = this.#settings;
    const topics = cameraTopics(receiver, camera);
    const { monotonicMs } = view.now;
    const open = openGroup(view.book, camera);
    if (open !== undefined) {
      const { best } = open;
      const text = JSON.stringify(eventMessage({ ...open, camera, viewer, phase: 'begin' }));
      facts.lastEvent = { text, picture: best };
    }
    const say = (topic: string, text: string): unknown =>
      contents.set(topic, { kind: 'text', text });
    const show = (topic: string, { path, sha256 }: StoredFrame): unknown =>
      contents.set(topic, { kind: 'frame', path, sha256 });
    say(topics.availability, isSilent(view, camera) ? 'offline' : 'online');
    say(topics.state, this.#stateOf(camera, facts, view, open !== undefined));
    // The picture and the facts are there when the motion is.
    if (facts.lastEvent !== undefined) {
      say(topics.last, facts.lastEvent.text);
      if (hasPicture) show(topics.picture, facts.lastEvent.picture);
    }
    say(topics.motion, open === undefined ? 'OFF' : 'ON');
    // An empty one takes back what an earlier run has left.
    if (!hasPicture) say(topics.picture, '');
    if (!hasNewest) say(topics.newest, '');
    else if (facts.newest !== undefined) {
      const sinceMs = monotonicMs - (facts.shownNewest?.atMs ?? -Infinity);
      if (sinceMs >= newestEveryMs) facts.shownNewest = { value: facts.newest, atMs: monotonicMs };
      show(topics.newest, facts.shownNewest?.value ?? facts.newest);
    }
  }

  #stateOf(camera: string, facts: CameraFacts, view: View, hasMotion: boolean): string {
    const { newest, report } = facts;
    const { monotonicMs } = view.now;
    const known = view.book.cameras[camera];
    const silent = isSilent(view, camera);
    const coverage = coverageOf(silent ? undefined : report?.state, hasMotion);
    const frameMs = newest && newest.capturedAtMs - (known?.clockErrorMs ?? 0);
    const text = JSON.stringify({
      lastFrame: isoOf(frameMs),
      lastHeard: isoOf(known?.arrivedAtMs || undefined),
      ...{ waiting: report?.waiting ?? null, dropped: report?.dropped ?? null, coverage, silent },
    });
    const urgent = `${coverage} ${silent}`;
    const { shownState } = facts;
    const isDue =
      shownState?.value.urgent !== urgent || monotonicMs - shownState.atMs >= stateEveryMs;
    if (isDue) facts.shownState = { value: { text, urgent }, atMs: monotonicMs };
    return facts.shownState?.value.text ?? text;
  }

  #addEvent(notice: EventNotice): void {
    for (const { camera, event } of notice.events) {
      const { viewer } = this.#settings;
      const message = eventMessage({ ...notice, id: event, camera, viewer });
      const { path, sha256 } = notice.best;
      this.#of(camera).lastEvent = { text: JSON.stringify(message), picture: { path, sha256 } };
    }
  }

  #of(camera: string): CameraFacts {
    return getOrInsertComputed(this.#cameras, camera, () => ({
      config: JSON.stringify(cameraDiscovery(camera, this.#settings)),
      ...{ newest: undefined, report: undefined, lastEvent: undefined },
      ...{ shownNewest: undefined, shownState: undefined },
    }));
  }
}

/** Also when it is no news: it was gone before the notices began. */
function isSilent({ book, now }: View, camera: string): boolean {
  const { everyMs, arrivedAtMs = 0, silentSinceMs } = book.cameras[camera] ?? {};
  if (silentSinceMs !== undefined) return true;
  return everyMs !== undefined && now.wallMs - arrivedAtMs > goneMs;
}

interface OpenEvent {
  readonly id: string;
  readonly best: BestFrame;
  readonly fromMs: number;
  readonly toMs: number;
}

function openGroup({ groups }: BookState, camera: string): OpenEvent | undefined {
  for (const { members, best } of groups) {
    const isOpen = (each: Group['members'][number]): boolean =>
      each.camera === camera && !each.isEnded;
    const member = members.find(isOpen);
    if (member === undefined) continue;
    return { id: member.event, best, fromMs: member.firstAtMs, toMs: member.lastAtMs };
  }
  return undefined;
}

/** @param state of the last report; undefined: none covers this moment */
function coverageOf(state: string | undefined, hasMotion: boolean): CoverageWord {
  if (state === undefined) return 'unknown';
  if (state !== 'watching') return 'not watched';
  return hasMotion ? 'changed' : 'quiet';
}

/** JSON's null is unknown in Home Assistant. */
const isoOf = (atMs: number | undefined): string | null =>
  atMs === undefined ? null : new Date(atMs).toISOString();
