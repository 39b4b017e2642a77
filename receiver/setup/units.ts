/** The receiver's units by name: what install chooses from, and doctor and status look at. Pure. */

export const receiverUnits = [
  'surveillance-many.socket',
  'surveillance-many.service',
  'surveillance.socket',
  'surveillance@*',
  'surveillance-prune.timer',
] as const;

/** The user of the services, and the folder that `StateDirectory=` of the units makes. */
export const stateFolderName = 'surveillance';
