/**
 * The user of an installed service. A doctor that root runs takes its identity, so that what it can read, write and
 * open is what the service can. Not its sandbox: files below /home and /tmp are checked by their path.
 */
import { userInfo } from 'node:os';
import { type RunTool, ask } from '../../process/run-tool.js';
import { type Finding, finding } from './finding.js';

interface Identity {
  readonly userId: number;
  readonly groupId: number;
  readonly groupIds: readonly number[];
}

export interface ServiceEyes {
  /** The service's user, whose rights this process has now; undefined: it has those of the user who runs it. */
  readonly user: string | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Gives up root's rights for those of the services' user, for the rest of this process.
 * @param services names of services; those that are not installed are skipped
 * @param command the command line that root types for the same checks
 */
export async function lookAsService(
  run: RunTool,
  services: readonly string[],
  command: string,
): Promise<ServiceEyes> {
  const unit = await unitUser(run, services);
  if (unit === undefined) return { user: undefined, findings: [] };
  const { name } = unit;
  if (process.getuid?.() !== 0) {
    const own = userInfo().username;
    if (own === name) return { user: name, findings: [] };
    const message = `these checks run as ${own}; the service runs as ${name}`;
    return { user: undefined, findings: [finding('user', 'warning', message, command)] };
  }
  const identity = await identityOf(run, unit);
  if (identity === undefined) {
    const message = `the service's user ${name} does not exist`;
    return { user: undefined, findings: [finding('user', 'fault', message, 'install it again')] };
  }
  become(identity);
  return { user: name, findings: [finding('user', 'ok', `checks run as ${name}, as the service`)] };
}

interface UnitUser {
  readonly name: string;
  readonly extraGroups: readonly string[];
}

async function unitUser(run: RunTool, services: readonly string[]): Promise<UnitUser | undefined> {
  if (services.length === 0) return undefined;
  const properties = '--property=LoadState,User,SupplementaryGroups';
  const text = await ask(run, 'systemctl', ['show', '--no-pager', properties, '--', ...services]);
  for (const block of (text ?? '').split(/\n\n+/)) {
    const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    const name = value('User');
    if (value('LoadState') !== 'loaded' || name === '') continue;
    return { name, extraGroups: value('SupplementaryGroups').split(' ').filter(Boolean) };
  }
  return undefined;
}

/** @returns undefined: there is no such user */
async function identityOf(
  run: RunTool,
  { name, extraGroups }: UnitUser,
): Promise<Identity | undefined> {
  const numbers = async (program: string, args: readonly string[]): Promise<number[]> => {
    const text = await ask(run, program, args);
    return (text ?? '').trim().split(/\s+/).filter(Boolean).map(Number);
  };
  const [userId] = await numbers('id', ['-u', '--', name]);
  const [groupId] = await numbers('id', ['-g', '--', name]);
  if (userId === undefined || groupId === undefined) return undefined;
  const extra: number[] = [];
  for (const group of extraGroups) {
    const entry = await ask(run, 'getent', ['group', group]);
    const id = Number(entry?.split(':')[2]);
    if (entry !== undefined && Number.isInteger(id)) extra.push(id);
  }
  const groupIds = [...(await numbers('id', ['-G', '--', name])), ...extra];
  return { userId, groupId, groupIds };
}

function become({ userId, groupId, groupIds }: Identity): void {
  process.setgroups?.([...groupIds]);
  process.setgid?.(groupId);
  process.setuid?.(userId);
}
