/** The limits in SECURITY.md: all are listed, with the values of the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as agentLimits from '../../agent/uplink/uplink-limits.js';
import * as receiverLimits from '../../receiver/limits/receiver-limits.js';
import { receiverProgram } from '../../receiver/options.js';
import { optionRows } from '../../shared/cli/option-table.js';
import * as protocolLimits from '../../shared/protocol/protocol-limits.js';

const text = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
const [, part = ''] = text.split('\n## Limits\n');
const rows = [...part.matchAll(/^\| `([\w-]+)` +\| +(\w+) \|/gm)].map(([, name = '', value]) => ({
  name,
  value,
}));

describe('the limits in SECURITY.md', () => {
  it('have the values of the code', () => {
    const flags = optionRows(receiverProgram).map(
      ({ flag, defaultText }) => [flag.split(' ')[0], defaultText] as const,
    );
    const constants = Object.entries({ ...protocolLimits, ...receiverLimits, ...agentLimits });
    const known = new Map([
      ...flags,
      ...constants.map(([name, value]) => [name, String(value)] as const),
    ]);
    expect(rows).toEqual(rows.map(({ name }) => ({ name, value: known.get(name) })));
  });

  it('are complete', () => {
    const flags = optionRows(receiverProgram)
      // Those of retention have no default: they limit what stays, not what a peer can make a receiver spend.
      .filter(({ defaultText }) => defaultText !== undefined)
      .map(({ flag }) => flag.split(' ')[0] ?? '')
      .filter((flag) => /^--(max|quota|idle-timeout)/.test(flag));
    const names = [...flags, ...Object.keys(receiverLimits), ...Object.keys(agentLimits)];
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});
