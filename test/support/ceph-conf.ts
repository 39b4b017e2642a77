/** The settings of a Ceph of the tests, on loopback and in memory. */

interface ConfFacts {
  readonly directory: string;
  readonly keyring: string;
  readonly clusterId: string;
  readonly monitorPort: number;
  readonly disks: number;
}

/** One disk forgets everything when it is killed. */
const diskInMemory = `osd objectstore = memstore
memstore device bytes = 2147483648`;

/** A disk in a file, which a killed one finds as it was. The others notice within seconds that it is gone. */
const diskInFile = `osd objectstore = bluestore
bluestore block size = 4294967296
bluestore cache autotune = false
bluestore cache size = 67108864
osd memory target = 939524096
osd heartbeat interval = 1
osd heartbeat grace = 4
mon osd min down reporters = 1
mon osd reporter subtree level = osd
mon osd down out interval = 0`;

export function cephConf(facts: ConfFacts): string {
  const { directory, keyring, clusterId, monitorPort, disks } = facts;
  return `[global]
fsid = ${clusterId}
mon host = [v2:127.0.0.1:${monitorPort}]
mon initial members = a
keyring = ${keyring}
run dir = ${directory}/run
admin socket = ${directory}/run/$name.$pid.asok
crash dir = ${directory}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd pool default size = ${disks}
osd pool default min size = ${Math.max(1, disks - 1)}
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
# The start of the disk would wait for a tool that only whole installations have.
osd class update on start = false
${disks === 1 ? diskInMemory : diskInFile}
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 0
# A killed gateway is not waited for when a user changes.
osd client watch timeout = 6
objecter tick interval = 1
# A changed quota counts within seconds.
rgw bucket quota ttl = 1
rgw user quota bucket sync interval = 1
[mon.a]
mon data = ${directory}/mon
[mgr.a]
mgr data = ${directory}/mgr
[osd]
osd data = ${directory}/osd.$id
[client.admin]
rgw enable gc threads = false
rgw enable lc threads = false
`;
}
