// Known holes in what the programs are built of: fails on one, says so when the registry does not tell.
import { spawnSync } from 'node:child_process';

/** What `npm audit --omit=dev --json` said, as a sentence, and whether it is a reason to fail. */
export function readAudit(text) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { says: `Not audited: npm said nothing that can be read.`, isHole: false };
  }
  const holes = report?.metadata?.vulnerabilities?.total;
  if (!Number.isSafeInteger(holes)) {
    return {
      says: `Not audited: ${report?.message ?? 'the registry did not answer'}`,
      isHole: false,
    };
  }
  if (holes === 0) return { says: 'No known holes in the dependencies.', isHole: false };
  const names = Object.entries(report.vulnerabilities ?? {}).map(
    ([name, { severity }]) => `${name} (${severity})`,
  );
  return { says: `Known holes in dependencies: ${names.join(', ')}. See npm audit.`, isHole: true };
}

/** @returns false when there is a known hole */
export function audit() {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    // Without a network nobody waits for long.
    timeout: 30_000,
    env: { ...process.env, npm_config_fetch_retries: '0' },
  });
  const { says, isHole } = readAudit(stdout ?? '');
  console.log(says);
  return !isHole;
}
