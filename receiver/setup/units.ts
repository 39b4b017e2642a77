/** Names of the receiver's units: install chooses from them, doctor and status read their state. Pure. */

/** One process for all cameras. */
export const receiverSocket = 'surveillance-many.socket';
export const receiverService = 'surveillance-many.service';

export const pruneTimer = 'picchanged-prune.timer';
export const pruneService = 'picchanged-prune.service';

export const webSocket = 'picchanged-web.socket';
export const webService = 'picchanged-web.service';
export const keepPath = 'picchanged-keep.path';
export const keepService = 'picchanged-keep.service';

export const notifyService = 'picchanged-notify.service';

export const receiverUnits = [
  receiverSocket,
  receiverService,
  'surveillance.socket',
  'surveillance@*',
  pruneTimer,
  pruneService,
  webSocket,
  webService,
  keepPath,
  keepService,
  notifyService,
] as const;
