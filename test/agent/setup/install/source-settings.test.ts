/** What install does with the settings of another source. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentProgram } from '../../../../agent/options.js';
import {
  fitToSource,
  optionsOfSource,
  sourceOfMode,
} from '../../../../agent/setup/install/source-settings.js';
import { variableName } from '../../../../shared/cli/option-table.js';

const watch = { kind: 'watch' } as const;
const command = '["ffmpeg"]';

describe('install with another source', () => {
  it('removes what belonged to the old one, and says so', () => {
    const installed = {
      AGENT_HOST: 'laptop',
      AGENT_COMMAND: command,
      AGENT_SEED: '7',
      AGENT_MASK: '/srv/mask.png',
    };
    const { removed, notes } = fitToSource(watch, 'scene', { AGENT_SOURCE: 'scene' }, installed);
    expect(removed).toEqual({ AGENT_COMMAND: undefined });
    expect(notes).toEqual([
      'AGENT_COMMAND=["ffmpeg"] is removed from the settings: it belongs to --source command',
    ]);
  });

  it('removes what the units of a mode set', () => {
    const installed = { AGENT_SOURCE: 'scene', AGENT_CAMERA: 'yard', AGENT_COMMAND: command };
    const plug = { kind: 'plug' } as const;
    expect(Object.keys(fitToSource(plug, 'fswebcam', {}, installed).removed).sort()).toEqual([
      'AGENT_CAMERA',
      'AGENT_COMMAND',
      'AGENT_SOURCE',
    ]);
    const path = { kind: 'path', path: '/srv/a.jpg' } as const;
    const timed = { ...installed, AGENT_INTERVAL: '1h' };
    expect(Object.keys(fitToSource(path, 'file', {}, timed).removed).sort()).toEqual([
      'AGENT_COMMAND',
      'AGENT_INTERVAL',
      'AGENT_SOURCE',
    ]);
    expect([path, plug, watch].map(sourceOfMode)).toEqual(['file', 'fswebcam', undefined]);
  });

  it('keeps the settings of the source it has, and touches no others', () => {
    const kinds = Object.keys(optionsOfSource) as (keyof typeof optionsOfSource)[];
    const variables = Object.keys(agentProgram.table).map((key) => variableName('agent', key));
    const settings = fc.uniqueArray(fc.constantFrom(...variables));
    fc.assert(
      fc.property(fc.constantFrom(...kinds), settings, (kind, names) => {
        const installed = Object.fromEntries(names.map((name) => [name, 'x']));
        const all = { AGENT_COMMAND: command, ...installed };
        const { removed } = fitToSource(watch, kind, {}, all);
        const own = optionsOfSource[kind].map((key) => variableName('agent', key));
        const others = Object.values(optionsOfSource).flat();
        const foreign = others.map((key) => variableName('agent', key));
        const expected = Object.keys(all).filter(
          (name) => foreign.includes(name) && !own.includes(name),
        );
        expect(Object.keys(removed).sort()).toEqual(expected.sort());
      }),
    );
  });

  it('refuses an option of another source, and a missing command', () => {
    expect(() => fitToSource(watch, 'scene', { AGENT_DEVICE: '/dev/video1' }, {})).toThrow(
      '--device belongs to --source fswebcam; the source is scene',
    );
    expect(() => fitToSource(watch, 'scene', { AGENT_COMMAND: command }, {})).toThrow(
      'a command after -- belongs to --source command',
    );
    expect(() => fitToSource(watch, 'command', {}, {})).toThrow('needs a command after --');
    const taken = fitToSource(watch, 'scene', { AGENT_DEVICE: undefined }, { AGENT_DEVICE: 'x' });
    expect(taken.removed).toEqual({ AGENT_DEVICE: undefined });
  });

  it('knows options of the agent only', () => {
    const keys = Object.values(optionsOfSource).flat();
    const known = ['command', ...Object.keys(agentProgram.table)];
    expect(keys.filter((key) => !known.includes(key))).toEqual([]);
  });
});
