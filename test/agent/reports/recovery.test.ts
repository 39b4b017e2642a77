/** What the next process makes of the state that the last one left. */
import { describe, expect, it } from 'vitest';
import { lastKnown, receiverStates } from '../../../agent/reports/recovery.js';
import {
  type ReceiverState,
  type ReportState,
  decodeReportState,
  encodeReportState,
} from '../../../agent/reports/report-state.js';
import { emptyStretch } from '../../../agent/reports/stretch.js';
import { reportEntry } from '../../support/entries.js';
import { morningMs } from './recorder-steps.js';

const stretchOf = (number: number) =>
  emptyStretch({
    ...{ number, state: 'failing', why: 'no camera', utcOffsetMinutes: 60 },
    atMs: morningMs,
  });
const epoch = '0123456789abcdef';
const receiverOf = (...numbers: number[]): ReceiverState => ({
  ...{ epoch, lastSequence: 9, dropped: 0, before: undefined },
  stretches: numbers.map(stretchOf),
});
const stateOf = (changes: Partial<ReportState>): ReportState => ({
  ...{ version: 1, savedAtMs: 1, nextNumber: 8, receivers: {} },
  current: { current: stretchOf(7), sinceComparedMs: 500 },
  ...changes,
});

describe('the state file', () => {
  it('gives back what was written', () => {
    const event = { event: '1', firstAtMs: 1, lastAtMs: 2, hasChange: true, frames: 3 };
    const state = stateOf({
      event: { ...event, seenAtMs: 4, sinceChangeMs: 5 },
      receivers: { laptop_4444: { ...receiverOf(5, 6), before: { epoch, sequence: 3 } } },
      ...{ pauseMs: 6, triedAtMs: 7 },
    });
    expect(decodeReportState(encodeReportState(state))).toEqual(state);
  });

  it.each([
    ['', 'not JSON, or cut off'],
    ['{"version":2}', 'written by another version'],
    ['{"version":1,"savedAtMs":1,"nextNumber":-1,"receivers":{}}', 'invalid nextNumber'],
  ])('rejects %j', (text, reason) => {
    expect(decodeReportState(Buffer.from(text))).toContain(reason);
  });
});

describe('the last known moment', () => {
  it('is that of the state file, unless a report in the spool is as new', () => {
    const saved = stateOf({});
    expect(lastKnown(saved, [reportEntry(5).header])).toBe(saved.current);
    expect(lastKnown(saved, [])).toBe(saved.current);
    for (const number of [7, 8]) {
      const { header } = reportEntry(number);
      const known = lastKnown(saved, [header, reportEntry(2).header])?.current;
      expect(known).toMatchObject({ fromMs: header.toMs, toMs: header.toMs, number: number + 1 });
      expect(known?.state).toBe('watching');
    }
  });

  it('is that of the newest report when there is no state file', () => {
    const reports = [reportEntry(2).header, reportEntry(9).header, reportEntry(4).header];
    expect(lastKnown(undefined, reports)?.current.toMs).toBe(reportEntry(9).header.toMs);
    expect(lastKnown(undefined, [])).toBeUndefined();
  });
});

describe('the stretches of a receiver', () => {
  const saved = { laptop_4444: receiverOf(1, 2), nas_5: receiverOf(3) };

  it('are its own, and those of a removed receiver are kept', () => {
    const states = receiverStates(saved, ['laptop_4444']);
    expect(Object.fromEntries(states)).toEqual(saved);
  });

  it('go on to a new name when the old one is not configured any more', () => {
    const states = receiverStates(saved, ['laptop.local_4444', 'nas_5']);
    expect(Object.fromEntries(states)).toEqual({
      'laptop.local_4444': saved.laptop_4444,
      nas_5: saved.nas_5,
    });
  });

  it('begin empty for a receiver that is added', () => {
    const states = receiverStates(saved, ['laptop_4444', 'nas_5', 'new_6']);
    expect(states.has('new_6')).toBe(false);
  });
});
