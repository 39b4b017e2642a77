/** The manual page of a program, man(7), from its commands and flags. Pure. */
import { errorCodes } from './errors.js';
import { optionRows } from './option-table.js';
import type { CommandHelp, ProgramHelp } from './program-help.js';

const about = {
  agent: 'watches a camera and sends the frames that changed to a receiver',
  receiver: 'stores the frames of cameras, and shows, checks and deletes them',
} as const;

const exitCodes = [
  ['0', 'Done.'],
  ['1', 'Failed while running; of doctor and verify: there are faults or findings.'],
  ['2', 'Wrong usage, or a wrong setting.'],
  ['3', 'Something that is to be checked cannot be read.'],
] as const;

/** @param version of the program: the page has no date, so that each build gives the same bytes */
export function manPage({ program, unnamed, sections }: ProgramHelp, version: string): string {
  const other = program === 'agent' ? 'receiver' : 'agent';
  const lines = [
    `.TH PICCHANGED-${program.toUpperCase()} 1 "" "picchanged ${version}" "picchanged"`,
    '.SH NAME',
    `picchanged-${program} \\- ${about[program]}`,
    '.SH SYNOPSIS',
    ...callLines(unnamed),
    '.br',
    `.B ${program} help`,
    '.I COMMAND',
    '.SH DESCRIPTION',
    ...paragraphs(unnamed),
    '.SH COMMANDS',
    ...sections.flatMap(({ title, commands }) => [
      `.SS ${escaped(title)}`,
      ...commands.flatMap(({ name, does }) => ['.TP', `.B ${escaped(name)}`, escaped(does)]),
    ]),
    '.SH OPTIONS',
    ...optionLines(program, unnamed),
    ...sections.flatMap(({ commands }) =>
      commands.flatMap((command) => [
        `.SH ${escaped(command.name.toUpperCase())}`,
        ...callLines(command),
        '.PP',
        ...paragraphs(command),
        ...optionLines(program, command),
      ]),
    ),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning]),
    '.SH DIAGNOSTICS',
    'An error that ends the program begins with its code in brackets (wrong usage has none); a line of the log has it as',
    '.IR code= .',
    'The page troubleshooting.md of the documentation has a section for each code.',
    ...Object.entries(errorCodes).flatMap(([code, meaning]) => [
      ...['.TP', `.B ${code}`, escaped(meaning.replace(/^./, (letter) => letter.toUpperCase()))],
    ]),
    '.SH FILES',
    ...['.TP', `.I /etc/picchanged/${program}.env`, 'Settings of the service.'],
    ...['.TP', `.I /etc/picchanged/${program}.env.example`, 'Every setting with its default.'],
    '.SH SEE ALSO',
    `.BR picchanged-${other} (1),`,
    '.BR systemd (1)',
  ];
  return `${lines.join('\n')}\n`;
}

function callLines({ usage }: CommandHelp): readonly string[] {
  const [call = ''] = usage.split('\n\n');
  return [`.B ${escaped(call.replaceAll(/\s+/g, ' '))}`];
}

function paragraphs({ usage }: CommandHelp): readonly string[] {
  const [, ...texts] = usage.trim().split('\n\n');
  return texts.flatMap((text, at) => [
    ...(at > 0 ? ['.PP'] : []),
    escaped(text.replaceAll('\n', ' ')),
  ]);
}

function optionLines(program: string, { table }: CommandHelp): readonly string[] {
  return optionRows({ name: program, table }).flatMap(({ flag, help, defaultText }) => {
    const fallback = defaultText === undefined ? '' : ` Default ${defaultText}.`;
    return ['.TP', `.B ${escaped(flag)}`, escaped(help + fallback)];
  });
}

/** Text that troff prints as it is: no dashes of its own, no line that begins a request. */
function escaped(text: string): string {
  // A terminal without UTF-8 has no ellipsis.
  const typed = text.replaceAll('…', '...');
  const plain = typed.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq');
  // Only ASCII: troff reads other characters by the names of their code points.
  const ascii = plain.replaceAll(/[^\0-~]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `\\[u${point.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
  return ascii.replace(/^\./, '\\&.');
}
