/** `agent config`: shows the settings that apply, or checks the settings file. */
import { defineConfig } from '../../shared/setup/config/config-command.js';
import { agentSettings } from './settings.js';

/** @throws {UsageError} the file has a fault @throws {OperationalError} UNREADABLE */
export const run = defineConfig(agentSettings);
