/**
 * One table of options per program: flag, environment variable, default, rule and help sentence. The parser,
 * `--help` and the tables in docs/reference are generated from it. Pure: argv and env are parameters.
 */
import { parseArgs } from 'node:util';
import { UsageError } from './errors.js';
import { nearest } from './nearest.js';
import { wrap } from './text-width.js';
import { InvalidValue } from './units.js';
import { withoutPasswords } from './without-passwords.js';

/** The type of an option's value: its placeholder in help, and its parser. */
export interface ValueType<T> {
  /** Placeholder in help: `DURATION`. */
  readonly metavar: string;
  /** `none` is a value, such as a name: it does not take the option back. */
  readonly noneIsValue?: boolean;
  /** @throws {InvalidValue} with the rule that the text breaks. */
  parse(text: string): T;
}

export interface Option<T> {
  readonly help: string;
  readonly metavar: string | undefined;
  readonly defaultText: string | undefined;
  readonly isMany: boolean;
  readonly noneIsValue: boolean;
  /** @param texts in the order given; empty: no flag, no variable, no default */
  read(texts: readonly string[]): T;
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T> ? T : never;
};

export interface Program {
  /** Name of the command: `agent`. */
  readonly name: string;
  readonly table: OptionTable;
}

/** An option with one value: the given one, else the default, else undefined. */
export function value<T>(kind: ValueType<T>, help: string, defaultText: string): Option<T>;
export function value<T>(kind: ValueType<T>, help: string): Option<T | undefined>;
export function value<T>(
  kind: ValueType<T>,
  help: string,
  defaultText?: string,
): Option<T | undefined> {
  return {
    help,
    metavar: kind.metavar,
    defaultText,
    isMany: false,
    noneIsValue: kind.noneIsValue === true,
    read: (texts) => {
      const text = texts.at(-1);
      return text === undefined ? undefined : kind.parse(text);
    },
  };
}

/** An option that may be given several times; its variable holds the values separated by spaces. */
export function list<T>(kind: ValueType<T>, help: string): Option<readonly T[]> {
  return {
    help,
    metavar: kind.metavar,
    defaultText: undefined,
    isMany: true,
    noneIsValue: kind.noneIsValue === true,
    read: (texts) => texts.map((text) => kind.parse(text)),
  };
}

/** A switch, off by default; its variable is `1`, `true`, `yes`, `on`, or `0`, `false`, `no`, `off`. */
export function flag(help: string): Option<boolean> {
  return {
    help,
    metavar: undefined,
    defaultText: undefined,
    isMany: false,
    noneIsValue: false,
    read: (texts) => {
      const text = (texts.at(-1) ?? 'no').toLowerCase();
      if (['1', 'true', 'yes', 'on'].includes(text)) return true;
      if (['0', 'false', 'no', 'off'].includes(text)) return false;
      throw new InvalidValue('write yes or no');
    },
  };
}

/** `shotTimeout` → `shot-timeout`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `agent`, `shotTimeout` → `AGENT_SHOT_TIMEOUT`. */
export function variableName(programName: string, key: string): string {
  return `${programName}_${flagName(key)}`.replaceAll('-', '_').toUpperCase();
}

export interface CommandLine<Table extends OptionTable> extends SuppliedFlags {
  readonly options: OptionValues<Table>;
}

/**
 * A flag takes precedence over the environment, which takes precedence over the default.
 * @throws {UsageError} for an unknown flag, a missing value or an invalid value
 */
export function readCommandLine<Table extends OptionTable>(
  program: { readonly name: string; readonly table: Table },
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine<Table> {
  const flags = readFlags(program, argv);
  const options: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(program.table)) {
    const variable = variableName(program.name, key);
    // An empty variable counts as unset.
    const fromEnv = env[variable]?.trim() || undefined;
    let texts = flags.supplied.get(key);
    let origin = `--${flagName(key)}`;
    if (texts === undefined && fromEnv !== undefined) {
      texts = option.isMany ? fromEnv.split(/\s+/) : [fromEnv];
      origin = variable;
    }
    texts = givenTexts(option, texts ?? []);
    if (texts.length === 0 && option.defaultText !== undefined) texts = [option.defaultText];
    options[key] = readOption(
      option,
      texts,
      origin,
      origin === variable ? program.name : undefined,
    );
  }
  return { ...flags, options: options as OptionValues<Table> };
}

/**
 * The values that apply: an empty one, and `none` where that is no value, takes the option back, with those before it.
 */
export function givenTexts(
  { noneIsValue }: Option<unknown>,
  texts: readonly string[],
): readonly string[] {
  const isTakenBack = (text: string): boolean => text === '' || (text === 'none' && !noneIsValue);
  return texts.slice(texts.findLastIndex(isTakenBack) + 1);
}

/** @param settingsOf the program, when a variable may come from its settings file */
function readOption(
  option: Option<unknown>,
  texts: readonly string[],
  origin: string,
  settingsOf: string | undefined,
): unknown {
  try {
    return option.read(texts);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    const message = `${origin} '${withoutPasswords(texts.join(' '))}': ${error.message}`;
    if (settingsOf === undefined) throw new UsageError(message);
    const hint = `for a service, ${settingsOf} config --check names the file and the line`;
    throw new UsageError(message, { hint });
  }
}

export interface SuppliedFlags {
  /** By key: the values in the order given; `yes` for a switch. */
  readonly supplied: ReadonlyMap<string, readonly string[]>;
  /** Arguments that belong to no flag. */
  readonly positionals: readonly string[];
  /** The arguments after `--`; undefined when there is no `--`. */
  readonly command: readonly string[] | undefined;
}

const shortFlags: Readonly<Record<string, string>> = { '-h': '--help', '-V': '--version' };

/** Splits the arguments without interpreting values. @throws {UsageError} for an unknown flag or a missing value */
export function readFlags(program: Program, argv: readonly string[]): SuppliedFlags {
  const keys = new Map(Object.keys(program.table).map((key) => [flagName(key), key]));
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      [...keys].map(([flag, key]) => [
        flag,
        {
          type:
            program.table[key]?.metavar === undefined ? ('boolean' as const) : ('string' as const),
        },
      ]),
    ),
  });
  const supplied = new Map<string, string[]>();
  const positionals: string[] = [];
  let command: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') command = [];
    else if (token.kind === 'positional') (command ?? positionals).push(token.value);
    else {
      const name = shortFlags[token.rawName] ?? token.rawName;
      const key = name.startsWith('--') ? keys.get(name.slice(2)) : undefined;
      const option = key === undefined ? undefined : program.table[key];
      if (key === undefined || option === undefined) {
        throw unknownFlag(token.rawName, [...keys.keys()]);
      }
      if (option.metavar !== undefined) {
        // parseArgs takes the next argument as the value, even if it is a flag.
        const isFlag = token.inlineValue === false && token.value.startsWith('-');
        if (token.value === undefined || isFlag) {
          throw new UsageError(
            `${token.rawName} needs a value: ${token.rawName} ${option.metavar}`,
            isFlag
              ? {
                  hint: `to pass '${token.value}' as the value, write ${token.rawName}=${token.value}`,
                }
              : {},
          );
        }
      }
      supplied.set(key, [...(supplied.get(key) ?? []), token.value ?? 'yes']);
    }
  }
  return { supplied, positionals, command };
}

function unknownFlag(flag: string, known: readonly string[]): UsageError {
  const meant = nearest(flag.replace(/^-+/, ''), known);
  const hint = meant === undefined ? 'see --help' : `did you mean --${meant}? See --help`;
  return new UsageError(`unknown flag ${flag}`, { hint });
}

/** One row per option, for `--help` and for the docs. */
export function optionRows(program: Program) {
  return Object.entries(program.table).map(([key, option]) => ({
    flag: `--${flagName(key)}${option.metavar === undefined ? '' : ` ${option.metavar}`}`,
    variable: variableName(program.name, key),
    help: option.help + (option.isMany ? ' May be given several times.' : ''),
    defaultText: option.defaultText,
  }));
}

/** The options as help text: each flag on a line, its sentences below it. @param width of a line */
export function helpText(program: Program, width: number): string {
  const lines: string[] = [];
  for (const row of optionRows(program)) {
    const fallback = row.defaultText === undefined ? '' : ` Default ${row.defaultText}.`;
    lines.push(`  ${row.flag}`, ...wrap(row.help + fallback, width, '        '));
  }
  return lines.join('\n');
}
