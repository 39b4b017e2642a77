// Audits the dependencies: fails on a known vulnerability, and reports when the registry does not answer.
import { spawnSync } from 'node:child_process';

/** The output of `npm audit --omit=dev --json` as a sentence, and whether it is a reason to fail. */
export function readAudit(text) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { message: 'Not audited: the output of npm is not JSON.', isVulnerable: false };
  }
  const count = report?.metadata?.vulnerabilities?.total;
  if (!Number.isSafeInteger(count)) {
    return {
      message: `Not audited: ${report?.message ?? 'the registry did not answer'}`,
      isVulnerable: false,
    };
  }
  if (count === 0) {
    return { message: 'No known vulnerabilities in the dependencies.', isVulnerable: false };
  }
  const names = Object.entries(report.vulnerabilities ?? {}).map(
    ([name, { severity }]) => `${name} (${severity})`,
  );
  return {
    message: `Known vulnerabilities in dependencies: ${names.join(', ')}. See npm audit.`,
    isVulnerable: true,
  };
}

/** @returns false when there is a known vulnerability */
export function audit() {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    // Without a network, npm must not block the tests.
    timeout: 30_000,
    env: { ...process.env, npm_config_fetch_retries: '0' },
  });
  const { message, isVulnerable } = readAudit(stdout ?? '');
  console.log(message);
  return !isVulnerable;
}
