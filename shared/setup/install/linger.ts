/** Whether a user's services outlive the user's session. */
import { userInfo } from 'node:os';
import { type RunTool, ask } from '../../process/run-tool.js';

/** The note of an install for one user; none where the services start at boot already, or are the system's. */
export async function lingerNotes(run: RunTool, isUser: boolean): Promise<readonly string[]> {
  if (!isUser) return [];
  const args = ['show-user', userInfo().username, '--property=Linger', '--value'];
  if ((await ask(run, 'loginctl', args))?.trim() === 'yes') return [];
  return ['the service runs while you are logged in; to start it at boot: loginctl enable-linger'];
}
