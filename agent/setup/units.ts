/** The names of the agent's units, for install, doctor and status. Pure. */

/** First the units that start by themselves, then the units that they start. */
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

/** The folder of `StateDirectory=` in the units; an instance has its own folder beside it. */
export const stateFolderName = 'picchanged/agent';
