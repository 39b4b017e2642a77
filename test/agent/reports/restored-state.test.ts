/** An agent whose state directory is restored from an older copy, and the day that the receiver shows. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CameraDay as ShownDay } from '../../../receiver/archive/camera-day.js';
import { readRecordLine } from '../../../receiver/archive/record-entry.js';
import { reportLine } from '../../../receiver/store/record-line.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { CameraDay, minuteMs } from './camera-day.js';
import { morningMs } from './recorder-steps.js';

const dayStartMs = Date.UTC(2026, 10, 22);

/** The stretches that a report of the day shows; each report has arrived at its end. */
function shown({ received }: CameraDay, epoch: string, nowMs: number): string[] {
  const day = new ShownDay({ fromLocalMs: dayStartMs, toLocalMs: dayStartMs + 24 * 60 * minuteMs });
  for (const { sequence, header } of received) {
    const { type, number, ...report } = header;
    const facts = { camera: 'yard', id: { epoch, sequence }, clockErrorMs: undefined };
    const line = reportLine({ ...facts, report, receivedAtMs: report.toMs + 50 });
    const entry = readRecordLine(line.trim());
    if (entry === undefined)
      throw new Error(`${type} ${number} is not a line of a record: ${line}`);
    day.add(entry);
  }
  const { stretches } = day.result({ nowMs, utcOffsetMinutes: 60, hasOtherDays: false });
  const minute = (ms: number): number => Math.round((ms - morningMs) / minuteMs);
  return stretches
    .filter(({ cause }) => cause !== 'not-yet')
    .map(({ fromMs, toMs, state }) => `${minute(fromMs)} to ${minute(toMs)} ${state}`)
    .slice(1);
}

describe('a state directory that is restored from an older copy', () => {
  it('does not make the receiver show that no agent ran while one did', async () => {
    const camera = new CameraDay();
    const copy = temporaryDirectory();
    await camera.start();
    await camera.link(true);
    await camera.watch(20 * minuteMs);
    await camera.process.reporter.written();
    cpSync(camera.directory, join(copy, 'state'), { recursive: true });
    await camera.watch(20 * minuteMs);
    await camera.stop();
    await camera.clock.advance(20 * minuteMs);
    rmSync(camera.directory, { recursive: true });
    cpSync(join(copy, 'state'), camera.directory, { recursive: true });
    await camera.start();
    await camera.link(true);
    await camera.watch(10 * minuteMs);
    const { epoch } = camera.process.spool;
    await camera.stop();
    // The agent itself cannot know what was reported after the copy.
    const off = camera.received.find(({ header }) => header.state === 'off')?.header;
    expect(off && Math.round((off.toMs - off.fromMs) / minuteMs)).toBe(40);
    expect(shown(camera, epoch, camera.clock.nowMs())).toEqual([
      '0 to 40 quiet',
      '40 to 60 not-watched',
      '60 to 70 quiet',
    ]);
  });
});
