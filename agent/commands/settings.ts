/** The variables of the agent's settings file. */
import type { KnownSettings } from '../../shared/setup/config/check-settings.js';
import { agentProgram } from '../options.js';
import { replayProgram } from '../replay/replay-options.js';
import { readCommandVariable } from '../source/open-source.js';

export const agentSettings: KnownSettings = {
  program: 'agent',
  tables: [agentProgram.table, replayProgram.table],
  others: { AGENT_COMMAND: readCommandVariable },
};
