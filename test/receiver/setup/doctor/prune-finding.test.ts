/** Whether doctor sees that nothing deletes frames while the receiver is idle. */
import { describe, expect, it } from 'vitest';
import { pruneFindings } from '../../../../receiver/setup/doctor/prune-finding.js';
import { readUnitStates } from '../../../../shared/setup/doctor/unit-state.js';

const none = { maxAge: [], maxSize: [], minFree: undefined };
const limits = { ...none, maxAge: [{ camera: undefined, amount: 86_400_000 }] };
const unit = (name: string): string => `Id=${name}\nActiveState=active\nUnitFileState=enabled`;
const socket = unit('surveillance-many.socket');
const both = `${socket}\n\n${unit('picchanged-prune.timer')}`;
const install = 'sudo receiver install --dir /srv/captures';

describe('the finding about the timer of the sweep', () => {
  it('warns of limits that an idle receiver does not keep', () => {
    expect(pruneFindings(limits, readUnitStates(socket), install)).toEqual([
      expect.objectContaining({ check: 'space', level: 'warning', todo: install }),
    ]);
  });

  it.each([
    ['there is the timer', limits, readUnitStates(both)],
    ['there is no limit', none, readUnitStates(socket)],
    ['no receiver is installed', limits, []],
    ['there is no systemd', limits, undefined],
  ])('is silent where %s', (_, given, units) => {
    expect(pruneFindings(given, units, install)).toEqual([]);
  });
});
