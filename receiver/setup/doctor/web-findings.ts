/** Checks of the installed viewer: its page answers, and its service can read what it needs in its own sandbox. */
import * as v from 'valibot';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { UnitState } from '../../../shared/setup/doctor/unit-state.js';
import { type RunTool, ask } from '../../../shared/process/run-tool.js';
import { webService, webSocket } from '../units.js';
import { askViewer } from './web-answer.js';

export interface WebCheckParts {
  /** Undefined: systemd does not run here. */
  readonly units: readonly UnitState[] | undefined;
  readonly isUser: boolean;
  readonly isRoot: boolean;
  readonly run: RunTool;
}

export async function webFindings(parts: WebCheckParts): Promise<readonly Finding[]> {
  const { units = [], isUser, isRoot, run } = parts;
  if (!units.some(({ name }) => name === webSocket)) return [];
  const answer = await askViewer(units);
  const scope = isUser ? ' --user' : '';
  const sudo = isUser ? '' : 'sudo ';
  const findings: Finding[] = [];
  if (answer?.failure !== undefined) {
    const message = `${answer.address} does not show the page: ${answer.failure}`;
    const fix = `${sudo}journalctl${scope} -u ${webService} -n 20`;
    findings.push(finding('viewer', 'fault', message, fix));
  } else if (answer !== undefined) {
    findings.push(finding('viewer', 'ok', `${answer.address} shows the page`));
  }
  if (isUser || isRoot) findings.push(...(await findingsInside(isUser, run)));
  return findings;
}

const reply = v.object({
  findings: v.array(
    v.object({
      check: v.string(),
      level: v.picklist(['ok', 'warning', 'fault']),
      says: v.string(),
      todo: v.optional(v.string()),
    }),
  ),
});

/** Settings of the service that decide what it can reach. */
const sandbox =
  /^(?:EnvironmentFile|LoadCredential|User|SupplementaryGroups|UMask|(?:Cache|State)Directory\w*|\w+Paths|Protect\w+|Private\w+|Restrict\w+|ProcSubset|NoNewPrivileges|CapabilityBoundingSet|SystemCall\w+)=/;

/** Runs `receiver web --check` as the service's user, in the service's sandbox. */
async function findingsInside(isUser: boolean, run: RunTool): Promise<readonly Finding[]> {
  const scope = isUser ? ['--user'] : [];
  const unit = await ask(run, 'systemctl', [...scope, 'cat', webService]);
  const lines = unit?.split('\n') ?? [];
  const command = lines.findLast((line) => line.startsWith('ExecStart=')) ?? '';
  const words = commandWords(command.slice('ExecStart='.length));
  const properties = lines
    .filter((line) => sandbox.test(line))
    .flatMap((line) => ['--property', line]);
  const flags = ['--pipe', '--wait', '--quiet', '--collect', ...properties];
  const args = [...scope, ...flags, '--', ...words, '--check', '--json'];
  const result = await run('systemd-run', args).catch(() => undefined);
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), reply), result?.stdout ?? '');
  if (read.success) {
    return read.output.findings.map(({ check, level, says, todo }) =>
      finding(check, level, says, todo),
    );
  }
  const why = result?.stderr.trim().split('\n').at(-1) ?? 'systemd-run is missing';
  return [finding('viewer', 'warning', `the viewer's service cannot be checked: ${why}`)];
}

/** The words of a command line as install writes it (systemd.service(5)). */
export function commandWords(line: string): string[] {
  return [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain = '']) =>
    (quoted?.replaceAll(/\\(.)/g, '$1') ?? plain).replaceAll('$$', '$').replaceAll('%%', '%'),
  );
}
