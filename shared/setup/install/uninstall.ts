/** The command uninstall of both programs: removes what install wrote, and says what stays. */
import type { Command, Environment } from '../../cli/command.js';
import { defineCommand } from '../../cli/define-command.js';
import { flag } from '../../cli/option-table.js';
import { runTool } from '../../process/run-tool.js';
import { runUninstall } from './install-run.js';
import type { Leftovers } from './remove-installed.js';
import { type Scope, scopeFor } from './scope.js';

const table = {
  user: flag("Remove the service of this user's systemd instance."),
  dryRun: flag('Show what would be removed and run; change nothing.'),
  help: flag('Show this help.'),
};

interface UninstallDefinition {
  readonly program: 'agent' | 'receiver';
  readonly usage: string;
  /** Called while the settings are still there. @returns a function that is called after the units are stopped */
  findLeftovers(scope: Scope, env: Environment): Promise<() => Promise<Leftovers>>;
}

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export function defineUninstall(definition: UninstallDefinition): Command {
  const { program, usage } = definition;
  return defineCommand({
    program: { name: program, table },
    usage,
    readsEnvironment: false,
    async run({ options, argv, env }) {
      const scope = scopeFor(options.user, env);
      const leftovers = await definition.findLeftovers(scope, env);
      await runUninstall({ program, scope, leftovers }, argv, options.dryRun, runTool);
    },
  });
}
