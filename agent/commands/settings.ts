/** The variables of the agent's settings file, and the flags that install refuses. */
import type { KnownSettings } from '../../shared/setup/config/check-settings.js';
import { agentProgram } from '../options.js';
import { replayProgram } from '../replay/replay-options.js';
import { readCommandVariable } from '../source/open-source.js';

export const agentSettings: KnownSettings = {
  program: 'agent',
  tables: [agentProgram.table, replayProgram.table],
  others: { AGENT_COMMAND: readCommandVariable },
};

/** Flags that a service gets from its unit, or that are of use only at a terminal; each with the reason. */
export const refusedFlags = {
  once: 'use --timer',
  state: 'the service has its own state directory',
  explain: 'the service can write only to its own directories; run agent replay --explain by hand',
  explainFrames: 'it is for --explain, which a service does not have',
  explainAs: 'it is for --explain, which a service does not have',
  idleExit: 'the units that need it set it',
  json: 'no program reads the output of the service',
  verbose: 'put AGENT_VERBOSE=yes into the settings while you need it',
  version: 'install installs the version of this program',
};

/** What agent.env.example does not list: install refuses them, but for `verbose`. */
export const keysOutsideExample = Object.keys(refusedFlags).filter((key) => key !== 'verbose');
