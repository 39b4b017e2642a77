/**
 * A store in memory, as strict as the port allows: the model that the other stores are compared with. Several stores
 * share one memory, as several processes share a directory or a bucket.
 */
import { createHash, randomBytes } from 'node:crypto';
import { OperationalError } from '../../../shared/cli/errors.js';
import {
  clockedPath,
  isPlausibleClock,
  numberedName,
  unclockedFolder,
  unclockedPath,
} from '../../../shared/protocol/frame-path.js';
import { type Erasure, isErased } from '../../../receiver/store/erasures.js';
import {
  frameKey,
  frameLine,
  gapKey,
  gapLine,
  reportKey,
  reportLine,
} from '../../../receiver/store/record-line.js';
import { type KeptNote, noteLine } from '../../../receiver/store/store-note.js';
import type { Erased } from '../../../receiver/archive/erase-stretch.js';
import type { KeepTarget, KeepWish } from '../../../receiver/archive/retention/keep.js';
import { type StoredCaptures, isInRange } from '../../../receiver/store/stored-captures.js';
import type { FrameStore, FrameToStore, StoredFrame } from '../../../receiver/store/store-port.js';

interface Held {
  readonly key: string | undefined;
  /** Undefined: deleted on purpose. */
  jpeg: Buffer | undefined;
  readonly sha256: string;
  readonly id: FrameToStore['id'];
  readonly event: string | undefined;
  readonly moment: Pick<FrameToStore, 'capturedAtMs' | 'utcOffsetMinutes'>;
}

export type Fault = 'fails' | 'is cut in the middle' | 'is cut before the answer';

export class Memory implements StoredCaptures {
  readonly id = randomBytes(16).toString('hex');
  readonly #frames = new Map<string, Held>();
  readonly #records = new Map<string, { key: string; text: string }[]>();
  readonly #erasures: Erasure[] = [];
  /** Of the next write. */
  fault: Fault | undefined;
  onCut: () => void = () => undefined;

  open(): FrameStore {
    return {
      id: this.id,
      put: (frame) => this.#put(frame),
      recordGap: (gap) => this.#record(dayOf(gap), gapKey(gap), gapLine(gap)),
      recordReport: (report) => this.#record(dayOf(report), reportKey(report), reportLine(report)),
      lock: () => Promise.resolve({ release: () => Promise.resolve() }),
      close: () => Promise.resolve(),
    };
  }

  async cameras() {
    const paths = [...this.#frames.keys(), ...this.#records.keys()];
    return await Promise.resolve(
      [...new Set(paths.map((path) => path.split('/')[0] ?? ''))].sort(),
    );
  }

  async days(camera: string) {
    const ofFrames = [...this.#frames.keys()].map((path) => path.slice(0, path.lastIndexOf('/')));
    const all = [...new Set([...ofFrames, ...this.#records.keys()])].sort();
    return await Promise.resolve(all.filter((day) => day.startsWith(`${camera}/`)));
  }

  async frames(day: string, range?: Parameters<StoredCaptures['frames']>[1]) {
    const files = [...this.#frames].flatMap(([path, { jpeg }]) => {
      const name = path.slice(day.length + 1);
      const isIn = path.startsWith(`${day}/`) && !name.includes('/') && isInRange(name, range);
      return isIn && jpeg !== undefined ? [{ name, byteCount: jpeg.length }] : [];
    });
    return await Promise.resolve(files.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  async readFrame(path: string) {
    return await Promise.resolve(this.#frames.get(path)?.jpeg);
  }

  async readRecord(day: string) {
    const lines = this.#records.get(day) ?? [];
    return await Promise.resolve(Buffer.from(lines.map(({ text }) => text).join('')));
  }

  async erasures(camera: string) {
    return await Promise.resolve(this.#erasures.filter((each) => each.camera === camera));
  }

  async deleteFrames(day: string, names: readonly string[], atMs: number): Promise<void> {
    const [camera = ''] = day.split('/');
    const held = names.map((name) => this.#frames.get(`${day}/${name}`));
    const byteCount = held.reduce((sum, each) => sum + (each?.jpeg?.length ?? 0), 0);
    const note = { kind: 'deleted', camera, atMs, why: 'max-age', names, byteCount } as const;
    await this.#record(day, randomBytes(8).toString('hex'), noteLine(note));
    for (const each of held) if (each !== undefined) each.jpeg = undefined;
  }

  async keep(target: KeepTarget, { kind, note, atMs }: KeepWish): Promise<void> {
    const { camera } = target;
    const common = { kind, camera, atMs, note };
    const days = new Map<string, KeptNote>();
    for (const [path, { event, jpeg }] of this.#frames) {
      const [day, name] = [path.slice(0, path.lastIndexOf('/')), path.split('/').at(-1) ?? ''];
      if (jpeg === undefined || !path.startsWith(`${camera}/`)) continue;
      if (target.kind === 'file' && day === target.day && name === target.name) {
        days.set(day, { ...common, names: [name] });
      } else if (target.kind === 'event' && event === target.event) {
        days.set(day, { ...common, event: target.event });
      }
    }
    if (days.size === 0) throw new OperationalError('STORE', 'there is nothing to keep in memory');
    for (const [day, each] of days) {
      await this.#record(day, randomBytes(8).toString('hex'), noteLine(each));
    }
  }

  async erase(erasure: Erasure): Promise<Erased> {
    this.#erasures.push(erasure);
    const { camera, atMs } = erasure;
    let [frames, byteCount, days] = [0, 0, 0];
    for (const day of await this.days(camera)) {
      const erased = [...this.#frames].filter(
        ([path, { moment }]) => path.startsWith(`${day}/`) && isErased([erasure], moment),
      );
      const there = erased.filter(([, { jpeg }]) => jpeg !== undefined);
      for (const [path, { id, moment, jpeg }] of there) {
        frames += 1;
        byteCount += jpeg?.length ?? 0;
        const { capturedAtMs } = moment;
        const entries =
          id === undefined
            ? []
            : [{ epoch: id.epoch, ranges: [[id.sequence, id.sequence]] as const }];
        const summary = { fromMs: capturedAtMs, toMs: capturedAtMs, why: 'erased', frames: 1 };
        const counts = { byteCount: jpeg?.length ?? 0, gaps: 0, reports: 0, entries };
        const note = noteLine({ kind: 'summary', camera, atMs, ...summary, ...counts });
        const own = `frame ${path.slice(day.length + 1)}`;
        const rest = (this.#records.get(day) ?? []).filter(({ key }) => key !== own);
        this.#records.set(day, [...rest, { key: randomBytes(8).toString('hex'), text: note }]);
      }
      for (const [, held] of there) held.jpeg = undefined;
      if (there.length > 0) days += 1;
    }
    return { frames, byteCount, days, left: [] };
  }

  async #put(frame: FrameToStore): Promise<StoredFrame> {
    const { camera, id, sha256, capturedAtMs, jpeg } = frame;
    const fault = this.#takeFault();
    if (fault === 'is cut in the middle') return await this.#cut();
    if (createHash('sha256').update(jpeg).digest('hex') !== sha256) throw new Error('wrong hash');
    const erasures = this.#erasures.filter((each) => each.camera === camera);
    const { folder, stem } = pathOf(frame);
    if (id !== undefined && isErased(erasures, frame)) {
      const note = { kind: 'late', camera, atMs: frame.receivedAtMs, ...id, capturedAtMs } as const;
      return await this.#record(folder, `late ${frameKey(id, capturedAtMs)}`, noteLine(note));
    }
    const key = id && frameKey(id, capturedAtMs);
    const known = [...this.#frames].find(
      ([path, held]) =>
        key !== undefined &&
        held.key === key &&
        held.sha256 === sha256 &&
        path.startsWith(`${camera}/`),
    );
    if (known !== undefined) return { name: known[0], duplicate: true };
    let number = 1;
    while (this.#frames.has(`${folder}/${numberedName(stem, number)}`)) number += 1;
    const name = numberedName(stem, number);
    const facts = { id, event: frame.verdict?.event, moment: frame };
    this.#frames.set(`${folder}/${name}`, { key, sha256, jpeg: Buffer.from(jpeg), ...facts });
    const text = frameLine({ ...frame, name, byteCount: jpeg.length, size: undefined });
    if (fault === 'is cut before the answer') return await this.#cut();
    await this.#record(folder, `frame ${name}`, text);
    return { name: `${folder}/${name}`, duplicate: false };
  }

  async #record(day: string, key: string, text: string): Promise<StoredFrame> {
    const name = `${day}/record.jsonl`;
    const fault = this.#takeFault();
    if (fault === 'is cut in the middle') return await this.#cut();
    const camera = day.split('/')[0] ?? '';
    const isUnclocked = day.startsWith(`${unclockedFolder(camera)}/`);
    for (const [other, lines] of this.#records) {
      const isSearched =
        other === day || (isUnclocked && other.startsWith(unclockedFolder(camera)));
      if (isSearched && lines.some((line) => line.key === key)) {
        return { name: `${other}/record.jsonl`, duplicate: true };
      }
    }
    this.#records.set(day, [...(this.#records.get(day) ?? []), { key, text }]);
    if (fault === 'is cut before the answer') return await this.#cut();
    return await Promise.resolve({ name, duplicate: false });
  }

  #takeFault(): Fault | undefined {
    const { fault } = this;
    this.fault = undefined;
    if (fault === 'fails') throw new OperationalError('STORE', 'no room in memory: injected');
    return fault;
  }

  /** The process is killed: it never answers. */
  #cut(): Promise<never> {
    this.onCut();
    return new Promise(() => undefined);
  }
}

type Placed = Pick<
  FrameToStore,
  'camera' | 'capturedAtMs' | 'receivedAtMs' | 'utcOffsetMinutes' | 'id'
>;

function pathOf(entry: Placed) {
  const { camera, id, capturedAtMs, receivedAtMs, utcOffsetMinutes } = entry;
  if (id === undefined || isPlausibleClock(capturedAtMs)) return clockedPath(camera, entry);
  const arrival = { capturedAtMs: receivedAtMs, utcOffsetMinutes };
  return unclockedPath(camera, id.epoch, id.sequence, arrival);
}

const dayOf = (entry: Placed): string => pathOf(entry).folder;
