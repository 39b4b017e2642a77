/** Defines a command: its usage, its options, and what it runs after `--help`, `--version` and stray arguments. */
import { type Command, type Environment, writeTo } from './command.js';
import { UsageError } from './errors.js';
import {
  type CommandLine,
  type Option,
  type OptionTable,
  type OptionValues,
  type Program,
  helpText,
  readCommandLine,
} from './option-table.js';
import { textWidth, wrap } from './text-width.js';
import { version } from './version.js';

/** Of the lines that continue the first one of a usage. */
const callIndent = '    ';

/** Each command has `--help`. */
type CommandTable = OptionTable & { readonly help: Option<boolean> };

export interface CommandDefinition<Table extends CommandTable> {
  readonly program: { readonly name: string; readonly table: Table };
  /** Ends with an empty line; the options follow. */
  readonly usage: string;
  /** The options that help shows, when they are not all. */
  readonly shown?: OptionTable;
  /** False: options are read from the command line only. */
  readonly readsEnvironment?: boolean;
  /** Arguments besides flags: `positionals`, or a `command` line after `--`. Without it there are none. */
  readonly accepts?: 'positionals' | 'command';
  /** @throws {UsageError} @throws {OperationalError} */
  run(invocation: Invocation<Table>): Promise<void>;
}

export interface Invocation<Table extends OptionTable> extends CommandLine<Table> {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** The options when these variables apply too: flags and `env` take precedence. @throws {UsageError} */
  readonly optionsWith: (variables: Environment) => OptionValues<Table>;
}

export function defineCommand<Table extends CommandTable>(
  definition: CommandDefinition<Table>,
): Command {
  const { program, usage, shown = program.table, readsEnvironment = true, accepts } = definition;
  const command = async (
    argv: readonly string[],
    env: Environment,
    commandList = '',
  ): Promise<void> => {
    const line = readCommandLine(program, argv, readsEnvironment ? env : {});
    const text = answer(line.options, usage, commandList, { name: program.name, table: shown });
    if (text !== undefined) {
      writeTo(1, `${text}\n`);
      return;
    }
    const { command = [] } = line;
    // Everything after `--` is a positional argument, unless it is a command line.
    const positionals =
      accepts === 'command' ? line.positionals : [...line.positionals, ...command];
    if (accepts !== 'positionals' && positionals[0] !== undefined) {
      throw new UsageError(`unexpected argument '${positionals[0]}'`, { hint: 'see --help' });
    }
    await definition.run({
      ...line,
      positionals,
      argv,
      env,
      optionsWith: (variables) => readCommandLine(program, argv, { ...variables, ...env }).options,
    });
  };
  return Object.assign(command, { help: { usage, table: shown } });
}

/** A usage text at a width: how the command is called, then each paragraph broken anew. */
function rewrapped(usage: string, width: number): string {
  const [call = '', ...paragraphs] = usage.split('\n\n');
  // What is in brackets stays together.
  const joined = call.replaceAll(/\[[^[\]]*\]/g, (text) => text.replaceAll(' ', '\u00a0'));
  const [first = '', ...more] = wrap(joined, width - callIndent.length).map((line) =>
    line.replaceAll('\u00a0', ' '),
  );
  const texts = paragraphs.map((text) => wrap(text.replaceAll('\n', ' '), width).join('\n'));
  const calls = [first, ...more.map((line) => callIndent + line)].join('\n');
  return [calls, ...texts].join('\n\n');
}

/** The text for `--help`, or for `--version` when the command has it; undefined: the command runs. */
function answer(
  options: Readonly<Record<string, unknown>>,
  usage: string,
  commandList: string,
  shown: Program,
): string | undefined {
  if (options.help === true) {
    const width = textWidth();
    return `${rewrapped(usage, width)}${commandList}${helpText(shown, width)}`;
  }
  return options.version === true && 'version' in shown.table ? version : undefined;
}
