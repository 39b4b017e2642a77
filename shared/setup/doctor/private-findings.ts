/** Whether keys on the disk are their service's, and nobody else's: owner and mode of a folder and its files. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, finding } from './finding.js';

/**
 * @param folder one that may be looked into; no finding where it is not there
 * @param ownerId user id that all of it should have; undefined: not known
 * @throws a system error
 */
export async function privateFindings(
  folder: string,
  ownerId: number | undefined,
): Promise<readonly Finding[]> {
  const look = await lstat(folder).catch(() => undefined);
  if (look === undefined) return [];
  if (look.isSymbolicLink()) return [linkFinding(folder)];
  const paths = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
  const looks = await Promise.all(
    // A file may be replaced while we look.
    paths.map(async (path) => ({ path, found: await lstat(path).catch(() => undefined) })),
  );
  const links = looks.filter(({ found }) => found?.isSymbolicLink());
  // Its mode means nothing, and what is said about it below would be done to its target.
  if (links[0] !== undefined) return [linkFinding(links[0].path)];
  const findings: Finding[] = [];
  const foreign = looks.find(
    ({ found }) => found && ownerId !== undefined && found.uid !== ownerId,
  );
  if (foreign !== undefined) {
    const says = `${foreign.path} does not belong to the service's user, ${ownerId ?? ''}`;
    findings.push(finding('keys', 'fault', says, `sudo chown -R ${ownerId ?? ''} '${folder}'`));
  }
  const open = looks.find(({ found }) => found && (found.mode & 0o077) !== 0);
  if (open !== undefined) {
    const says = `${open.path} is open to others than its owner`;
    findings.push(finding('keys', 'warning', says, `sudo chmod -R go= '${folder}'`));
  }
  return findings;
}

function linkFinding(path: string): Finding {
  const todo = `put a folder or a file in its place: ls -l '${path}'`;
  return finding('keys', 'fault', `${path} is a link, and none is followed there`, todo);
}
