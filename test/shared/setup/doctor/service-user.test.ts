import { describe, expect, it } from 'vitest';
import type { RunTool } from '../../../../shared/process/run-tool.js';
import { lookAsService } from '../../../../shared/setup/doctor/service-user.js';

/** `id` finds no user: a test must not give up the rights of its process. */
const tools =
  (units: string): RunTool =>
  (program) => {
    const isShown = program === 'systemctl';
    return Promise.resolve({ exitCode: isShown ? 0 : 1, stdout: isShown ? units : '', stderr: '' });
  };

const installed = [
  'LoadState=not-found\nUser=\nSupplementaryGroups=\n',
  'LoadState=loaded\nUser=nobody-of-a-test\nSupplementaryGroups=video\n',
].join('\n');

describe('the rights of a doctor', () => {
  it('stay as they are where no service is installed', async () => {
    const nothing = { user: undefined, findings: [] };
    expect(await lookAsService(tools(''), [], 'x')).toEqual(nothing);
    expect(await lookAsService(tools('LoadState=not-found\nUser=\n'), ['a.service'], 'x')).toEqual(
      nothing,
    );
  });

  it('are said to differ from those of the service', async () => {
    const { user, findings } = await lookAsService(
      tools(installed),
      ['a.service', 'b.service'],
      'sudo agent doctor',
    );
    expect(user).toBeUndefined();
    const isRoot = process.getuid?.() === 0;
    expect(findings).toMatchObject([{ check: 'user', level: isRoot ? 'fault' : 'warning' }]);
    expect(findings[0]?.says).toContain('nobody-of-a-test');
  });
});
