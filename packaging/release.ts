/**
 * `npm run release -- VERSION`: checks that this state can be released, sets the version, tests and builds. It changes
 * package.json and package-lock.json, and neither commits, tags nor uploads.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildArtifacts } from './artifacts.js';
import { changesOf, readPackageJson, readSource } from './source.js';

/** Runs a program in the folder of the sources. @returns its standard output @throws it failed */
export type Run = (program: string, args: readonly string[]) => string;

export interface ReleaseParts {
  /** Folder of the sources. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly run: Run;
  /** Builds dist/, and runs all tests. @throws a test failed */
  readonly test: () => void;
  readonly print: (line: string) => void;
}

/** Why there is no release, with what to do. */
export class ReleaseError extends Error {}

const outputFolder = 'dist-package';

/** @throws {ReleaseError} before anything is changed; or a test failed, and the version is as before */
export function release(version: string | undefined, parts: ReleaseParts): void {
  const { root, env, run, test, print } = parts;
  const before = readPackageJson(root).version;
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    const given = version === undefined ? 'no version is given' : `'${version}' is no version`;
    throw new ReleaseError(`${given}: npm run release -- 0.2.0`);
  }
  if (before.replace(/-.*/, '') !== version) {
    throw new ReleaseError(
      `package.json has ${before}, which leads to ${before.replace(/-.*/, '')} and not to ${version}: commit "version": "${version}-dev" first`,
    );
  }
  const changed = run('git', ['status', '--porcelain']).trimEnd();
  if (changed !== '') {
    throw new ReleaseError(`these files are not committed: commit or remove them\n${changed}`);
  }
  const tag = `v${version}`;
  if (run('git', ['tag', '--list', tag]).trim() === tag) {
    throw new ReleaseError(`${version} is released already: the tag ${tag} exists`);
  }
  checkChanges(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);

  const files = ['package.json', 'package-lock.json'].map((name) => join(root, name));
  const texts = files.map((path) => readFileSync(path, 'utf8'));
  let paths: readonly string[];
  try {
    run('npm', ['version', '--no-git-tag-version', '--allow-same-version', version]);
    test();
    paths = buildArtifacts(readSource(root, env), join(root, outputFolder));
  } catch (cause) {
    for (const [index, path] of files.entries()) writeFileSync(path, texts[index] ?? '');
    throw new ReleaseError(`${version} is not released; package.json has ${before} again`, {
      cause,
    });
  }
  for (const path of paths) print(`built    ${outputFolder}/${basename(path)}`);
  for (const line of readFileSync(paths.at(-1) ?? '', 'utf8')
    .trimEnd()
    .split('\n'))
    print(line);
  print('');
  print(`Nothing is committed, tagged or uploaded. To publish ${version}:`);
  print(`  git commit --all --message 'release: ${version}'`);
  print(`  git tag ${tag} && git push origin HEAD ${tag}`);
  print(`  upload to the release ${tag}: ${paths.map((path) => basename(path)).join(' ')}`);
}

/** @throws {ReleaseError} the changelog has no complete entry for the version */
function checkChanges(changelog: string, version: string): void {
  const heading = `## ${version} (YYYY-MM-DD)`;
  const changes = changesOf(changelog, version);
  if (changes === undefined) {
    throw new ReleaseError(
      `CHANGELOG.md has no section of ${version}: name it '${heading}', with the date of the release`,
    );
  }
  if (changes.date === undefined) {
    throw new ReleaseError(`the section of ${version} in CHANGELOG.md has no date: ${heading}`);
  }
  if (changes.text === '') {
    throw new ReleaseError(`the section of ${version} in CHANGELOG.md is empty`);
  }
}
