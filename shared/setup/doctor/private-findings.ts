/** Checks that only the service can read the keys on disk: owner and mode of a folder and its files. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, finding } from './finding.js';

/**
 * @param folder a folder that this process can read; no finding when it is missing
 * @param ownerId expected user id of the folder and its files; undefined: not known
 * @throws a system error
 */
export async function privateFindings(
  folder: string,
  ownerId: number | undefined,
): Promise<readonly Finding[]> {
  const stats = await lstat(folder).catch(() => undefined);
  if (stats === undefined) return [];
  if (stats.isSymbolicLink()) return [linkFinding(folder)];
  const paths = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
  const entries = await Promise.all(
    // A file may disappear between readdir and lstat.
    paths.map(async (path) => ({ path, stats: await lstat(path).catch(() => undefined) })),
  );
  const links = entries.filter((entry) => entry.stats?.isSymbolicLink());
  // A link's mode means nothing, and chown and chmod would change its target.
  if (links[0] !== undefined) return [linkFinding(links[0].path)];
  const findings: Finding[] = [];
  const foreign = entries.find(
    (entry) => entry.stats && ownerId !== undefined && entry.stats.uid !== ownerId,
  );
  if (foreign !== undefined) {
    const message = `${foreign.path} does not belong to the service's user, ${ownerId ?? ''}`;
    findings.push(finding('keys', 'fault', message, `sudo chown -R ${ownerId ?? ''} '${folder}'`));
  }
  const open = entries.find((entry) => entry.stats && (entry.stats.mode & 0o077) !== 0);
  if (open !== undefined) {
    const message = `${open.path} is accessible to users other than its owner`;
    findings.push(finding('keys', 'warning', message, `sudo chmod -R go= '${folder}'`));
  }
  return findings;
}

function linkFinding(path: string): Finding {
  const fix = `replace the link by a folder or a file: ls -l '${path}'`;
  return finding(
    'keys',
    'fault',
    `${path} is a symbolic link; links to keys are not followed`,
    fix,
  );
}
