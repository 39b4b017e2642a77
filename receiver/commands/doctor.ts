/** `receiver doctor`: checks the setup of a receiving machine and prints a fix for each fault. */
import { OperationalError, describeError } from '../../shared/cli/errors.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { type ListenAddress, defaultPort, listenAddress } from '../../shared/cli/address.js';
import { systemClock } from '../../shared/clock.js';
import { type Finding, finding } from '../../shared/setup/doctor/finding.js';
import { clockFinding, unitFindings } from '../../shared/setup/doctor/machine-findings.js';
import { lookAsService } from '../../shared/setup/doctor/service-user.js';
import { reportFindings } from '../../shared/setup/doctor/report.js';
import { type UnitState, unitStates } from '../../shared/setup/doctor/unit-state.js';
import { versionFindings } from '../../shared/setup/doctor/version-findings.js';
import { serviceVersions } from '../../shared/setup/running-version.js';
import { type Scope, scopeFor } from '../../shared/setup/install/scope.js';
import { checkInstalled } from '../../shared/setup/config/installed-check.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { typedCredentials } from '../../shared/keys/fleet-keys.js';
import type { Environment } from '../../shared/cli/command.js';
import { type OptionValues, flag } from '../../shared/cli/option-table.js';
import { placeFor } from '../setup/installed.js';
import { ProxyNetworks } from '../listen/proxy-networks.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPath } from '../access/keys/keys-path.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { receiverUnits } from '../setup/units.js';
import { shippedDirectory } from '../setup/install/service-folders.js';
import { readS3Credentials } from '../store/s3/s3-credentials.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { bucketFindings } from '../setup/doctor/bucket-findings.js';
import { camerasFindings, capturesFindings } from '../setup/doctor/captures-findings.js';
import { fullnessFindings } from '../setup/doctor/fullness-findings.js';
import { pruneFindings } from '../setup/doctor/prune-finding.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { bucketNow, bucketSpaceText } from './bucket-now.js';
import { limitsOf } from './retention.js';
import { receiverSettings } from './settings.js';
import { pairingFindings } from '../setup/doctor/pairing-findings.js';
import { portFindings } from '../setup/doctor/port-findings.js';
import { notifyState } from '../setup/install/notify-plan.js';
import { notifyFindings } from '../setup/doctor/notify-findings.js';
import { healthFinding } from '../setup/doctor/health-finding.js';
import { mqttFindings } from '../setup/doctor/mqtt-finding.js';
import { webFindings } from '../setup/doctor/web-findings.js';

const { dir, listen, proxy, health, keys, maxAge, maxSize, minFree } = receiverProgram.table;
const table = {
  dir,
  listen,
  proxy,
  health,
  keys,
  ...{ maxAge, maxSize, minFree, ...mirrorOptions },
  user: flag("Check the receiver of this user's systemd instance instead of the system's."),
  json: flag('Print the findings as JSON.'),
  help: flag('Show this help.'),
};
const program = { name: 'receiver', table } as const;

const usage = `receiver doctor [--dir DIR] [--listen [ADDRESS:]PORT]

Checks the captures directory or the bucket, the port, the firewall, pairing, the clock, the service and the viewer. Prints a fix for each
problem, and the command to type at the camera. Exit code 1: at least one check found a fault.

`;

/** @throws {UsageError} @throws {OperationalError} DOCTOR when there is a fault */
export const run = defineCommand({
  program,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const checked = checkInstalled(settings, receiverSettings, user);
    const options = optionsWith(checked.variables);
    // Without the settings any other directory would be a guess.
    const isGuess = settings.status === 'hidden' && options.dir === undefined;
    const directory = isGuess ? undefined : await placeFor(options.dir, scope);
    const isBucket = directory !== undefined && isBucketText(directory);
    const nowMs = systemClock.nowMs();
    const userId = process.geteuid?.();
    const units = await unitStates(runTool, receiverUnits, user);
    const named = directory ?? 'DIR';
    const tryNotices = user ? 'receiver notify --test --user' : 'sudo receiver notify --test';
    const install = `${user ? 'receiver install --user' : 'sudo receiver install'} --dir ${named}`;
    const start = `receiver --dir ${named}, or ${install}`;
    const findings: Finding[] = [
      ...(checked.finding === undefined ? [] : [checked.finding]),
      ...(await settingsFindings(scope, 'web', 'viewer settings')),
      ...(await settingsFindings(scope, 'notify', 'notice settings')),
    ];
    // The settings that this user may not read name the keys folder.
    const isHidden = settings.status === 'hidden' && options.keys === undefined;
    const pairing =
      isHidden || directory === undefined
        ? []
        : await pairingFindings({
            folder: new KeyFolder(keysPath(options.keys, env)),
            credentials: typedCredentials(env.CREDENTIALS_DIRECTORY, userId),
            // The folder of the service has an owner; a bucket has none.
            directory: isBucket ? shippedDirectory : directory,
            isRoot: userId === 0,
            nowMs,
            pair: `${user ? '' : 'sudo '}receiver pair NAME`,
          });
    // Before the rights are given up: firewalls, fleet keys and the viewer's sandbox are for root only.
    const known = options.listen.length > 0 ? options.listen : listenAddressesOf(units);
    const sockets = (units ?? []).filter(({ name }) => /^surveillance.*\.socket$/.test(name));
    const isOfSystemd = sockets.some(({ active }) => active === 'active');
    const failedSocket = sockets.find(({ active }) => active === 'failed')?.name;
    const proxies = new ProxyNetworks(options.proxy);
    const ofPort = { start, isGuess: isBucket && known.length === 0 };
    const facts = { ...ofPort, isOfSystemd, failedSocket, proxies };
    const port: Finding[] = [];
    for (const listen of known.length > 0 ? known : [anyAddress]) {
      port.push(...(await portFindings(listen, runTool, facts)));
    }
    const web = await webFindings({ units, isUser: user, isRoot: userId === 0, run: runTool });
    const { variables: ofNotices } = await readInstalledSettings(scope, 'notify');
    const notices = [
      ...(user ? [] : await notifyFindings(units ?? [], notifyState, ofNotices)),
      ...(await mqttFindings(ofNotices, tryNotices)),
    ];
    // The keys are for root only too.
    const bucket = isBucket
      ? await findBucket(directory, options, { env, userId, isUser: user })
      : [];
    const versions = await serviceVersions(units ?? [], scope);
    const eyes = user
      ? []
      : (await lookAsService(runTool, servicesOf(units ?? []), 'sudo receiver doctor')).findings;
    findings.push(
      ...eyes,
      ...(directory === undefined ? [unknownCaptures] : bucket),
      ...(directory === undefined || isBucket
        ? []
        : await storeFindings(directory, options, nowMs, {
            install,
            // The sandbox of a service has the directory; by hand a receiver makes it.
            isOfService: isOfSystemd && settings.variables.RECEIVER_DIR === directory,
            isRoot: userId === 0,
          })),
      ...(settings.status === 'hidden' ? [] : pruneFindings(limitsOf(options), units, install)),
      ...port,
      ...(options.health === undefined ? [] : [await healthFinding(options.health)]),
      ...pairing,
      ...web,
      ...notices,
      await clockFinding(runTool, nowMs),
      ...unitFindings(units, nowMs, user, install),
      ...versionFindings(versions, user ? 'receiver install --user' : 'sudo receiver install'),
    );
    reportFindings(findings, options.json, env);
  },
});

/** The settings file of a service beside the receiver's. */
async function settingsFindings(
  scope: Scope,
  name: string,
  check: string,
): Promise<readonly Finding[]> {
  const file = await readInstalledSettings(scope, name);
  const { finding: found } = checkInstalled(file, receiverSettings, scope.isUser);
  return found === undefined ? [] : [{ ...found, check }];
}

const unknownCaptures = finding(
  'captures',
  'warning',
  'this user may not read where they are',
  'sudo receiver doctor',
);

/** The services that the units start; of `Accept=yes`, an instance. */
function servicesOf(units: readonly UnitState[]): readonly string[] {
  return units.flatMap(({ name }) => {
    const base = /^(surveillance.*)\.socket$/.exec(name)?.[1];
    return base === undefined ? [] : [`${base}.service`, `${base}@0.service`];
  });
}

/** @param userId root reads the keys of the installed service */
async function findBucket(
  place: string,
  options: OptionValues<typeof table>,
  { env, userId, isUser }: { env: Environment; userId: number | undefined; isUser: boolean },
): Promise<readonly Finding[]> {
  const { s3Endpoint: endpoint, s3Region: region, s3Credentials: file } = options;
  const directory = typedCredentials(env.CREDENTIALS_DIRECTORY, userId);
  const variables = { ...env, CREDENTIALS_DIRECTORY: directory };
  const readCredentials = () => readS3Credentials({ file, env: variables });
  const clock = systemClock;
  const findings = await bucketFindings({ place, endpoint, region, readCredentials, clock });
  if (findings.some(({ level }) => level === 'fault')) return findings;
  return [...findings, ...(await contentFindings(place, options, { env: variables, isUser }))];
}

async function contentFindings(
  place: string,
  options: OptionValues<typeof table>,
  { env, isUser }: { env: Environment; isUser: boolean },
): Promise<readonly Finding[]> {
  const limits = limitsOf(options);
  const clock = systemClock;
  try {
    const { cameras, space } = await bucketNow(place, options, { env, clock, limits, isUser });
    const nowMs = clock.nowMs();
    const text = bucketSpaceText(space, limits, { nowMs, isHidden: false });
    return [finding('space', 'ok', text), ...camerasFindings(cameras, nowMs)];
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    const why = describeError(new Error(error.message, { cause: error.cause }));
    return [finding('cameras', 'fault', why, error.hint)];
  }
}

async function storeFindings(
  directory: string,
  options: OptionValues<typeof table>,
  nowMs: number,
  { install, isOfService, isRoot }: { install: string; isOfService: boolean; isRoot: boolean },
): Promise<readonly Finding[]> {
  return [
    ...(await capturesFindings(directory, nowMs, {
      install: isOfService ? install : undefined,
      isRoot,
    })),
    ...(await fullnessFindings(directory, limitsOf(options), nowMs, { install, isRoot })),
  ];
}

const anyAddress: ListenAddress = { address: undefined, port: defaultPort };

/** Of the installed receiver's socket. */
function listenAddressesOf(units: readonly UnitState[] = []): readonly ListenAddress[] {
  const sockets = units.filter(({ name }) => name.startsWith('surveillance'));
  return sockets.flatMap(({ listen }) => listen).map((text) => listenAddress.parse(text));
}
