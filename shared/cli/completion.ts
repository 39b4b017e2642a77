/** The completion scripts of a program for bash, zsh and fish, from its commands and flags. Pure. */
import { type Option, type OptionTable, flagName } from './option-table.js';
import { type CommandHelp, type NamedHelp, type ProgramHelp, namesOf } from './program-help.js';

/** How the value of a flag is completed; undefined: the flag has none. */
type Completed = 'file' | 'directory' | 'nothing' | readonly string[] | undefined;

/** By the name of the shell. */
const scripts: ReadonlyMap<string, (help: ProgramHelp) => readonly string[]> = new Map(
  Object.entries({ bash: bashScript, zsh: zshScript, fish: fishScript }),
);

export const shellNames: readonly string[] = [...scripts.keys()];

/** @returns undefined: the shell is not known */
export function completionScript(help: ProgramHelp, name: string): string | undefined {
  const lines = scripts.get(name)?.(help);
  return lines && `${lines.join('\n')}\n`;
}

const commandsOf = ({ sections }: ProgramHelp): readonly NamedHelp[] =>
  sections.flatMap(({ commands }) => commands);

function valueOf({ metavar }: Option<unknown>): Completed {
  if (metavar === undefined) return undefined;
  if (metavar === 'DIR') return 'directory';
  if (/FILE|PNG|PATH|SOURCE|OUT/.test(metavar)) return 'file';
  const words = metavar.split('|');
  return words.every((word) => /^[a-z-]+$/.test(word)) ? words : 'nothing';
}

const flagsOf = (table: OptionTable): readonly string[] =>
  Object.keys(table).map((key) => `--${flagName(key)}`);

function bashScript(help: ProgramHelp): readonly string[] {
  const { program, unnamed } = help;
  const commands = commandsOf(help);
  const all = [unnamed, ...commands].flatMap(({ table }) => Object.entries(table));
  // A flag completes its value in the same way in each command.
  const values = new Map(all.map(([key, option]) => [`--${flagName(key)}`, valueOf(option)]));
  const cases = [...values].flatMap(([flag, value]) => {
    if (value === undefined) return [];
    if (value === 'file' || value === 'directory') {
      const kind = value === 'file' ? '-f' : '-d';
      return [
        `    ${flag}) COMPREPLY=($(compgen ${kind} -- "$current")); compopt -o filenames 2>/dev/null; return ;;`,
      ];
    }
    if (value === 'nothing') return [`    ${flag}) return ;;`];
    return [`    ${flag}) COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current")); return ;;`];
  });
  const names = commands.map(({ name }) => name);
  return [
    `# bash completion of ${program}: source <(${program} completion bash)`,
    `_picchanged_${program}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words',
    '  COMPREPLY=()',
    '  case "$previous" in',
    ...cases,
    '  esac',
    '  case "${COMP_WORDS[1]}" in',
    ...commands.map(({ name, table }) => `    ${name}) words='${flagsOf(table).join(' ')}' ;;`),
    `    help) words='${names.join(' ')}' ;;`,
    `    *) words='${flagsOf(unnamed.table).join(' ')}' ;;`,
    '  esac',
    `  if [ "$COMP_CWORD" -eq 1 ]; then words="${names.join(' ')} help $words"; fi`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    `complete -o bashdefault -o default -F _picchanged_${program} ${namesOf(program).join(' ')}`,
  ];
}

function zshScript(help: ProgramHelp): readonly string[] {
  const { program, unnamed } = help;
  const commands = commandsOf(help);
  return [
    `#compdef ${namesOf(program).join(' ')}`,
    `# zsh completion of ${program}: source <(${program} completion zsh)`,
    `_picchanged_${program}() {`,
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, does }) => `    ${zshQuoted(`${name}:${does}`)}`),
    '  )',
    '  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then',
    '    _describe command commands',
    '    return',
    '  fi',
    '  case $words[2] in',
    ...commands.flatMap((command) => [
      `    ${command.name})`,
      '      shift words; (( CURRENT-- ))',
      `      _arguments ${zshFlags(command).join(' ')} '*:file:_files' ;;`,
    ]),
    '    help) _describe command commands ;;',
    `    *) _arguments ${zshFlags(unnamed).join(' ')} ;;`,
    '  esac',
    '}',
    `if [ "$funcstack[1]" = "_${program}" ] || [ "$funcstack[1]" = "_picchanged-${program}" ]; then`,
    `  _picchanged_${program} "$@"`,
    'else',
    `  compdef _picchanged_${program} ${namesOf(program).join(' ')}`,
    'fi',
  ];
}

function zshFlags({ table }: CommandHelp): readonly string[] {
  return Object.entries(table).map(([key, option]) => {
    const repeated = option.isMany ? '*' : '';
    const text = `--${flagName(key)}[${firstSentence(option.help).replaceAll(/[[\]]/g, '')}]`;
    return zshQuoted(`${repeated}${text}${zshValue(option)}`);
  });
}

function zshValue(option: Option<unknown>): string {
  const value = valueOf(option);
  if (value === undefined) return '';
  const name = (option.metavar ?? '').replaceAll(':', ' ');
  if (value === 'file') return `:${name}:_files`;
  if (value === 'directory') return `:${name}:_files -/`;
  return value === 'nothing' ? `:${name}: ` : `:${name}:(${value.join(' ')})`;
}

const zshQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function fishScript(help: ProgramHelp): readonly string[] {
  const { program, unnamed } = help;
  const commands = commandsOf(help);
  const names = commands.map(({ name }) => name).join(' ');
  const complete = (rest: string): readonly string[] =>
    namesOf(program).map((name) => `complete -c ${name} ${rest}`);
  const none = '-n __fish_use_subcommand';
  return [
    `# fish completion of ${program}: ${program} completion fish | source`,
    ...complete('-f'),
    ...commands.flatMap(({ name, does }) => complete(`${none} -a ${name} -d ${fishQuoted(does)}`)),
    ...fishFlags(unnamed).flatMap((flag) => complete(`${none} ${flag}`)),
    ...commands.flatMap((command) =>
      fishFlags(command).flatMap((flag) =>
        complete(`-n '__fish_seen_subcommand_from ${command.name}' ${flag}`),
      ),
    ),
    ...complete(`-n '__fish_seen_subcommand_from help' -a '${names}'`),
  ];
}

function fishFlags({ table }: CommandHelp): readonly string[] {
  return Object.entries(table).map(([key, option]) => {
    const value = valueOf(option);
    const text = `-l ${flagName(key)} -d ${fishQuoted(firstSentence(option.help))}`;
    if (value === undefined) return text;
    if (value === 'file' || value === 'directory') return `${text} -r -F`;
    return value === 'nothing' ? `${text} -x` : `${text} -x -a '${value.join(' ')}'`;
  });
}

const fishQuoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A description of one line. */
function firstSentence(text: string): string {
  return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text;
}
