/**
 * One line an event, on stderr: level, component, what happened, then `key=value` facts.
 * Under journald the level is the priority prefix and the time is left to the journal.
 */
import { inspect } from 'node:util';
import { describeError } from './errors.js';

/** `error` is told with its causes and its hint; a fact that is undefined is left out. */
export type LogFacts = Readonly<Record<string, unknown>>;

export interface Log {
  /** State changes an operator wants to see. */
  info(event: string, facts?: LogFacts): void;
  /** Something failed and will be tried again, or was refused. */
  warn(event: string, facts?: LogFacts): void;
  /** Something failed for good. */
  error(event: string, facts?: LogFacts): void;
  /** Each frame. Shown with `--verbose`. */
  debug(event: string, facts?: LogFacts): void;
  /** The same log, its lines marked with another component. */
  child(component: string): Log;
}

export interface LogSettings {
  readonly component: string;
  readonly verbose: boolean;
  /** True when stderr is the journal: see `isJournal`. */
  readonly journal: boolean;
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

type Level = 'error' | 'warn' | 'info' | 'debug';
/** sd-daemon(3): priorities understood by the journal at the start of a line. */
export const errorPriority = '<3>';
const priorities: Record<Level, string> = {
  error: errorPriority,
  warn: '<4>',
  info: '<6>',
  debug: '<7>',
};

export function makeLog(settings: LogSettings): Log {
  const say = (level: Level, event: string, facts: LogFacts = {}): void => {
    if (level === 'debug' && !settings.verbose) return;
    const start = settings.journal
      ? priorities[level]
      : `${new Date(settings.nowMs()).toISOString()} ${level.padEnd(5)} `;
    settings.write(`${start}${settings.component}: ${event}${formatFacts(facts)}\n`);
  };
  return {
    info: (event, facts) => say('info', event, facts),
    warn: (event, facts) => say('warn', event, facts),
    error: (event, facts) => say('error', event, facts),
    debug: (event, facts) => say('debug', event, facts),
    child: (component) => makeLog({ ...settings, component }),
  };
}

function formatFacts(facts: LogFacts): string {
  let text = '';
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    const shown = key === 'error' ? describeError(value) : asText(value);
    text += ` ${key}=${/^[\w.:/+@%,[\]-]+$/.test(shown) ? shown : quote(shown)}`;
  }
  return text;
}

/** Other sides' words are quoted: JSON leaves DEL and the C1 controls, which a terminal may obey. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /\p{Cc}/gu,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity });
}

/**
 * Whether stderr goes to the journal. `$JOURNAL_STREAM` is inherited by everything that runs under a
 * service, so its device and inode must also be those of our own stderr (systemd.exec(5)).
 */
export function isJournal(
  journalStream: string | undefined,
  stderr: { readonly dev: number; readonly ino: number },
): boolean {
  return journalStream === `${stderr.dev}:${stderr.ino}`;
}
