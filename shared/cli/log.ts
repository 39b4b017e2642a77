/**
 * One line per event, on stderr: level, component, event, then `key=value` facts.
 * Under journald the level becomes the priority prefix, and the journal adds the time.
 */
import { inspect } from 'node:util';
import { describeError, errorCodeOf } from './errors.js';
import { escapeControls } from './plain-text.js';

/** The fact `error` is written with its causes, its hint and its code; an undefined fact is left out. */
export type LogFacts = Readonly<Record<string, unknown>>;

export interface Log {
  /** State changes for the operator. */
  info(event: string, facts?: LogFacts): void;
  /** A failure that is retried, or a refusal. */
  warn(event: string, facts?: LogFacts): void;
  /** A permanent failure. */
  error(event: string, facts?: LogFacts): void;
  /** Each frame. Shown with `--verbose`. */
  debug(event: string, facts?: LogFacts): void;
  /** The same log under another component name. */
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
/** sd-daemon(3): priority prefix of a line for the journal. */
export const errorPriority = '<3>';
const priorities: Record<Level, string> = {
  error: errorPriority,
  warn: '<4>',
  info: '<6>',
  debug: '<7>',
};

export function makeLog(settings: LogSettings): Log {
  const writeLine = (level: Level, event: string, facts: LogFacts = {}): void => {
    if (level === 'debug' && !settings.verbose) return;
    const start = settings.journal
      ? priorities[level]
      : `${new Date(settings.nowMs()).toISOString()} ${level.padEnd(5)} `;
    settings.write(`${start}${settings.component}: ${event}${formatFacts(facts)}\n`);
  };
  return {
    info: (event, facts) => writeLine('info', event, facts),
    warn: (event, facts) => writeLine('warn', event, facts),
    error: (event, facts) => writeLine('error', event, facts),
    debug: (event, facts) => writeLine('debug', event, facts),
    child: (component) => makeLog({ ...settings, component }),
  };
}

function formatFacts(facts: LogFacts): string {
  let text = '';
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined) continue;
    const plain = key === 'error' ? describeError(value) : asText(value);
    text += ` ${key}=${/^[\w.:/+@%,[\]-]+$/.test(plain) ? plain : quote(plain)}`;
    const code = key === 'error' ? errorCodeOf(value) : undefined;
    if (code !== undefined) text += ` code=${code}`;
  }
  return text;
}

/** Quotes text that may come from a peer; JSON alone escapes no control characters above U+001F. */
function quote(text: string): string {
  return escapeControls(JSON.stringify(text));
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity });
}

/**
 * Whether stderr is the journal. All children of a service inherit `$JOURNAL_STREAM`, so its device and inode must
 * also be those of this process's stderr (systemd.exec(5)).
 */
export function isJournal(
  journalStream: string | undefined,
  stderr: { readonly dev: number; readonly ino: number },
): boolean {
  return journalStream === `${stderr.dev}:${stderr.ino}`;
}
