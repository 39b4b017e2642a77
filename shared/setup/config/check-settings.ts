/**
 * Checks the text of a settings file: names that no option has, values that the program refuses, and lines that systemd
 * reads in another way than they look. Pure.
 */
import { UsageError } from '../../cli/errors.js';
import { counted } from '../../cli/humanize.js';
import { nearest } from '../../cli/nearest.js';
import { type OptionTable, readCommandLine, variableName } from '../../cli/option-table.js';
import { type Assignment, type OtherLine, readEntries } from '../install/environment-syntax.js';

/** The variables that the programs of one settings file read. */
export interface KnownSettings {
  readonly program: 'agent' | 'receiver';
  readonly tables: readonly OptionTable[];
  /** Variables without an option, each with a function that throws a UsageError for an invalid value. */
  readonly others: Readonly<Record<string, (text: string) => unknown>>;
}

export interface SettingsProblem {
  /** From 1. */
  readonly line: number;
  /** `fault`: the setting has no effect, or the program does not start. */
  readonly level: 'fault' | 'warning';
  readonly message: string;
  /** Undefined: the line is no assignment. */
  readonly variable?: string;
}

/** No settings: in a file they would make the service print a text and end. */
const notSettings = ['help', 'version'];

export function checkSettings(text: string, known: KnownSettings): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const lines = new Map<string, number>();
  for (const entry of readEntries(text)) {
    if (entry.kind !== 'assignment') {
      const message = otherProblem(entry);
      if (message !== undefined) problems.push({ line: entry.line, level: 'fault', message });
      continue;
    }
    const { line, key } = entry;
    const message = assignmentProblem(entry, known);
    if (message !== undefined) problems.push({ line, level: 'fault', message, variable: key });
    const earlier = lines.get(key);
    if (earlier !== undefined) {
      const twice = `${key} replaces the value of line ${earlier}`;
      problems.push({ line, level: 'warning', message: twice, variable: key });
    }
    lines.set(key, line);
  }
  return problems;
}

/** `/etc/picchanged/agent.env:7: AGENT_INTERVAL '5': the unit is missing` */
export function problemText(path: string, { line, level, message }: SettingsProblem): string {
  return `${path}:${line}: ${level === 'warning' ? 'warning: ' : ''}${message}`;
}

/** The first fault, and how many more there are; undefined: there is none. */
export function faultText(path: string, problems: readonly SettingsProblem[]): string | undefined {
  const [first, ...more] = problems.filter(({ level }) => level === 'fault');
  if (first === undefined) return undefined;
  const rest = more.length === 0 ? '' : `, and ${counted(more.length, 'more fault')}`;
  return problemText(path, first) + rest;
}

function otherProblem({ kind, text }: OtherLine): string | undefined {
  if (kind === 'ignored') return `'${text}' sets nothing: there is no = in the line`;
  // The text ends where the comment does.
  if (!/\\[\n\r]|\\$/.test(text)) return undefined;
  return 'the comment ends with a backslash: systemd before 254 takes the next line as a part of it';
}

function assignmentProblem(assignment: Assignment, known: KnownSettings): string | undefined {
  const { key, isClosed } = assignment;
  if (!isClosed) return `${key} ends in an open quote or a backslash: close it`;
  if (!/^[A-Za-z_]\w*$/.test(key)) {
    const without = /^export\s+(\w+)$/.exec(key)?.[1];
    const hint = without === undefined ? '' : `: write ${without}=`;
    return `systemd ignores '${key}', which is not the name of a variable${hint}`;
  }
  return nameProblem(key, known) ?? valueProblem(assignment, known);
}

function nameProblem(key: string, { program, tables, others }: KnownSettings): string | undefined {
  const names = [...variablesOf(program, tables), ...Object.keys(others)];
  if (names.includes(key)) return undefined;
  const meant = nearest(key.toUpperCase(), names);
  if (meant !== undefined) return `${key} is unknown: did you mean ${meant}?`;
  // Other variables, as TZ and NODE_OPTIONS, are for the system.
  if (!/^(?:AGENT|RECEIVER)_/i.test(key)) return undefined;
  return `${key} is unknown: the ${program} has no such setting`;
}

function variablesOf(program: string, tables: readonly OptionTable[]): string[] {
  const keys = tables.flatMap((table) => Object.keys(table));
  return keys.filter((key) => !notSettings.includes(key)).map((key) => variableName(program, key));
}

function valueProblem({ key, value }: Assignment, known: KnownSettings): string | undefined {
  const { program, tables, others } = known;
  try {
    if (value !== '') others[key]?.(value);
    for (const table of tables) {
      const option = Object.entries(table).find(([name]) => variableName(program, name) === key);
      if (option === undefined) continue;
      readCommandLine({ name: program, table: { [option[0]]: option[1] } }, [], { [key]: value });
      break;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const comment = /\s#/.test(value) ? '; a comment needs a line of its own' : '';
    return error.message + comment;
  }
}
