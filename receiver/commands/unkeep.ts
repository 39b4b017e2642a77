/** `receiver unkeep`: ends what `receiver keep` did. */
import { runUnkeep } from './keep.js';

export const run = runUnkeep;
