/** What the doctor says of notices. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeNotifyState } from '../../../../receiver/notify/notify-state.js';
import { notifyFindings } from '../../../../receiver/setup/doctor/notify-findings.js';
import type { UnitState } from '../../../../shared/setup/doctor/unit-state.js';
import type { Notice } from '../../../../receiver/notify/notice.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const units: readonly UnitState[] = [
  {
    ...{ name: 'picchanged-notify.service', active: 'active', sub: 'running', enabled: 'enabled' },
    ...{ statusText: '', restarts: 0, result: 'success', sinceMs: undefined },
    ...{ connections: undefined, listen: [], runtimeDirectory: undefined, script: undefined },
  },
];
const late: Notice = {
  ...{ kind: 'late', phase: 'end', id: 'a', camera: 'yard', count: 1, fromMs: 0, toMs: 1 },
};
const book = { cameras: {}, groups: [], problems: [] };

describe('the notices', () => {
  it('are none without their service', async () => {
    expect(await notifyFindings([], temporaryDirectory(), {})).toEqual([]);
  });

  it('are well when none waits, and not when one does', async () => {
    const state = temporaryDirectory();
    expect(await notifyFindings(units, state, {})).toMatchObject([{ level: 'ok' }]);
    await writeNotifyState(state, { records: {}, book, waiting: { 'ntfy at nas': [late], b: [] } });
    expect(await notifyFindings(units, state, {})).toMatchObject([
      { level: 'warning', says: '1 notice not taken by ntfy at nas' },
    ]);
    writeFileSync(join(state, 'notices.json'), '{');
    expect(await notifyFindings(units, state, {})).toMatchObject([{ level: 'warning' }]);
  });

  it('are those for the broker too, while one is named', async () => {
    const state = temporaryDirectory();
    const below = join(state, 'mqtt');
    mkdirSync(below);
    await writeNotifyState(below, { records: {}, book, waiting: { 'MQTT broker': [late, late] } });
    expect(await notifyFindings(units, state, {})).toMatchObject([{ level: 'ok' }]);
    const settings = { RECEIVER_MQTT: 'mqtt://nas' };
    expect(await notifyFindings(units, state, settings)).toMatchObject([
      { level: 'warning', says: '2 notices not taken by MQTT broker' },
    ]);
  });
});
