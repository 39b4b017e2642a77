/** What a release is made from: the folder of the sources, the version, and the time that its files get. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Source {
  /** Folder of package.json, with a built dist/. */
  readonly root: string;
  readonly version: string;
  readonly homepage: string;
  /** Seconds since 1970, of every file in a release: two builds of one state are the same. */
  readonly epoch: number;
}

interface PackageJson {
  readonly version: string;
  readonly homepage: string;
}

export function readPackageJson(root: string): PackageJson {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;
}

/** @param env SOURCE_DATE_EPOCH overrides the time */
export function readSource(root: string, env: NodeJS.ProcessEnv): Source {
  const { version, homepage } = readPackageJson(root);
  return { root, version, homepage, epoch: epochOf(root, version, env) };
}

/** The date of the version in CHANGELOG.md; of a version without one, that of the commit. */
function epochOf(root: string, version: string, env: NodeJS.ProcessEnv): number {
  const given = env.SOURCE_DATE_EPOCH;
  if (given) {
    if (/^\d+$/.test(given)) return Number(given);
    throw new Error(`SOURCE_DATE_EPOCH=${given} is not a number of seconds since 1970`);
  }
  const { date } = changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version) ?? {};
  if (date !== undefined) return Date.parse(`${date}T00:00:00Z`) / 1000;
  try {
    const args = ['-C', root, 'log', '-1', '--format=%ct'];
    return Number(execFileSync('git', args, { encoding: 'utf8' }));
  } catch (cause) {
    throw new Error(
      `the time of the release is not known: ${root} has no commit, and CHANGELOG.md no date of ${version}; set SOURCE_DATE_EPOCH`,
      { cause },
    );
  }
}

export interface Changes {
  /** YYYY-MM-DD; undefined: the heading has none. */
  readonly date: string | undefined;
  readonly text: string;
}

/** The section `## VERSION (YYYY-MM-DD)` of the changelog. @returns undefined: there is none */
export function changesOf(changelog: string, version: string): Changes | undefined {
  const [, ...sections] = changelog.split(/^## /m);
  for (const section of sections) {
    const [heading = '', ...lines] = section.split('\n');
    const [, name, date] = /^(\S+)(?: \((\d{4}-\d\d-\d\d)\))?$/.exec(heading.trim()) ?? [];
    if (name === version) return { date, text: lines.join('\n').trim() };
  }
  return undefined;
}
