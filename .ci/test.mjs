// npm test: installs missing packages, builds, checks format, lint and types, runs every test.
// Arguments go to the test runner: npm test -- test/shared
// npm run test:quick omits tests that take minutes or need root, npm run test:unit all that start the built programs;
// neither installs system packages nor uses the network. npm run test:fleet runs those with a real object store alone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { audit } from './audit.mjs';
import { prepare } from './prepare.mjs';

/** System programs that tests run, and the Debian package of each. */
const programs = {
  fswebcam: 'fswebcam',
  socat: 'socat',
  'systemd-socket-activate': 'systemd',
  'dbus-daemon': 'dbus',
  flock: 'util-linux',
  strace: 'strace',
  faketime: 'faketime',
  openssl: 'openssl',
  script: 'bsdutils',
  ip: 'iproute2',
  chromium: 'chromium',
  nginx: 'nginx-light',
  caddy: 'caddy',
  haproxy: 'haproxy',
  fish: 'fish',
  zsh: 'zsh',
  man: 'man-db',
  groff: 'groff-base',
  'dpkg-deb': 'dpkg',
  lintian: 'lintian',
  ffmpeg: 'ffmpeg',
  ustreamer: 'ustreamer',
  mosquitto: 'mosquitto',
  mosquitto_sub: 'mosquitto-clients',
  promtool: 'prometheus',
  curl: 'curl',
  jq: 'jq',
  'mail.mailutils': 'mailutils',
  ceph: 'ceph-common',
  'ceph-mon': 'ceph-mon',
  'ceph-mgr': 'ceph-mgr',
  'ceph-osd': 'ceph-osd',
  radosgw: 'radosgw',
};

/** Packages without a program: the RTSP camera of the tests, which Debian's Python runs. */
const packagesWithoutProgram = [
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-ugly',
];

function has(program) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function isInstalledPackage(name) {
  const query = spawnSync('dpkg-query', ['--show', '--showformat', '${db:Status-Status}', name]);
  return query.stdout?.toString() === 'installed';
}

function installPrograms() {
  const missing = Object.keys(programs).filter((program) => !has(program));
  const packages = [
    ...new Set(missing.map((program) => programs[program])),
    ...packagesWithoutProgram.filter((name) => !isInstalledPackage(name)),
  ];
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !isDebian()) {
    console.log(`Missing: ${packages.join(', ')}. Their tests are skipped. To run them:`);
    console.log(`  sudo apt-get install ${packages.join(' ')}`);
    return;
  }
  console.log(`Installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], env);
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], env);
}

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error) throw error;
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed`);
    process.exit(status ?? 1);
  }
}

/** Unit tests that take more than 4 seconds: they use real disks, sockets and processes, or very many inputs. */
const slowUnits = [
  'receiver/store/{exchanged,planted,equal-names,camera-lock,record,frame-store,moved-folders}',
  'receiver/store/s3/bucket-store',
  'receiver/{connection/{refused-work,framed-session,first-record},access/tls,access/keys/key-ring}',
  'receiver/limits/receiver-limits',
  'receiver/archive/{day-line,compact-record,verify/honest-stores,copy/copy-captures}',
  'receiver/archive/bucket/{sweep,crashes,beside}',
  'receiver/archive/retention/{sweep,retaining-store,full-disk,store-totals}',
  'receiver/web/{queries/{timeline,frame-pages},control/control-folder}',
  'agent/{source/{folder,file,command,fswebcam,rtsp-camera},uplink/{uplink,link},detect/motion-detector}',
  'agent/{spool/{queue-spool,failing-disk},events/buffered-frames}',
  'agent/reports/{reporter,reporter-crash}',
  'shared/jpeg/{planes,splitter}',
];
/** Tests that only the whole run needs: they take minutes. */
const long = [
  'faults/{old-version,power-cut,archive-power-cut,mutations,disk-mutations,failed-flush,errno,notices}',
  'integration/{floods,receiver-faults,retention,reports}',
  'receiver/store/{exchanged,planted}',
  'receiver/archive/bucket/sweep',
];

const filesOf = (names) => names.map((name) => `test/${name}.test.ts`);

/** What each tier runs, and what it leaves out. */
const tiers = {
  unit: {
    folders: ['test/agent', 'test/receiver', 'test/shared', 'test/repo'],
    leftOut: filesOf(slowUnits),
  },
  quick: {
    folders: [],
    leftOut: ['test/systemd/**', 'test/browser/**', 'test/fleet/**', ...filesOf(long)],
  },
  fleet: { folders: ['test/fleet'], leftOut: [], installs: true },
};

const [flag, tier, ...rest] = process.argv.slice(2);
if (flag === '--tier') {
  const { folders, leftOut, installs } = tiers[tier];
  if (installs) installPrograms();
  prepare();
  // FAULT_SHARE: the fault suite with fewer frames and faults.
  const env = { ...process.env, FAULT_SHARE: '0.15', TESTS_LEFT_OUT: leftOut.join(' ') };
  run('node_modules/.bin/vitest', ['run', ...folders, ...rest], env);
} else {
  installPrograms();
  prepare();
  if (!audit()) process.exit(1);
  run('npm', ['run', '--silent', 'lint']);
  run('npm', ['run', '--silent', 'typecheck']);
  run('node_modules/.bin/vitest', ['run', ...process.argv.slice(2)]);
}
