/** An unmounted disk of the agent: the spool's folders are moved away for a while. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** @param statePath the agent's state directory */
export async function moveSpools(statePath: string, lastsMs: number): Promise<void> {
  const root = join(statePath, 'spool');
  const names = existsSync(root) ? readdirSync(root).filter((name) => /_\d+$/.test(name)) : [];
  const away = (name: string): string => join(statePath, `.away-${name}`);
  for (const name of names) renameSync(join(root, name), away(name));
  await delay(lastsMs);
  for (const name of names) renameSync(away(name), join(root, name));
}
