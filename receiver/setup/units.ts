/** Names of the receiver's units: install chooses from them, doctor and status read their state. Pure. */

export const receiverUnits = [
  'surveillance-many.socket',
  'surveillance-many.service',
  'surveillance.socket',
  'surveillance@*',
] as const;
