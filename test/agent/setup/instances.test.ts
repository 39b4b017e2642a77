import { describe, expect, it } from 'vitest';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findInstances, instanceName, instanceVariables } from '../../../agent/setup/instances.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { systemScope } from '../../../shared/setup/install/scope.js';
import { temporaryDirectory } from '../../support/temporary.js';

const unit = (name: string): UnitState => ({
  ...{ name, active: 'active', sub: 'running', enabled: '', statusText: '', result: 'success' },
  ...{
    runtimeDirectory: undefined,
    script: undefined,
    restarts: 0,
    sinceMs: undefined,
    connections: undefined,
    listen: [],
  },
});

describe('several agents on one machine', () => {
  const scopeIn = (folder: string) => ({
    ...systemScope,
    stateFolder: folder,
    settingsFolder: join(folder, 'etc'),
  });

  it('are those of loaded units, and webcams that were plugged in before', async () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'picchanged', 'video1'), { recursive: true });
    mkdirSync(join(folder, 'picchanged', 'agent'));
    const units = [
      unit('picchanged.timer'),
      unit('picchanged-webcam@video0.timer'),
      unit('picchanged-webcam@video0.service'),
      unit('picchanged-watch@front.service'),
    ];
    const found = await findInstances(units, scopeIn(folder), true);
    expect(found.map(({ name, isWebcam }) => [name, isWebcam])).toEqual([
      ['front', false],
      ['video0', true],
      ['video1', true],
    ]);
    expect(found[1]?.state).toBe(join(folder, 'picchanged', 'video0'));
    expect(await findInstances([], scopeIn(folder), false)).toEqual([]);
  });

  it('have the settings of their units: a webcam those of all, then its own, and its device', () => {
    const common = { AGENT_SKIP: '1', AGENT_ALL: 'yes' };
    const webcam = { name: 'video0', isWebcam: true, state: '' };
    expect(instanceVariables(webcam, common, { AGENT_DEVICE: '/dev/x', AGENT_SKIP: '3' })).toEqual({
      AGENT_CAMERA: expect.stringMatching(/-video0$/) as string,
      AGENT_ALL: 'yes',
      AGENT_SKIP: '3',
      AGENT_DEVICE: '/dev/video0',
    });
    const front = { name: 'front', isWebcam: false, state: '' };
    expect(instanceVariables(front, common, {})).toEqual({ AGENT_CAMERA: 'front' });
  });

  it('have names that stay in their folder', () => {
    expect(instanceName.parse('video0')).toBe('video0');
    for (const name of ['', '.', '..', '../agent', 'a/b', 'agent', '-x', 'a b']) {
      expect(() => instanceName.parse(name)).toThrow('is not the name of an instance');
    }
  });
});
