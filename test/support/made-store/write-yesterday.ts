/** Program: `write-yesterday DIR CAMERA`. */
import { systemClock } from '../../../shared/clock.js';
import { writeYesterday } from './yesterday.js';

const [directory = '', camera = ''] = process.argv.slice(2);
const nowMs = systemClock.nowMs();
const utcOffsetMinutes = systemClock.utcOffsetMinutes(nowMs);
const frames = writeYesterday({ directory, camera, nowMs, utcOffsetMinutes });
console.log(`Yesterday of ${camera} is made up: ${frames} frames.`);
