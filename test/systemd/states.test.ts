/**
 * What `doctor` and `status` say in each state of an installation, in a real systemd. Each row brings about one state;
 * a program that says "ok" when it is not is the worst defect.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { missing } from '../support/programs.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab() ?? missing('fswebcam', 'fswebcam') ?? missing('socat', 'socat');
const folder = '/opt/picchanged';
const captures = '/srv/captures';

type Command = `${'agent' | 'receiver'} ${string}`;

/** How a command ends that would look into the captures, where this user may not read which these are. */
const hiddenCaptures =
  /^receiver: \[UNREADABLE\] this user may not read where captures are: \/etc\/picchanged\/receiver.env; .*sudo.*--dir DIR$/m;

interface State {
  /** What is so. */
  readonly state: string;
  readonly arrange: (lab: Lab) => Promise<void>;
  /** User that types the commands. */
  readonly by?: 'fred';
  readonly says: Partial<Record<Command, readonly RegExp[]>>;
  readonly doesNotSay?: Partial<Record<Command, readonly RegExp[]>>;
}

const typed = (name: 'agent' | 'receiver'): string[] => ['node', `${folder}/dist/${name}.js`];
const must = (lab: Lab, name: 'agent' | 'receiver', ...args: string[]): Promise<string> =>
  lab.must(...typed(name), ...args);

async function pair(lab: Lab): Promise<void> {
  const line = await must(lab, 'receiver', 'pair', 'yard', '--host', 'localhost');
  await must(lab, 'agent', ...line.split(' ').slice(1));
  // The receiver ends the session that is not paired, some time after: the next one is begun at once.
  await lab.must('systemctl', 'restart', 'picchanged-watch.service');
  await eventually(
    async () => / \d+ frames? seen/.test(await must(lab, 'agent', 'status')),
    'frames of the restarted agent',
  );
  await eventually(
    async () => !(await must(lab, 'agent', 'status')).includes('not delivering'),
    'a session of the paired agent',
  );
}

const camera = ['--device', 'TEST:', '--camera', 'yard', '--resolution', '160x120'];
const pace = ['--interval', '500ms', '--all'];

const states: readonly State[] = [
  {
    state: 'installed, not paired',
    async arrange(lab) {
      await must(lab, 'receiver', 'install', '--dir', captures);
      await must(lab, 'agent', 'install', '--host', 'localhost', ...camera, ...pace);
      await tells(lab, 'agent', /^localhost:4444: .*last frame/m);
      await tells(lab, 'receiver', /^yard: last frame \d/m);
    },
    says: {
      'agent doctor': [
        /^ok {7}user {6}checks run as picchanged, as the service$/m,
        /^warning {2}pairing {3}not paired with localhost:4444/m,
        /run the printed line here with sudo$/m,
        /^ok {7}receiver {2}localhost:4444 answers$/m,
      ],
      'agent status': [/^localhost:4444: .*last frame/m, /^not paired with any receiver$/m],
      'receiver doctor': [
        /^ok {7}user {6}checks run as surveillance, as the service$/m,
        /^warning {2}pairing {3}no camera is paired: any peer/m,
      ],
      'receiver status': [/^no camera is paired: any peer/m, /^yard: last frame \d/m],
    },
  },
  {
    state: 'paired',
    arrange: pair,
    says: {
      'agent doctor': [
        /^ok {7}pairing {3}paired with localhost:4444 as yard$/m,
        /^ok {7}receiver {2}localhost:4444 answers, over TLS$/m,
      ],
      'agent status': [/^paired with localhost:4444 as yard$/m],
      'receiver doctor': [/^ok {7}pairing {3}only paired cameras are accepted: yard$/m],
      'receiver status': [/^only paired cameras are accepted$/m, /^yard: paired /m],
    },
    doesNotSay: { 'agent status': [/not delivering/] },
  },
  {
    state: 'settings that this user may not read',
    arrange: () => Promise.resolve(),
    by: 'fred',
    says: {
      'agent doctor': [
        /^warning {2}settings {2}this user cannot read \/etc\/picchanged\/agent.env$/m,
        /^warning {2}user {6}these checks run as fred; the service runs as picchanged$/m,
      ],
      'agent status': [
        /^agent: \[STATE\] cannot read \/var\/lib\/picchanged\/agent.*sudo agent status$/m,
      ],
      'receiver doctor': [
        /^warning {2}settings {2}this user cannot read \/etc\/picchanged\/receiver.env$/m,
        /^warning {2}captures {2}this user may not read where they are$/m,
        /→ sudo receiver doctor$/m,
      ],
      'receiver status': [hiddenCaptures],
      'receiver verify': [hiddenCaptures],
      'receiver report': [hiddenCaptures],
      'receiver export --camera yard --from 2026-11-22 --to 2026-11-23 a.zip': [hiddenCaptures],
      'receiver prune --max-age 30d': [hiddenCaptures],
      'receiver web --check': [hiddenCaptures],
    },
    doesNotSay: {
      'receiver doctor': [/captures {2}\//, /\bmarker\b/, /\bcameras {3}/],
      'receiver status': [/captures are in/, /no camera/],
    },
  },
  {
    state: 'receiver away',
    async arrange(lab) {
      await lab.must('systemctl', 'stop', 'surveillance-many.socket', 'surveillance-many.service');
      await waits(lab, /ECONNREFUSED/);
      // The unit's line is written every few seconds.
      await tells(lab, 'agent', /to send, \d+ waiting: .*ECONNREFUSED/);
    },
    says: {
      'agent doctor': [
        /^fault {4}receiver {2}localhost:4444 cannot be reached: .*ECONNREFUSED/m,
        /^warning {2}frames {4}for localhost:4444: .* not delivering, for \d+ (?:s|min): .*ECONNREFUSED/m,
      ],
      'agent status': [
        /^picchanged-watch.service .*: \d+ frames? seen, \d+ to send, \d+ waiting: .*ECONNREFUSED/m,
        /^localhost:4444: \d+ frames? .* waiting, .*\n {2}not delivering, for .*ECONNREFUSED/m,
      ],
      'receiver doctor': [/^fault {4}port {6}no program listens on localhost:4444$/m],
      'receiver status': [/^surveillance-many.socket is inactive/m],
    },
  },
  {
    state: 'the port is taken by another program',
    async arrange(lab) {
      const listen = ['socat', 'TCP6-LISTEN:4444,fork,reuseaddr', 'SYSTEM:sleep 60'];
      await lab.must('systemd-run', '--unit', 'squatter', ...listen);
      await eventually(
        async () => (await lab.must('ss', '-Hltn', 'sport = :4444')) !== '',
        'the other program listens',
      );
      await lab.run('systemctl', 'start', 'surveillance-many.socket');
    },
    says: {
      'receiver doctor': [
        /^fault {4}port {6}localhost:4444 is in use by another program$/m,
        /ss -ltnp/,
        /^fault {4}service {3}surveillance-many.socket has failed/m,
      ],
    },
  },
  {
    state: 'the port is taken by another receiver',
    async arrange(lab) {
      await lab.must('systemctl', 'stop', 'squatter');
      const other = [...typed('receiver'), '--dir', '/srv/other'];
      await lab.must('systemd-run', '--unit', 'other', '--setenv=HOME=/srv/home', ...other);
      await lab.says('other', 'keeping frames');
      await lab.run('systemctl', 'start', 'surveillance-many.socket');
    },
    says: {
      'receiver doctor': [
        /^fault {4}port {6}another receiver answers on localhost:4444: surveillance-many.socket has failed$/m,
      ],
    },
  },
  {
    state: 'the receiver is back',
    async arrange(lab) {
      await lab.must('systemctl', 'stop', 'other');
      await lab.must('systemctl', 'reset-failed');
      await lab.must('systemctl', 'start', 'surveillance-many.socket');
      await lab.must('systemctl', 'restart', 'picchanged-watch.service');
      await eventually(async () => {
        const { code, stdout } = await lab.run(...typed('agent'), 'status');
        return code === 0 && !/not delivering|waiting:/.test(stdout);
      }, 'frames that are delivered');
    },
    says: { 'agent doctor': [/^ok {7}receiver /m], 'receiver doctor': [/^ok {7}port /m] },
    doesNotSay: { 'agent status': [/not delivering/, /waiting:/] },
  },
  {
    state: 'the disk of the captures is full',
    async arrange(lab) {
      await lab.must('systemctl', 'stop', 'surveillance-many.service');
      await lab.must('mkdir', '-p', '/srv/small');
      await lab.must('mount', '-t', 'tmpfs', '-o', 'size=2M', 'tmpfs', '/srv/small');
      expect(await must(lab, 'receiver', 'install', '--dir', '/srv/small')).toContain(
        `older frames stay in ${captures}; to copy them: sudo -u surveillance receiver copy`,
      );
      await eventually(
        async () => (await lab.run('ls', '/srv/small/yard')).code === 0,
        'frames on the small disk',
      );
      await lab.sh('head -c 10000000 /dev/zero > /srv/small/full');
      await waits(lab, /refuses|ENOSPC|space|room/);
    },
    says: {
      'agent status': [/^ {2}not delivering, for .*: .*(?:space|disk|ENOSPC|room)/m],
      'receiver doctor': [/^fault {4}disk {6}only 0 B free in \/srv\/small$/m],
    },
  },
  {
    state: 'the directory of the captures is gone',
    async arrange(lab) {
      await must(lab, 'receiver', 'install', '--dir', '/srv/gone');
      await lab.must('systemctl', 'stop', 'surveillance-many.service');
      await lab.must('rm', '-rf', '/srv/gone');
    },
    says: {
      'receiver doctor': [
        /^fault {4}captures {2}\/srv\/gone does not exist, and the service does not start without it$/m,
        /^ +→ mount its disk, or make it anew: sudo receiver install/m,
      ],
      'receiver status': [/^\/srv\/gone does not exist: mount its disk/m],
      'receiver verify': [/\[UNREADABLE\] cannot read \/srv\/gone/],
    },
    doesNotSay: {
      'receiver doctor': [/will be created/],
      'receiver status': [/no camera has sent/],
    },
  },
  {
    state: 'the disk of the captures is not mounted',
    async arrange(lab) {
      await lab.must('systemctl', 'stop', 'surveillance-many.socket', 'surveillance-many.service');
      await lab.run('systemctl', 'reset-failed');
      await lab.must('install', '-d', '-o', 'surveillance', '/srv/gone');
    },
    says: {
      'receiver doctor': [/^ok {7}marker {4}none yet: .*\n +→ if frames were here before: mount/m],
      'receiver status': [
        /^no receiver has used \/srv\/gone yet; if frames were there before, mount/m,
      ],
      'receiver verify': [
        /\[UNREADABLE\] \/srv\/gone has no camera, and no receiver has stored there/,
      ],
      'receiver report': [
        /\[UNREADABLE\] \/srv\/gone has no camera, and no receiver has stored there/,
      ],
    },
    doesNotSay: { 'receiver status': [/no camera has sent/] },
  },
  {
    state: 'the keys of the receiver are gone',
    async arrange(lab) {
      await must(lab, 'receiver', 'install', '--dir', captures);
      // The agent's next connection would start it again before the keys are gone.
      await lab.must('systemctl', 'stop', 'surveillance-many.socket', 'surveillance-many.service');
      await lab.must('mv', '/var/lib/surveillance/.keys', '/root/keys');
      await lab.must('systemctl', 'start', 'surveillance-many.socket');
    },
    says: {
      'receiver doctor': [
        /^fault {4}pairing {3}a camera was paired, and .* has no keys: the receiver does not start$/m,
        /^fault {4}port {6}systemd listens on localhost:4444, and the receiver that it starts does not/m,
      ],
      'receiver status': [
        /^a camera was paired, and its keys are gone: no receiver starts; sudo receiver doctor$/m,
      ],
    },
    doesNotSay: { 'receiver status': [/is accepted/] },
  },
  {
    state: 'the camera was unpaired',
    async arrange(lab) {
      await lab.must('rm', '-rf', '/var/lib/surveillance/.keys');
      await lab.must('mv', '/root/keys', '/var/lib/surveillance/.keys');
      await lab.run('systemctl', 'reset-failed');
      await lab.must('systemctl', 'restart', 'surveillance-many.socket');
      await must(lab, 'receiver', 'unpair', 'yard');
      await lab.must('systemctl', 'restart', 'picchanged-watch.service');
      await waits(lab, /key|paired/);
    },
    says: {
      'agent doctor': [/^fault {4}receiver {2}localhost:4444: /m],
      'agent status': [/^ {2}not delivering, for .*(?:key|paired)/m],
    },
  },
  {
    state: 'the mask is gone',
    async arrange(lab) {
      await pair(lab);
      await lab.must('fswebcam', '--device', 'TEST:', '--png', '1', '/etc/picchanged/mask.png');
      await must(lab, 'agent', 'install', '--mask', '/etc/picchanged/mask.png');
      await lab.must('rm', '/etc/picchanged/mask.png');
      await lab.run('systemctl', 'restart', 'picchanged-watch.service');
    },
    says: {
      'agent doctor': [
        /^fault {4}mask {6}--mask \/etc\/picchanged\/mask.png: .*ENOENT/m,
        /^fault {4}service {3}picchanged-watch.service has failed/m,
      ],
      'agent status': [/^picchanged-watch.service is failed/m],
    },
  },
  {
    state: 'a picture that the service may not read',
    async arrange(lab) {
      await lab.must('sed', '-i', '/AGENT_MASK/d', '/etc/picchanged/agent.env');
      await lab.must('mkdir', '-p', '/srv/cam');
      await lab.must('fswebcam', '--device', 'TEST:', '/srv/cam/monitor.jpg');
      await lab.must('chmod', '600', '/srv/cam/monitor.jpg');
      const source = ['--source', 'file:/srv/cam/monitor.jpg', '--shot-timeout', '1s'];
      await must(lab, 'agent', 'install', ...source);
    },
    says: { 'agent doctor': [/^fault {4}frame {5}.*EACCES/m] },
  },
  {
    state: 'no camera',
    async arrange(lab) {
      await must(lab, 'agent', 'install', '--source', 'fswebcam', '--device', '/dev/video7');
      await tells(lab, 'agent', /no frame:/);
    },
    says: {
      'agent doctor': [/^fault {4}device {4}\/dev\/video7 does not exist$/m],
      'agent status': [/^picchanged-watch.service .*: no frame: /m],
    },
  },
  {
    state: 'installed with --plug, nothing plugged in',
    async arrange(lab) {
      await must(lab, 'agent', 'uninstall');
      await lab.must('rm', '-rf', '/var/lib/picchanged', '/etc/picchanged/agent.env');
      await must(lab, 'agent', 'install', '--plug', '--host', 'localhost');
    },
    says: {
      'agent doctor': [
        /^ok {7}device {4}no webcam is plugged in; each one is watched from a minute after/m,
        /→ sudo agent pair HOST --instance video0$/m,
      ],
      'agent status': [/^no webcam is plugged in; each one is watched/m],
    },
    doesNotSay: { 'agent doctor': [/^fault/m], 'agent status': [/no service is enabled/] },
  },
  {
    state: 'a webcam that was plugged in, and is paired',
    async arrange(lab) {
      await lab.must('mkdir', '-p', '/var/lib/picchanged/video0');
      const line = await must(lab, 'receiver', 'pair', 'pi-video0', '--host', 'localhost');
      const words = line.split(' ').slice(1);
      expect(await must(lab, 'agent', ...words)).toContain('/var/lib/picchanged/video0/keys');
    },
    says: {
      'agent doctor': [
        /^ok {7}video0 pairing {3}paired with localhost:4444 as pi-video0$/m,
        /^fault {4}video0 device {4}\/dev\/video0 does not exist$/m,
        /^ok {7}video0 receiver {2}localhost:4444 answers, over TLS$/m,
      ],
      'agent status': [
        /^no agent runs with \/var\/lib\/picchanged\/video0$/m,
        /^paired with localhost:4444 as pi-video0$/m,
      ],
    },
  },
  {
    state: 'a fault in the settings of one camera, and of the viewer',
    async arrange(lab) {
      await lab.sh('printf "AGENT_INTERVAL=5\\nAGENT_SKIP=2\\n" > /etc/picchanged/video0.env');
      await lab.sh('echo RECEIVER_WEB_PROXI=127.0.0.1 > /etc/picchanged/web.env');
    },
    says: {
      'agent doctor': [
        /^fault {4}video0 settings {2}\/etc\/picchanged\/video0.env:1: AGENT_INTERVAL.*5/m,
        /^fault {4}video0 device /m,
      ],
      'receiver doctor': [
        /^fault {4}viewer settings {2}\/etc\/picchanged\/web.env:1: RECEIVER_WEB_PROXI is unknown: did you mean RECEIVER_WEB_PROXY\?/m,
      ],
    },
  },
];

/** Waits until a status says it. */
async function tells(lab: Lab, name: 'agent' | 'receiver', words: RegExp): Promise<void> {
  let last = '';
  await eventually(async () => {
    last = (await lab.run(...typed(name), 'status')).stdout;
    return words.test(last);
  }, `a status with ${words.source}`).catch((error: unknown) => {
    throw new Error(`${String(error)}; the status of the ${name} is\n${last}`);
  });
}

/** Waits until the agent's status says why frames wait. */
async function waits(lab: Lab, reason: RegExp): Promise<void> {
  let last = '';
  await eventually(async () => {
    last = (await lab.run(...typed('agent'), 'status')).stdout;
    return /waiting/.test(last) && reason.test(/not delivering.*/.exec(last)?.[0] ?? '');
  }, `frames that wait because of ${reason.source}`).catch((error: unknown) => {
    throw new Error(`${String(error)}; the status is\n${last}`);
  });
}

describe.skipIf(why !== undefined)(`doctor and status ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({
      copies: packageAt(folder),
    });
    await lab.must('useradd', '--create-home', 'fred');
  });
  afterAll(() => lab.close());

  it.each(states)(
    'tell the state: $state',
    async ({ arrange, by, says, doesNotSay = {} }) => {
      await arrange(lab);
      for (const command of new Set(
        [says, doesNotSay].flatMap((each) => Object.keys(each) as Command[]),
      )) {
        const wanted = says[command] ?? [];
        const unwanted = doesNotSay[command] ?? [];
        const [name, ...words] = command.split(' ') as ['agent' | 'receiver', ...string[]];
        const prefix = by === undefined ? [] : ['runuser', '-u', by, '--'];
        const { stdout, stderr } = await lab.run(...prefix, ...typed(name), ...words);
        const text = `${command}:\n${stdout}${stderr}`;
        for (const pattern of wanted) expect(text).toMatch(pattern);
        for (const pattern of unwanted) expect(text).not.toMatch(pattern);
      }
    },
    300_000,
  );
});
