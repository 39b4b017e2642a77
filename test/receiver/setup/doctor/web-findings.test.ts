/** The viewer's service is checked with its own command, user and sandbox. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandWords, webFindings } from '../../../../receiver/setup/doctor/web-findings.js';
import { quoteWord } from '../../../../shared/setup/install/unit-file.js';
import type { RunTool } from '../../../../shared/process/run-tool.js';
import { readUnitStates } from '../../../../shared/setup/doctor/unit-state.js';

const unitsOf = (listen: string) =>
  readUnitStates(
    `Id=picchanged-web.socket\nLoadState=loaded\nActiveState=active\nListen=${listen} (Stream)\n`,
  );

async function page(status: number): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the viewer’s findings', () => {
  it('are none where no viewer is installed', async () => {
    const run: RunTool = () => Promise.reject(new Error('nothing is to be run'));
    const parts = { isUser: false, isRoot: true, run };
    expect(await webFindings({ ...parts, units: undefined })).toEqual([]);
    expect(await webFindings({ ...parts, units: [] })).toEqual([]);
  });

  it('come from a run of the service’s command in its sandbox, with its drop-ins', async () => {
    const calls: (readonly string[])[] = [];
    const unit = [
      '[Service]',
      'ExecStart=/usr/bin/node "/opt/a b/receiver.js" web --dir /srv --idle-exit 10m',
      '# User=root',
      'User=picchanged-web',
      'Restart=on-failure',
      'ProtectHome=tmpfs',
      'BindReadOnlyPaths="/home/fred/my captures"',
    ];
    const findings = [{ check: 'viewer', level: 'fault', says: 'no', todo: 'do' }];
    const run: RunTool = (program, args) => {
      calls.push([program, ...args]);
      const stdout = program === 'systemctl' ? unit.join('\n') : JSON.stringify({ findings });
      return Promise.resolve({ exitCode: program === 'systemctl' ? 0 : 1, stdout, stderr: '' });
    };
    const found = await webFindings({
      units: unitsOf(await page(200)),
      ...{ isUser: false, isRoot: true, run },
    });
    expect(found.map(({ level }) => level)).toEqual(['ok', 'fault']);
    expect(calls[1]).toEqual([
      ...['systemd-run', '--pipe', '--wait', '--quiet', '--collect'],
      ...['--property', 'User=picchanged-web', '--property', 'ProtectHome=tmpfs'],
      ...['--property', 'BindReadOnlyPaths="/home/fred/my captures"', '--'],
      ...['/usr/bin/node', '/opt/a b/receiver.js', 'web', '--dir', '/srv', '--idle-exit', '10m'],
      ...['--check', '--json'],
    ]);
  });

  it('say when the page does not come, and when the service cannot be checked', async () => {
    const run: RunTool = () => Promise.resolve({ exitCode: 1, stdout: '', stderr: 'a\nbroken\n' });
    const units = unitsOf(await page(503));
    const found = await webFindings({ units, isUser: true, isRoot: false, run });
    expect(found).toMatchObject([
      { level: 'fault', says: expect.stringContaining('it answers with status 503') as string },
      { level: 'warning', says: expect.stringMatching(/cannot be checked: broken$/) as string },
    ]);
  });

  it('read words as install writes them', () => {
    const words = ['/a b/$HOME', '100%', 'x"y\\z', 'plain'];
    expect(commandWords(words.map(quoteWord).join(' '))).toEqual(words);
  });
});
