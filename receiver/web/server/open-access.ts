/** A viewer without passwords, which listens on this machine's own addresses only: its users may look and keep. */
import { HttpError } from './answers.js';
import type { WebAccess } from './web-access.js';

export const openAccess: WebAccess = {
  roleOf: () => 'keep',
  sessionOf: () => ({ role: 'keep', name: null, hasPassword: false, isUnencrypted: false }),
  enter: () => Promise.reject(new HttpError(404, 'not-found', 'no password is set')),
  leave: () => 'picchanged=; Max-Age=0',
};
