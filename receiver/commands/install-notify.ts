/** The notices' part of `receiver install`: they are installed while their settings say how to announce. */
import { UsageError } from '../../shared/cli/errors.js';
import { variableName } from '../../shared/cli/option-table.js';
import { refuseFaults } from '../../shared/setup/config/installed-check.js';
import { givenSettings } from '../../shared/setup/install/given-settings.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import type { NotifyPlanRequest } from '../setup/install/notify-plan.js';
import { capturesGroup } from './install-web.js';
import { someWays } from './notice-ways.js';
import { notifySettings, receiverSettings } from './settings.js';

const ways = [
  ...['onEvent', 'onEnd', 'onSilent', 'onBack', 'onLate', 'onProblem', 'onResolved'],
  ...['notify', 'mqtt'],
].map((key) => variableName('receiver', key));
/** The service must be able to read them. */
const secretFiles = ['notifySecretFile', 'mqttPasswordFile'];

/** @returns undefined: nothing says how to announce @throws {UsageError} a setting has no effect, or is wrong */
export async function notifyToInstall(
  supplied: ReadonlyMap<string, readonly string[]>,
  captures: Parameters<typeof capturesGroup>[1],
): Promise<NotifyPlanRequest | undefined> {
  const { scope } = captures;
  const settings = givenSettings({
    ...{ program: 'receiver', table: notifySettings, supplied, refused: {}, scope },
    paths: [...secretFiles, 'mqttCaFile'],
  });
  const before = await readInstalledSettings(scope, 'notify');
  refuseFaults(before, settings, receiverSettings);
  const values = { ...before.variables, ...settings };
  if (ways.every((name) => !values[name])) {
    const given = [...supplied.keys()].filter((key) => Object.hasOwn(notifySettings, key));
    if (given.every((key) => !settings[variableName('receiver', key)])) return undefined;
    throw new UsageError('nothing says how to announce', {
      hint: `add ${someWays}`,
    });
  }
  const group = await capturesGroup('the user of the notices', captures);
  const named = secretFiles.flatMap((key) => values[variableName('receiver', key)] || []);
  return { group, settings, secretFiles: named };
}
