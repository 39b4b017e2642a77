/**
 * Two or three receivers, agents that repeat, sweeps, erasures, kept frames, copies and checks on one bucket, in the order
 * that a seed decides, with kills, standstills and lost answers between any two requests: afterwards each acknowledged
 * frame is there once, with its line, or is gone on purpose; nothing that is gone comes back, nothing that is kept goes;
 * verify finds nothing, in the bucket and in a copy of it.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { agent, operator, repeater } from '../../../support/bucket-model/actors.js';
import { Model, dayMs } from '../../../support/bucket-model/model.js';
import { brokenPromises, lookAt } from '../../../support/bucket-model/promises.js';

const epochs = ['aa'.repeat(16), 'bb'.repeat(16)];
const { BUCKET_SEED = '1', BUCKET_SEEDS = '16' } = process.env;
const seeds = Array.from({ length: Number(BUCKET_SEEDS) }, (_, at) => Number(BUCKET_SEED) + at);
/** Limits that delete nothing more. */
const longMs = 300 * dayMs;
const hourMs = 3_600_000;

// Leases are renewed by the clock of the schedule.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

async function act(model: Model): Promise<void> {
  const { schedule } = model;
  await schedule.run(model.start(2 + schedule.pick(2)));
  schedule.chances = {
    kill: schedule.oneOf([0, 0.002, 0.01]),
    fault: schedule.oneOf([0, 0.002, 0.01]),
    stand: schedule.oneOf([0, 0.02]),
  };
  const operators = Array.from({ length: 1 + schedule.pick(3) }, () => operator(model));
  const agents = epochs.map((epoch) => agent(model, epoch));
  await schedule.run(Promise.all([...agents, repeater(model), ...operators]));
  schedule.chances = { kill: 0, fault: 0, stand: 0 };
  // What was given up is carried out by then.
  await schedule.run(schedule.sleep(60_000));
  vi.clearAllTimers();
}

/** What was left half done is finished; days are tidied until nothing is left of those that are gone. */
async function settle(model: Model): Promise<void> {
  const { schedule } = model;
  await schedule.run(model.sweep());
  await schedule.run(model.verify([]));
  for (const pauseMs of [3 * dayMs, 2 * hourMs, 1.1 * dayMs]) {
    await schedule.run(schedule.sleep(pauseMs));
    await schedule.run(model.sweep(longMs));
  }
  for (const { entry } of [...model.acknowledged.values()].slice(0, 12)) {
    await schedule.run(model.deliver(entry));
  }
}

/** @returns what of the bucket is not in a new copy of it, as sentences */
async function missingInCopy(model: Model): Promise<string[]> {
  const { schedule } = model;
  await schedule.run(model.copy());
  // A copy takes a frame whose line is not written yet.
  await schedule.run(model.verify(['no-line'], model.copyBucket));
  const own = await schedule.run(lookAt(model, model.bucket));
  const copied = await schedule.run(lookAt(model, model.copyBucket));
  const frames = [...own.frames.keys()].filter((label) => copied.frames.get(label)?.length !== 1);
  const lines = [...own.lines.keys()].filter((label) => copied.lines.get(label)?.length !== 1);
  return [
    ...frames.map((label) => `the copy does not have ${label} once`),
    ...lines.map((label) => `the copy does not have the line of ${label} once`),
  ];
}

describe('receivers and commands on one bucket', () => {
  it.each(seeds)('keep each promise in any order: seed %i', async (seed) => {
    const model = new Model(seed);
    try {
      await act(model);
      await settle(model);
      await model.schedule.run(model.verify([]));
      const found = await model.schedule.run(lookAt(model, model.bucket));
      const broken = brokenPromises(model, found);
      if (model.hasCopied) broken.push(...(await missingInCopy(model)));
      expect([...broken, ...model.findings]).toEqual([]);
      expect(model.acknowledged.size).toBeGreaterThan(20);
    } catch (error) {
      console.error(`the steps of seed ${seed}:\n${model.schedule.log.join('\n')}`);
      throw error;
    }
  });
});
