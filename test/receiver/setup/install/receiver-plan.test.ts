/** The units of an installation: the timer of the sweep comes with limits, and goes with them. */
import { describe, expect, it } from 'vitest';
import { receiverPlan } from '../../../../receiver/setup/install/receiver-plan.js';
import type { Plan } from '../../../../shared/setup/install/plan.js';
import { systemScope, userScope } from '../../../../shared/setup/install/scope.js';
import { root } from '../../../support/programs.js';

const planFor = (changes: Partial<Parameters<typeof receiverPlan>[0]> = {}): Promise<Plan> =>
  receiverPlan({
    directory: '/srv/captures',
    bucket: undefined,
    owner: undefined,
    keys: '/var/lib/surveillance/.keys',
    isAccept: false,
    listen: [],
    settings: {},
    isLimited: true,
    web: undefined,
    notify: undefined,
    package: { root: root.replace(/\/$/, ''), node: process.execPath, isPackaged: false },
    scope: systemScope,
    hostName: 'laptop',
    notes: [],
    ...changes,
  });

const textOf = (plan: Plan, name: string): string => {
  const content = plan.files.find(({ path }) => path.endsWith(`/${name}`))?.content;
  return content !== undefined && 'text' in content ? content.text : '';
};
const settingsIn = (plan: Plan, name: string): string[] =>
  textOf(plan, name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe('the receiver’s plan', () => {
  const bucket: NonNullable<Parameters<typeof receiverPlan>[0]['bucket']> = {
    ...{ place: 's3://frames/home', hasReadKeys: false, hasHealth: false },
    access: { RECEIVER_S3_ENDPOINT: 'https://s3.example.org' },
  };
  const inFolder = { directory: '/var/lib/surveillance', isLimited: false };
  const paths = ({ files }: Plan): string[] => files.map(({ path }) => path);
  const dropInOf = (unit: string, name: string): string =>
    `/etc/systemd/system/${unit}.d/${name}.conf`;

  it('opens the network for a bucket, by a drop-in', async () => {
    const [plan, other] = [await planFor({ ...inFolder, bucket }), await planFor(inFolder)];
    const service = 'surveillance-many.service';
    expect(paths(plan).sort()).toEqual([...paths(other), dropInOf(service, 'bucket')].sort());
    expect(settingsIn(plan, 'bucket.conf')).toEqual([
      ...['[Unit]', 'Wants=network-online.target', 'After=network-online.target', '[Service]'],
      ...['PrivateNetwork=no', 'RestrictAddressFamilies=AF_INET AF_INET6'],
      ...['SystemCallFilter=~bind'],
      'LoadCredential=picchanged-s3:/etc/credstore/picchanged-s3',
      ...['CacheDirectory=surveillance', 'CacheDirectoryMode=0700'],
    ]);
    const withPlace = textOf(other, service).replace(
      '--dir /var/lib/surveillance',
      '--dir s3://frames/home',
    );
    expect(textOf(plan, service).replaceAll('"', '')).toBe(withPlace);
    expect(plan.settings.values.RECEIVER_DIR).toBe('s3://frames/home');
  });

  it('gives every service of a bucket its keys, those that only read others if there are any', async () => {
    const all = {
      ...inFolder,
      ...{ isLimited: true, bucket: { ...bucket, hasReadKeys: true }, web },
      notify: { group: 'surveillance', settings: {}, secretFiles: [] },
    };
    const plan = await planFor(all);
    const keysOf = (unit: string): string =>
      settingsIn(plan, `${unit}.service.d/bucket.conf`).find((line) =>
        line.startsWith('LoadCredential='),
      ) ?? '';
    const keys = 'LoadCredential=picchanged-s3:/etc/credstore/picchanged-s3';
    expect(
      ['surveillance-many', 'picchanged-prune', 'picchanged-keep'].map((unit) => keysOf(unit)),
    ).toEqual([keys, keys, keys]);
    expect(['picchanged-web', 'picchanged-notify'].map((unit) => keysOf(unit))).toEqual([
      `${keys}-read`,
      `${keys}-read`,
    ]);
    const settingsOf = ({ moreSettings = [] }: Plan, name: string): object =>
      moreSettings.find(({ path }) => path.endsWith(name))?.values ?? {};
    for (const name of ['web.env', 'notify.env']) {
      expect(settingsOf(plan, name)).toMatchObject(bucket.access);
      const other = settingsOf(await planFor({ ...all, bucket: undefined }), name);
      expect(other).toMatchObject({ RECEIVER_S3_ENDPOINT: undefined });
    }
  });

  it('lets a receiver that answers a balancer run all the time, and no other', async () => {
    const health = { ...bucket, hasHealth: true };
    const plan = await planFor({ ...inFolder, bucket: health });
    const command = (of: Plan): string =>
      settingsIn(of, 'surveillance-many.service').find((line) => line.startsWith('ExecStart=')) ??
      '';
    expect(command(plan)).toMatch(/--dir "s3:\/\/frames\/home"$/);
    expect(command(await planFor({ ...inFolder, bucket }))).toMatch(/ --idle-exit 1m$/);
    const socket = 'surveillance-many.socket.d/health.conf';
    expect(settingsIn(plan, socket)).toEqual(['[Unit]', 'Wants=surveillance-many.service']);
    // Longer than the longest --drain.
    const ofService = settingsIn(plan, 'surveillance-many.service.d/health.conf');
    expect(ofService).toEqual(['[Service]', 'TimeoutStopSec=40s']);
    expect(settingsIn(plan, 'surveillance-many.service.d/bucket.conf')).not.toContain(
      'SystemCallFilter=~bind',
    );
  });

  it('takes the end when idle from the unit of a package by a drop-in', async () => {
    const shipped = { root: root.replace(/\/$/, ''), node: process.execPath, isPackaged: true };
    const health = { ...bucket, hasHealth: true };
    const plan = await planFor({ ...inFolder, bucket: health, package: shipped });
    const [section, reset, command, ...rest] = settingsIn(
      plan,
      'surveillance-many.service.d/install.conf',
    );
    expect([section, reset, rest]).toEqual(['[Service]', 'ExecStart=', []]);
    expect(command).toMatch(/^ExecStart=\S.* --dir "s3:\/\/frames\/home"$/);
  });

  it('needs no rights of root for a bucket of a user', async () => {
    const plan = await planFor({ ...inFolder, bucket, scope: userScope({ HOME: '/home/fred' }) });
    const dropIn = plan.files.find(({ path }) => path.endsWith('/bucket.conf'));
    expect(dropIn?.path).toMatch(/^\/home\/fred\//);
    expect(settingsIn(plan, 'bucket.conf')).toEqual([
      ...['[Unit]', '[Service]', 'RestrictAddressFamilies=AF_INET AF_INET6'],
      'SystemCallFilter=~bind',
    ]);
    expect(plan.folders.map(({ path }) => path)).toEqual(['/var/lib/surveillance/.keys']);
  });

  it.each([false, true])(
    'has no timer of the sweep without limits (accept: %s)',
    async (isAccept) => {
      const plan = await planFor({ isLimited: false, isAccept });
      const units = [...plan.files.map(({ path }) => path), ...plan.enable, ...plan.stop];
      expect(units.filter((name) => name.includes('prune'))).toEqual([]);
    },
  );

  it.each([false, true])(
    'enables the timer with limits, and stops it (accept: %s)',
    async (isAccept) => {
      const plan = await planFor({ isAccept });
      const prune = ['picchanged-prune.timer', 'picchanged-prune.service'];
      expect(plan.files.map(({ path }) => path)).toEqual(
        expect.arrayContaining(prune.map((name) => `/etc/systemd/system/${name}`)),
      );
      expect(plan.enable).toContain('picchanged-prune.timer');
      expect(plan.stop).toEqual(expect.arrayContaining(prune));
    },
  );

  it.each([
    [[], 'laptop'],
    [['4444'], 'laptop'],
    [['[::]:5555'], 'laptop:5555'],
    [['192.168.1.5:4500', '127.0.0.1:1'], '192.168.1.5:4500'],
  ])('names what a camera connects to: %j', async (listen, destination) => {
    const { notes } = await planFor({ listen });
    expect(notes).toContain(`at the camera: sudo agent install --host ${destination}`);
  });

  it('gives the sweep the rights of the receiver, and no port', async () => {
    const plan = await planFor({ directory: '/home/fred/my captures', owner: 'fred' });
    const prune = settingsIn(plan, 'picchanged-prune.service');
    expect(prune).toEqual(
      expect.arrayContaining([
        'User=fred',
        'BindPaths="/home/fred/my captures"',
        'EnvironmentFile=-/etc/picchanged/receiver.env',
        'SystemCallFilter=~bind listen accept accept4',
      ]),
    );
    expect(prune.find((line) => line.startsWith('ExecStart='))).toMatch(
      /receiver\.js prune --scheduled --dir "\/home\/fred\/my captures"$/,
    );
    const ofRun =
      /^(?:\[|Desc|Requires=|After=|Start|Type|Exec|Nice|Restart(?:Sec)?=|LoadCred|RuntimeDirectory=)/;
    const isShared = (line: string): boolean =>
      !ofRun.test(line) && !line.startsWith('SystemCallFilter=~bind');
    expect(prune.filter(isShared)).toEqual(
      settingsIn(plan, 'surveillance-many.service').filter(isShared),
    );
  });

  const web = {
    ...{ listen: '0.0.0.0:8080', isReachable: true, group: 'surveillance' },
    settings: { RECEIVER_WEB_HOST: 'cams.example.org' },
    passwordFile: '/etc/picchanged/web-passwords',
    tokenFile: undefined,
  };

  it('has no viewer that is not asked for', async () => {
    const plan = await planFor();
    const names = [...plan.files.map(({ path }) => path), ...plan.enable, ...plan.stop];
    expect(names.filter((name) => name.includes('web'))).toEqual([]);
    expect(plan.systemUsers.map(({ name }) => name)).toEqual(['surveillance']);
  });

  it('has the viewer with a user, a port, settings and passwords of its own', async () => {
    const plan = await planFor({ web });
    expect(plan.systemUsers.map(({ name }) => name)).toEqual(['surveillance', 'picchanged-web']);
    expect(settingsIn(plan, 'picchanged-web.socket')).toContain('ListenStream=0.0.0.0:8080');
    const service = settingsIn(plan, 'picchanged-web.service');
    expect(service).toEqual(
      expect.arrayContaining([
        ...['User=picchanged-web', 'SupplementaryGroups=surveillance', 'ProtectHome=yes'],
        ...['InaccessiblePaths=-/var/lib/surveillance/.keys', 'RequiresMountsFor=/srv/captures'],
        'EnvironmentFile=-/etc/picchanged/web.env',
      ]),
    );
    expect(service.join()).not.toMatch(/ReadWritePaths|BindPaths|receiver\.env/);
    expect(plan.enable).toContain('picchanged-web.socket');
    expect(plan.restart).toContain('picchanged-web.service');
    expect(plan.stop).toEqual(
      expect.arrayContaining(['picchanged-web.socket', 'picchanged-web.service']),
    );
    expect(plan.moreSettings).toMatchObject([
      { path: '/etc/picchanged/web.env', values: web.settings },
    ]);
    expect(plan.sharedFiles).toEqual([
      { path: web.passwordFile, group: 'picchanged-web', mode: 0o640 },
    ]);
  });

  it('lets the viewer read captures in a home, and nothing else of it', async () => {
    const directory = '/home/fred/my: captures';
    const plan = await planFor({ directory, owner: 'fred', web: { ...web, group: 'fred' } });
    expect(plan.systemUsers.map(({ name }) => name)).toEqual(['picchanged-web']);
    expect(settingsIn(plan, 'picchanged-web.service')).toEqual(
      expect.arrayContaining([
        ...['User=picchanged-web', 'SupplementaryGroups=fred', 'ProtectHome=tmpfs'],
        'BindReadOnlyPaths="/home/fred/my\\: captures"',
      ]),
    );
  });

  it('has the viewer for one user too, who keeps frames itself', async () => {
    const scope = userScope({ HOME: '/home/fred' });
    const plan = await planFor({ scope, web: { ...web, group: '' } });
    expect(plan.systemUsers).toEqual([]);
    expect(plan.sharedFiles).toEqual([]);
    expect(textOf(plan, 'picchanged-web.service')).not.toMatch(/User=|Groups=|Paths=|\/run\//);
  });

  it('has the timer for one user too', async () => {
    const plan = await planFor({ scope: userScope({ HOME: '/home/fred' }) });
    expect(settingsIn(plan, 'picchanged-prune.timer')).toEqual(
      expect.arrayContaining(['OnCalendar=daily', 'Persistent=true', 'WantedBy=timers.target']),
    );
    expect(textOf(plan, 'picchanged-prune.service')).not.toContain('User=');
  });
});
