/** The release tarball without a network and without other packages: Node alone runs it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSource } from '../../packaging/source.js';
import { buildTarball } from '../../packaging/tarball.js';
import { filesBelow } from '../support/files.js';
import { missing, root, run } from '../support/programs.js';
import { memoryBase, temporaryDirectory } from '../support/temporary.js';

const source = readSource(root.replace(/\/$/, ''), { SOURCE_DATE_EPOCH: '1790000000' });
const hasNoNamespaces = process.getuid?.() === 0 ? missing('unshare', 'util-linux') : 'needs root';
const why = hasNoNamespaces ?? missing('ip', 'iproute2');

describe('the release tarball', () => {
  const built = mkdtempSync(join(memoryBase, 'picchanged-tarball-'));
  let tarball = '';
  beforeAll(() => {
    tarball = buildTarball(source, built);
  });
  afterAll(() => rmSync(built, { recursive: true }));

  function unpack(): string {
    const directory = temporaryDirectory();
    execFileSync('tar', ['-xzf', tarball, '-C', directory]);
    expect(readdirSync(directory)).toEqual([`picchanged-${source.version}`]);
    return join(directory, `picchanged-${source.version}`);
  }

  it('has the files for operators, and asks for nothing to be fetched', async () => {
    const folder = unpack();
    const files = filesBelow(folder);
    const some = ['LICENSE', 'README.md', 'dist/LICENSES.txt', 'systemd/surveillance.socket'];
    expect(files).toEqual(expect.arrayContaining(some));
    expect(files.filter((name) => /node_modules|\.template$/.test(name))).toEqual([]);
    for (const program of ['agent', 'receiver']) {
      const { stdout } = await run(join(folder, 'dist', `${program}.js`), ['--version']);
      expect(stdout).toBe(`${source.version}\n`);
    }
  });

  it.skipIf(why !== undefined)('stores a frame on a machine without a network', async () => {
    const folder = unpack();
    const pair = `
      ip link set lo up
      node dist/receiver.js --dir captures --listen 127.0.0.1:4444 & receiver=$!
      attempts=0
      until node dist/agent.js --host 127.0.0.1 --source scene --camera yard --once --state state; do
        attempts=$((attempts + 1))
        [ $attempts -lt 20 ] || break
        sleep 1
      done
      kill $receiver
      wait $receiver`;
    const env = { XDG_RUNTIME_DIR: temporaryDirectory() };
    const inside = ['--net', 'sh', '-c', `cd "$1" || exit; ${pair}`, 'sh', folder];
    const { stderr } = await run('unshare', inside, { env });
    const frames = filesBelow(join(folder, 'captures')).filter((name) => name.endsWith('.jpg'));
    expect(frames, stderr).toHaveLength(1);
  });

  it.skipIf(why !== undefined)('is installed by npm without a network', async () => {
    const prefix = temporaryDirectory();
    const npm = ['npm', 'install', '--global', '--offline', '--cache', temporaryDirectory()];
    const installed = await run('unshare', ['--net', ...npm, '--prefix', prefix, tarball]);
    expect(installed).toMatchObject({ code: 0 });
    for (const name of ['agent', 'receiver', 'picchanged-agent', 'picchanged-receiver']) {
      const { stdout } = await run(join(prefix, 'bin', name), ['--version']);
      expect(stdout).toBe(`${source.version}\n`);
    }
  });
});
