/** A log that keeps its lines. */
import { type Log, makeLog } from '../../shared/cli/log.js';

export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = makeLog({
    component: 'test',
    verbose: true,
    journal: true,
    write: (line) => lines.push(line.trimEnd()),
    nowMs: () => 0,
  });
  return { log, lines };
}
