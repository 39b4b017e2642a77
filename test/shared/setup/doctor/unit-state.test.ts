import { describe, expect, it } from 'vitest';
import { describeUnit, unitFindings } from '../../../../shared/setup/doctor/machine-findings.js';
import { readUnitStates, unitStates } from '../../../../shared/setup/doctor/unit-state.js';

const shown = `Id=picchanged-watch.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
StatusText=12 frames seen = a lot
NRestarts=2
Result=success
ActiveEnterTimestamp=@1763800000

Id=surveillance.socket
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=enabled
Result=trigger-limit-hit
ActiveEnterTimestamp=@1763800000
Accept=yes
NConnections=3
Listen=[::]:4444 (Stream)
Listen=127.0.0.1:5 (Stream)

Id=other.service
LoadState=not-found
ActiveState=inactive

Id=picchanged.timer
LoadState=loaded
ActiveState=inactive
SubState=dead
UnitFileState=disabled
ActiveEnterTimestamp=
`;
const nowMs = 1_763_800_060_000;

describe('the state of systemd units', () => {
  const units = readUnitStates(shown);

  it('is parsed, without missing units', () => {
    expect(units.map(({ name }) => name)).toEqual([
      'picchanged-watch.service',
      'surveillance.socket',
      'picchanged.timer',
    ]);
    expect(units[0]).toMatchObject({
      statusText: '12 frames seen = a lot',
      restarts: 2,
      sinceMs: 1_763_800_000_000,
      connections: undefined,
    });
    expect(units[1]).toMatchObject({
      sinceMs: undefined,
      connections: 3,
      listen: ['[::]:4444', '127.0.0.1:5'],
    });
  });

  it('leaves out the units of a package that nothing uses', () => {
    const block = (name: string, ...lines: string[]): string =>
      [`Id=${name}`, 'LoadState=loaded', ...lines, ''].join('\n');
    const packaged = (name: string): string => `FragmentPath=/lib/systemd/system/${name}`;
    const idle = ['ActiveState=inactive', 'UnitFileState=disabled'];
    const text = [
      block('a.socket', 'ActiveState=active', packaged('a.socket')),
      block('a.service', ...idle, packaged('a.service'), 'TriggeredBy=a.socket'),
      block('b.socket', ...idle, packaged('b.socket')),
      block('b.service', ...idle, packaged('b.service'), 'TriggeredBy=b.socket'),
      block('c.timer', 'ActiveState=inactive', 'UnitFileState=enabled', packaged('c.timer')),
      block('d.service', 'ActiveState=failed', packaged('d.service')),
      block('e.service', ...idle, 'FragmentPath=/etc/systemd/system/e.service'),
    ];
    expect(readUnitStates(text.join('\n')).map(({ name }) => name)).toEqual([
      ...['a.socket', 'a.service', 'c.timer', 'd.service', 'e.service'],
    ]);
  });

  it('is described in one line', () => {
    expect(units.slice(0, 1).map((unit) => describeUnit(unit, nowMs))).toEqual([
      'is active (running) since 60 s ago, restarted 2 times: 12 frames seen = a lot',
    ]);
  });

  it('gives findings: failed, not running, or not enabled', () => {
    const levels = (state: object) =>
      units.slice(0, 1).flatMap((unit) => unitFindings([{ ...unit, ...state }], nowMs, false, 'x'));
    expect(levels({})).toMatchObject([{ level: 'ok' }]);
    expect(levels({ active: 'failed', result: 'watchdog' })).toMatchObject([
      { level: 'fault', says: 'picchanged-watch.service has failed (watchdog)' },
    ]);
    expect(levels({ active: 'inactive' })).toMatchObject([
      { level: 'fault', todo: 'sudo systemctl start picchanged-watch.service' },
    ]);
    expect(levels({ active: 'activating' })).toMatchObject([{ level: 'fault' }]);
    // Its first restart is still to come.
    const first = { active: 'activating', restarts: 0 };
    expect(levels({ ...first, sub: 'auto-restart' })).toMatchObject([{ level: 'fault' }]);
    expect(levels({ ...first, sub: 'start' })).toMatchObject([{ level: 'ok' }]);
    expect(levels({ enabled: 'disabled' })).toMatchObject([{ level: 'warning' }]);
    expect(levels({ enabled: 'disabled', active: 'inactive' })).toMatchObject([
      { level: 'ok', says: 'no service is enabled or running', todo: 'x' },
    ]);
    expect(unitFindings(undefined, nowMs, false, 'x')).toMatchObject([{ level: 'ok' }]);
  });

  it('is undefined without systemctl', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ENOENT' });
    expect(await unitStates(() => Promise.reject(missing), ['a'], false)).toBeUndefined();
  });
});
