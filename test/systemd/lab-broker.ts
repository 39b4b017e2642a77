/** A real Mosquitto as a service of a lab, with one user. */
import type { Lab } from './lab.js';
import { writeInLab } from './shipped.js';

export const brokerPassword = 'garden gate';
/** For `--mqtt-password-file`. */
export const passwordFile = '/etc/picchanged/mqtt-password';
const config = `listener 1883 127.0.0.1
user root
allow_anonymous false
password_file /run/broker-passwords
persistence false
`;

export async function startLabBroker(lab: Lab): Promise<void> {
  writeInLab(lab, '/etc/broker.conf', config);
  await lab.must('mosquitto_passwd', '-c', '-b', '/run/broker-passwords', 'fred', brokerPassword);
  await lab.must('systemd-run', '--unit', 'broker', 'mosquitto', '-c', '/etc/broker.conf');
  writeInLab(lab, passwordFile, `${brokerPassword}\n`);
  await lab.must('chmod', '600', passwordFile);
}

/** Follows topics, as one that types it beside the service; what is said is appended to the file. */
export async function followTopics(lab: Lab, topics: string, path: string): Promise<void> {
  const follow = `exec stdbuf -oL mosquitto_sub -v -h 127.0.0.1 -u fred -P '${brokerPassword}' -t '${topics}'`;
  await lab.must('systemd-run', '--unit', 'follow', 'sh', '-c', `${follow} > ${path}`);
}
