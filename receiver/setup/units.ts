/** The receiver's units by name: what install chooses from, and doctor and status look at. Pure. */

export const receiverUnits = [
  'surveillance-many.socket',
  'surveillance-many.service',
  'surveillance.socket',
  'surveillance@*',
] as const;
