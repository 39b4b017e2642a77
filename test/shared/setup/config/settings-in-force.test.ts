/** Which settings apply, and where each comes from. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentSettings } from '../../../../agent/commands/settings.js';
import { agentProgram } from '../../../../agent/options.js';
import { receiverProgram } from '../../../../receiver/options.js';
import {
  inForceLines,
  settingsInForce,
} from '../../../../shared/setup/config/settings-in-force.js';
import { settingsOfUnit } from '../../../../shared/setup/config/unit-settings.js';
import { root } from '../../../support/programs.js';

const path = '/etc/picchanged/agent.env';
const shipped = (name: string): string => readFileSync(join(root, 'systemd', name), 'utf8');
const unitOf = (name: string) =>
  settingsOfUnit(shipped(name), name, 'agent', agentProgram.table) ?? [];

function inForce(text: string, flags: Record<string, string[]> = {}, unit?: string) {
  const units = unit === undefined ? [] : unitOf(unit);
  const sources = { flags: new Map(Object.entries(flags)), units, file: { path, text } };
  const settings = settingsInForce(agentSettings, sources);
  return (variable: string) => {
    const { value, from } = settings.find((each) => each.variable === variable) ?? {};
    return `${value ?? ''} | ${from ?? ''}`;
  };
}

describe('the settings that apply', () => {
  it('show no password of an address', () => {
    const from = 'agent.env:1';
    const [line] = inForceLines([
      { variable: 'AGENT_SOURCE', value: 'rtsp://admin:secret@cam/yard', from },
    ]);
    expect(line).toBe('AGENT_SOURCE=rtsp://…@cam/yard  agent.env:1');
  });

  it('are those of a flag, else of the file, else of the unit, else the default', () => {
    const timer = 'picchanged.service';
    expect(inForce('', {}, timer)('AGENT_INTERVAL')).toBe('10s | picchanged.service');
    const file = '# why\nAGENT_INTERVAL=5s\nAGENT_ONCE=no\n';
    expect(inForce(file, {}, timer)('AGENT_INTERVAL')).toBe(`5s | ${path}:2`);
    expect(inForce(file, {}, timer)('AGENT_ONCE')).toBe('yes | picchanged.service');
    expect(inForce(file, { interval: ['2s'] }, timer)('AGENT_INTERVAL')).toBe('2s | --interval');
    expect(inForce(file)('AGENT_SKIP')).toBe('10 | default');
    expect(inForce(file)('AGENT_MASK')).toBe(' | default');
    expect(inForce(file)('AGENT_ALL')).toBe('no | default');
  });

  it('are the defaults where a line takes them back', () => {
    const file = 'AGENT_SKIP=none\nAGENT_HOST=none\nAGENT_MASK=\nAGENT_INTERVAL=none\n';
    expect(inForce(file)('AGENT_SKIP')).toBe(`10 | ${path}:1`);
    expect(inForce(file)('AGENT_HOST')).toBe(`none | ${path}:2`);
    expect(inForce(file, {}, 'picchanged.service')('AGENT_INTERVAL')).toBe(` | ${path}:4`);
  });

  it('name what the units set', () => {
    const plug = inForce('', {}, 'picchanged-webcam@.service');
    expect(plug('AGENT_DEVICE')).toBe('/dev/%i | picchanged-webcam@.service');
    expect(plug('AGENT_CAMERA')).toBe('%l-%i | picchanged-webcam@.service');
    const file = inForce('AGENT_SOURCE=scene', {}, 'picchanged-path.service');
    expect(file('AGENT_SOURCE')).toBe('file:/run/monitor/monitor.jpg | picchanged-path.service');
    expect(inForce('AGENT_COMMAND="[]"')('AGENT_COMMAND')).toBe(`[] | ${path}:1`);
  });

  it('are found in every unit that runs the program itself', () => {
    const services = readdirSync(join(root, 'systemd')).filter((name) => name.endsWith('.service'));
    const others = services.filter((name) => {
      const program = /^ExecStart=\S+\/agent( |$)/m.test(shipped(name)) ? 'agent' : 'receiver';
      const table = program === 'agent' ? agentProgram.table : receiverProgram.table;
      return settingsOfUnit(shipped(name), name, program, table) === undefined;
    });
    const ofOthers = ['keep', 'notify', 'prune', 'web'].map((name) => `picchanged-${name}.service`);
    expect(others).toEqual(ofOthers);
  });

  it('are lines whose origins stand below each other', () => {
    const long = 'x'.repeat(80);
    expect(
      inForceLines([
        { variable: 'A', value: '1', from: 'default' },
        { variable: 'BB', value: '22', from: 'unit' },
        { variable: 'C', value: long, from: 'unit' },
      ]),
    ).toEqual(['A=1    default', 'BB=22  unit', `C=${long}  unit`]);
  });
});
