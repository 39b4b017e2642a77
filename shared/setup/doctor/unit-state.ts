/** The state of systemd units: runs `systemctl show` and parses its output. */
import { type RunTool, ask } from '../../process/run-tool.js';

export interface UnitState {
  readonly name: string;
  /** `active`, `inactive`, `failed`, `activating` … */
  readonly active: string;
  /** `running`, `waiting`, `listening`, `dead` … */
  readonly sub: string;
  /** `enabled`, `disabled`, `static`; empty for an instance. */
  readonly enabled: string;
  /** Last `STATUS=` of the service; empty when it sent none. */
  readonly statusText: string;
  readonly restarts: number;
  /** How the last run ended: `success`, `exit-code`, `watchdog` … */
  readonly result: string;
  /** Wall time at which it became active; undefined when it is not active. */
  readonly sinceMs: number | undefined;
  /** Open connections of a socket with `Accept=yes`; undefined for any other unit. */
  readonly connections: number | undefined;
  /** Where a socket listens, as systemd writes it: `[::]:4444`. */
  readonly listen: readonly string[];
  /** Name of a service's `RuntimeDirectory=`; undefined: it has none. */
  readonly runtimeDirectory: string | undefined;
  /** Path of the program of this package that the service starts. */
  readonly script: string | undefined;
}

const properties = [
  ...['Id', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'StatusText', 'NRestarts'],
  ...[
    'Result',
    'ActiveEnterTimestamp',
    'NConnections',
    'Accept',
    'Listen',
    'RuntimeDirectory',
    'ExecStart',
    'FragmentPath',
    'TriggeredBy',
  ],
];

/**
 * The units with these names, in this order; a name may be a pattern (`a@*`), which matches loaded units only.
 * @returns undefined when systemctl is missing or fails
 */
export async function unitStates(
  run: RunTool,
  names: readonly string[],
  isUser: boolean,
): Promise<readonly UnitState[] | undefined> {
  const scope = isUser ? ['--user'] : [];
  const flags = ['--no-pager', '--timestamp=unix', `--property=${properties.join(',')}`];
  const text = await ask(run, 'systemctl', [...scope, 'show', ...flags, '--', ...names]);
  return text === undefined ? undefined : readUnitStates(text);
}

/** Active, failed, or to be started at boot. */
export function isUsed({ active, enabled }: UnitState): boolean {
  return active !== 'inactive' || enabled.startsWith('enabled');
}

/**
 * Parses the output of `systemctl show`. Left out: units that do not exist, and units of a package of the system that
 * nothing uses: it brings all.
 */
export function readUnitStates(text: string): readonly UnitState[] {
  const found = readBlocks(text);
  const used = new Set(found.filter(({ unit }) => isUsed(unit)).map(({ unit }) => unit.name));
  return found
    .filter(
      ({ unit, path, triggers }) =>
        !/^(?:\/usr)?\/lib\//.test(path) ||
        used.has(unit.name) ||
        triggers.some((name) => used.has(name)),
    )
    .map(({ unit }) => unit);
}

interface FoundUnit {
  readonly unit: UnitState;
  /** Of the unit's file. */
  readonly path: string;
  /** Names of the sockets, timers and paths that start it. */
  readonly triggers: readonly string[];
}

function readBlocks(text: string): readonly FoundUnit[] {
  return text.split(/\n\n+/).flatMap((block) => {
    // A socket has a line for each address.
    const listen = [...block.matchAll(/^Listen=(.*) \(Stream\)$/gm)].map(([, at = '']) => at);
    const facts = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)] as const;
      }),
    );
    const get = (key: string): string => facts.get(key) ?? '';
    if (get('Id') === '' || get('LoadState') === 'not-found') return [];
    const seconds = /^@(\d+)$/.exec(get('ActiveEnterTimestamp'))?.[1];
    const isActive = get('ActiveState') === 'active';
    const unit = {
      name: get('Id'),
      active: get('ActiveState'),
      sub: get('SubState'),
      enabled: get('UnitFileState'),
      statusText: get('StatusText'),
      restarts: Number(get('NRestarts')) || 0,
      result: get('Result'),
      sinceMs: isActive && seconds !== undefined ? Number(seconds) * 1000 : undefined,
      connections: get('Accept') === 'yes' ? Number(get('NConnections')) : undefined,
      listen,
      runtimeDirectory: get('RuntimeDirectory').split(' ')[0] || undefined,
      script: scriptIn(get('ExecStart')),
    };
    return { unit, path: get('FragmentPath'), triggers: get('TriggeredBy').split(' ') };
  });
}

/** @param execStart as systemd shows it: `{ path=… ; argv[]=/usr/bin/node /opt/…/agent.js --once ; ignore_errors=no …` */
function scriptIn(execStart: string): string | undefined {
  const argv = /argv\[\]=(.*?) ; ignore_errors=/.exec(execStart)?.[1] ?? '';
  return argv.split(' ').find((word) => /^\/.*\/(?:agent|receiver)(?:\.js)?$/.test(word));
}
