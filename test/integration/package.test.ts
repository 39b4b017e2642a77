/** The package of `npm pack` runs without other packages. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow } from '../support/files.js';
import { root, run, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

interface PackageJson {
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
const packageJson = (directory: string): PackageJson =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageJson;

/** Packs the current build (`npm test` builds first) and unpacks it outside node_modules. */
async function unpack(): Promise<string> {
  const directory = temporaryDirectory();
  const npm = ['pack', '--ignore-scripts', '--pack-destination', directory];
  const packed = await run('npm', ['--prefix', root, ...npm, root]);
  expect(packed).toMatchObject({ code: 0 });
  const [tarball = ''] = readdirSync(directory);
  expect(await run('tar', ['-xzf', join(directory, tarball), '-C', directory])).toMatchObject({
    code: 0,
  });
  return join(directory, 'package');
}

describe('the package', () => {
  it('has every command, and delivers a frame without other packages', async () => {
    const directory = await unpack();
    const { bin } = packageJson(directory);
    expect(Object.keys(bin).sort()).toEqual([
      'agent',
      'picchanged-agent',
      'picchanged-receiver',
      'receiver',
    ]);
    for (const path of Object.values(bin)) {
      expect(await run(join(directory, path), ['--version'])).toMatchObject({ code: 0 });
    }
    const captures = temporaryDirectory();
    const { address } = await startReceiverProgram(captures);
    const args = ['--host', address, '--source', 'scene', '--camera', 'yard', '--once'];
    const state = ['--state', temporaryDirectory()];
    const env = { XDG_RUNTIME_DIR: temporaryDirectory() };
    const shot = await run(join(directory, bin.agent ?? ''), [...args, ...state], { env });
    expect(shot).toMatchObject({ code: 0 });
    expect(filesBelow(captures)).toHaveLength(1);
  });

  it('contains the files for operators, and no tests or templates', async () => {
    const files = filesBelow(await unpack());
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'systemd/surveillance.socket']),
    );
    expect(
      files.filter((name) => /^(test|agent|receiver|node_modules)\/|\.template$/.test(name)),
    ).toEqual([]);
  });

  it('pins every dependency exactly, and its lock file names no download addresses', () => {
    const { dependencies, devDependencies } = packageJson(root);
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});
