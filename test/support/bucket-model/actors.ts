/** Who uses the bucket of a model: agents, and people who type commands. */
import { createHash } from 'node:crypto';
import type { FrameToStore } from '../../../receiver/store/store-port.js';
import { type Entry, type Model, dayMs, days, firstMs, labelOf } from './model.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** More than a receiver joins into one object. */
const denseFrames = 70;

/** Sends frames of each day, and a gap or report after them, as a camera that may be cut off for hours. */
export async function agent(model: Model, epoch: string): Promise<void> {
  const { schedule } = model;
  for (const entry of entriesOf(model, epoch)) {
    await model.deliver(entry);
    if (schedule.random() < 0.15) await model.deliver(entry);
    const isAway = schedule.random() < 0.1;
    const longestMs = isAway ? schedule.oneOf([minuteMs, 5 * hourMs, 30 * hourMs]) : 3000;
    await schedule.sleep(schedule.random() * longestMs);
  }
}

/** Both agents capture at the same times: names are taken. */
function entriesOf(model: Model, epoch: string): Entry[] {
  const entries: Entry[] = [];
  const add = (make: (id: Entry['id']) => Omit<Entry, 'id' | 'label'>): void => {
    const id = { epoch, sequence: entries.length + 1 };
    entries.push({ ...make(id), id, label: labelOf(id) } as Entry);
  };
  for (let day = 0; day < days; day += 1) {
    const startMs = firstMs + day * dayMs;
    const isDense = model.isDense && day === 1;
    for (let number = 0; number < (isDense ? denseFrames : 3); number += 1) {
      const atMs = startMs + number * (isDense ? 3000 : minuteMs);
      add((id) => ({ kind: 'frame', frame: frameAt(id, atMs) }));
    }
    add((id) => lineAt(model, id, startMs + 10 * minuteMs));
  }
  return entries;
}

function frameAt(id: Entry['id'], capturedAtMs: number): FrameToStore {
  const jpeg = Buffer.from(`a picture of ${id.epoch} ${id.sequence} ${capturedAtMs}`);
  return {
    ...{ camera: 'yard', jpeg, sha256: createHash('sha256').update(jpeg).digest('hex'), id },
    ...{ capturedAtMs, receivedAtMs: capturedAtMs, utcOffsetMinutes: 0, verdict: undefined },
  };
}

/** Of a gap or a report. */
function lineAt({ schedule }: Model, id: Entry['id'], atMs: number) {
  const common = { camera: 'yard', id, receivedAtMs: atMs, utcOffsetMinutes: 0 };
  if (schedule.random() < 0.5) {
    const times = { capturedAtMs: atMs, lastCapturedAtMs: atMs };
    return { kind: 'gap', gap: { ...common, ...times, count: 2, why: 'size' } } as const;
  }
  const report = {
    ...{ fromMs: atMs - minuteMs, toMs: atMs, utcOffsetMinutes: 0, everyMs: minuteMs },
    ...{ state: 'watching', compared: 60, changed: 0, skipped: 0, waiting: 0, dropped: 0 },
  } as const;
  const facts = { ...common, capturedAtMs: atMs - 1, clockErrorMs: undefined, report };
  return { kind: 'report', report: facts } as const;
}

/** Sends what was acknowledged again, at any time, and kills a receiver now and then. */
export async function repeater(model: Model): Promise<void> {
  const { schedule } = model;
  for (let count = 0; count < 20; count += 1) {
    await schedule.sleep(schedule.random() * schedule.oneOf([1000, minuteMs, minuteMs, hourMs]));
    const isLine = schedule.random() < 0.5;
    const all = [...model.acknowledged.values()];
    const known = all.filter(({ entry }) => (entry.kind === 'frame') !== isLine);
    if (known.length > 0) await model.deliver(schedule.oneOf(known).entry);
    if (schedule.random() < 0.1) model.killReceiver(schedule.pick(2));
  }
}

/** Frames whose line is on its way, and what a sweep removes, may be met by a check. */
const passing = ['no-line', 'unfinished-deletion', 'missing-entries', 'begins-late'];

const works: readonly ((model: Model) => Promise<void>)[] = [
  (model) => model.sweep(),
  (model) => {
    const { schedule } = model;
    const last = [...model.acknowledged.values()].at(-1)?.entry;
    // Of a frame that was just stored, or is being stored.
    const lastMs = last?.kind === 'frame' ? last.frame.capturedAtMs : firstMs;
    const anyMs = firstMs + schedule.pick(days) * dayMs + schedule.pick(3) * minuteMs;
    const fromMs = schedule.random() < 0.7 ? lastMs : anyMs;
    return model.erase(fromMs, fromMs + (1 + schedule.pick(2)) * minuteMs + 1);
  },
  async (model) => {
    const known = [...model.acknowledged.values()].filter(({ entry }) => entry.kind === 'frame');
    const kind = model.schedule.random() < 0.8 ? 'kept' : 'unkept';
    if (known.length > 0) await model.keep(model.schedule.oneOf(known).name, kind);
  },
  (model) => model.copy(),
  (model) => model.verify(passing),
  ({ schedule }) =>
    schedule.sleep(schedule.oneOf([minuteMs, 11 * minuteMs, 2 * hourMs, 26 * hourMs])),
];

/** Types one command after the other. */
export async function operator(model: Model): Promise<void> {
  const { schedule } = model;
  const count = 2 + schedule.pick(4);
  for (let step = 0; step < count; step += 1) {
    await schedule.sleep(schedule.random() * 5000);
    await schedule.oneOf(works)(model);
  }
}
