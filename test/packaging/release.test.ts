/** `npm run release` in a scratch clone; its tests are a function of this test. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { type ReleaseParts, release } from '../../packaging/release.js';
import { readPackageJson } from '../../packaging/source.js';
import { missing, root, run } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = missing('dpkg-deb', 'dpkg') ?? missing('git', 'git');
const changes = '# Changes\n\n## 9.8.7 (2026-12-01)\n\n- A change.\n\n## 0.1.0\n\n- The first.\n';

/** As a build of that version. */
function setVersion(folder: string, from: string, to: string): void {
  const dist = join(folder, 'dist');
  for (const name of readdirSync(dist).filter((each) => each.endsWith('.js'))) {
    const text = readFileSync(join(dist, name), 'utf8');
    writeFileSync(join(dist, name), text.replaceAll(`"${from}"`, `"${to}"`));
  }
}

/** A commit of the files here, with the build of here. */
function scratch(changelog = changes) {
  const folder = temporaryDirectory();
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      encoding: 'utf8',
    });
  const listed = execFileSync('git', ['-C', root, 'ls-files', '-z'], { encoding: 'utf8' });
  const names = listed.split('\0').filter((name) => existsSync(`${root}${name}`));
  const list = names.filter((name) => name !== '' && !name.startsWith('test/')).join('\0');
  execFileSync('tar', ['-C', root, '-cf', join(folder, 'all.tar'), '--null', '-T', '-', 'dist'], {
    input: list,
  });
  execFileSync('tar', ['-C', folder, '-xf', join(folder, 'all.tar')]);
  execFileSync('rm', [join(folder, 'all.tar')]);
  writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
  const path = join(folder, 'package.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"version": ".*"/, '"version": "9.8.7-dev"'));
  setVersion(folder, readPackageJson(root).version, '9.8.7-dev');
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
  const printed: string[] = [];
  const tested: string[] = [];
  const version = (): string =>
    (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  const parts: ReleaseParts = {
    root: folder,
    env: {},
    run: (program, args) => execFileSync(program, args, { cwd: folder, encoding: 'utf8' }),
    // As npm test, it builds.
    test: () => {
      tested.push(version());
      setVersion(folder, '9.8.7-dev', version());
    },
    print: (line) => void printed.push(line),
  };
  return { folder, git, parts, printed, tested, version };
}

describe.skipIf(why !== undefined)(`npm run release${why === undefined ? '' : ` (${why})`}`, () => {
  it('tests and builds the version, and says what is left to do', async () => {
    const { folder, git, parts, printed, tested, version } = scratch();
    release('9.8.7', parts);
    expect(tested).toEqual(['9.8.7']);
    expect(version()).toBe('9.8.7');
    expect(
      git('status', '--porcelain')
        .trim()
        .split(/\s*\n\s*/),
    ).toEqual(['M package-lock.json', 'M package.json']);
    expect(git('tag')).toBe('');
    const built = ['SHA256SUMS', 'picchanged-9.8.7.tar.gz', 'picchanged_9.8.7_all.deb'];
    expect(readdirSync(join(folder, 'dist-package')).sort()).toEqual(built);
    expect(printed).toContain(
      '  upload to the release v9.8.7: picchanged-9.8.7.tar.gz picchanged_9.8.7_all.deb SHA256SUMS',
    );
    const deb = join(folder, 'dist-package', 'picchanged_9.8.7_all.deb');
    expect((await run('dpkg-deb', ['--field', deb, 'Version'])).stdout.trim()).toBe('9.8.7');
    // The files have the date of the release in the changelog.
    const listed = await run('dpkg-deb', ['--contents', deb], { env: { TZ: 'UTC' } });
    expect(listed.stdout).toMatch(/2026-12-01 00:00 .*agent\.js$/m);
  });

  it.each([
    [undefined, 'no version is given: npm run release -- 0.2.0'],
    ['9.8', "'9.8' is no version: npm run release -- 0.2.0"],
    ['9.9.0', 'package.json has 9.8.7-dev, which leads to 9.8.7 and not to 9.9.0'],
  ])('refuses %s', (version, message) => {
    const { parts, tested } = scratch();
    expect(() => release(version, parts)).toThrow(message);
    expect(tested).toEqual([]);
  });

  it.each([
    ['# Changes\n\n## Unreleased\n\n- A change.\n', 'CHANGELOG.md has no section of 9.8.7'],
    ['# Changes\n\n## 9.8.7\n\n- A change.\n', 'the section of 9.8.7 in CHANGELOG.md has no date'],
    ['# Changes\n\n## 9.8.7 (2026-12-01)\n', 'the section of 9.8.7 in CHANGELOG.md is empty'],
  ])('refuses the changelog %j', (changelog, message) => {
    const { parts, tested } = scratch(changelog);
    expect(() => release('9.8.7', parts)).toThrow(message);
    expect(tested).toEqual([]);
  });

  it('refuses files that are not committed, and a version that is released', () => {
    const { folder, git, parts } = scratch();
    git('tag', 'v9.8.7');
    expect(() => release('9.8.7', parts)).toThrow('9.8.7 is released already: the tag v9.8.7');
    writeFileSync(join(folder, 'left'), '');
    expect(() => release('9.8.7', parts)).toThrow(
      'these files are not committed: commit or remove them\n?? left',
    );
  });

  it('refuses a build of another version', () => {
    const { parts, version } = scratch();
    let cause: unknown;
    try {
      release('9.8.7', { ...parts, test: () => undefined });
    } catch (error) {
      cause = error instanceof Error ? error.cause : error;
    }
    expect(String(cause)).toContain('dist/ is of 9.8.7-dev, package.json of 9.8.7: npm run build');
    expect(version()).toBe('9.8.7-dev');
  });

  it('takes the version back when a test fails', () => {
    const { git, parts, version, printed } = scratch();
    const test = (): never => {
      throw new Error('one test failed');
    };
    expect(() => release('9.8.7', { ...parts, test })).toThrow(
      '9.8.7 is not released; package.json has 9.8.7-dev again',
    );
    expect(version()).toBe('9.8.7-dev');
    expect(git('status', '--porcelain')).toBe('');
    expect(printed).toEqual([]);
  });

  it('ends with 1 and one line when it refuses', async () => {
    const outfile = join(temporaryDirectory(), 'release.mjs');
    const entryPoints = [`${root}packaging/run-release.ts`];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
    const { code, stderr } = await run('node', [outfile, 'soon']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "release: 'soon' is no version: npm run release -- 0.2.0\n",
    });
  });
});
