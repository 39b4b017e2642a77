/** `receiver config`: shows the settings that apply, or checks the settings file. */
import { defineConfig } from '../../shared/setup/config/config-command.js';
import { receiverSettings } from './settings.js';

const usage = `receiver config [--check] [--file FILE] …

Shows the settings that apply to the installed receiver, and where each comes from: a flag that is given here or in the
unit, a line of the settings file, the unit, or the default. Drop-ins of the unit are not read.

With --check: reads the settings file as systemd does, and names each variable that the receiver does not know and each
value that it refuses, with the line. The exit code is 2 when there is one, and 3 when the file cannot be read.

`;

/** @throws {UsageError} the file has a fault @throws {OperationalError} UNREADABLE */
export const run = defineConfig(receiverSettings, usage);
