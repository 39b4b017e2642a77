/** `completion SHELL` and `man` of both programs: their text is made from the commands and flags, and fits the version. */
import { type Command, type Commands, writeTo } from './command.js';
import { defineCommand } from './define-command.js';
import { UsageError } from './errors.js';
import { flag } from './option-table.js';
import type { ProgramHelp } from './program-help.js';
import { version } from './version.js';

const table = { help: flag('Show this help.') };

/** Adds both commands to those of a program. */
export function withHelpCommands(own: Commands): Commands {
  const describe = (): Promise<ProgramHelp> => describeCommands(all);
  const all: Commands = {
    ...own,
    sections: {
      ...own.sections,
      Help: {
        completion: {
          does: 'Prints the script that completes words in bash, zsh or fish.',
          load: () => Promise.resolve({ run: completion(own.program, describe) }),
        },
        man: {
          does: 'Prints the manual page.',
          load: () => Promise.resolve({ run: man(own.program, describe) }),
        },
      },
    },
  };
  return all;
}

function completion(name: string, describe: () => Promise<ProgramHelp>): Command {
  return defineCommand({
    program: { name, table },
    usage: `${name} completion bash|zsh|fish

Prints a script that completes commands and flags. In bash: source <(${name} completion bash); in zsh:
source <(${name} completion zsh); in fish: ${name} completion fish | source.

`,
    accepts: 'positionals',
    async run({ positionals: [asked = '', ...more] }) {
      const { completionScript, shellNames } = await import('./completion.js');
      const script = completionScript(await describe(), asked);
      if (script === undefined || more.length > 0) {
        throw new UsageError(`name one of ${shellNames.join(', ')}`);
      }
      writeTo(1, script);
    },
  });
}

function man(name: string, describe: () => Promise<ProgramHelp>): Command {
  return defineCommand({
    program: { name, table },
    usage: `${name} man

Prints the manual page, as text for man: ${name} man | man -l -

`,
    async run() {
      const { manPage } = await import('./man-page.js');
      writeTo(1, manPage(await describe(), version));
    },
  });
}

/** Loads all commands. */
async function describeCommands(commands: Commands): Promise<ProgramHelp> {
  const { program, unnamed } = commands;
  const sections: ProgramHelp['sections'][number][] = [];
  for (const [title, named] of Object.entries(commands.sections)) {
    const described = Object.entries(named).map(async ([name, { does, load }]) => {
      const { run } = await load();
      return { name, does, ...run.help };
    });
    sections.push({ title, commands: await Promise.all(described) });
  }
  return { program, unnamed: unnamed.help, sections };
}
