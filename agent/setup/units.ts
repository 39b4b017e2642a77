/** The agent's units by name: what install chooses from, and doctor and status look at. Pure. */

/** Those that run by themselves, and then what they run. */
export const agentUnits = [
  'picchanged.timer',
  'picchanged.path',
  'picchanged-watch.service',
  'picchanged.service',
  'picchanged-path.service',
  'picchanged@*',
  'picchanged-watch@*',
  'picchanged-webcam@*',
] as const;

/** The folder that `StateDirectory=` of the units makes; an instance has one of its own beside it. */
export const stateFolderName = 'picchanged/agent';
