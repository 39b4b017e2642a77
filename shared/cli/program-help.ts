/** What a program says about its commands and flags, for `--help`, the manual page and the completions. */
import type { OptionTable } from './option-table.js';

export interface CommandHelp {
  /** Ends with an empty line. Its first paragraph is how the command is called. */
  readonly usage: string;
  /** The flags that help shows. */
  readonly table: OptionTable;
}

export interface NamedHelp extends CommandHelp {
  readonly name: string;
  /** What it does, as a sentence without a subject. */
  readonly does: string;
}

export interface ProgramHelp {
  readonly program: 'agent' | 'receiver';
  /** Without a command. */
  readonly unnamed: CommandHelp;
  readonly sections: readonly { readonly title: string; readonly commands: readonly NamedHelp[] }[];
}

/** The names that a program is installed under. */
export function namesOf(program: string): readonly string[] {
  return [program, `picchanged-${program}`];
}
