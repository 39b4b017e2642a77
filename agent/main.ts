#!/usr/bin/env node
/** The agent's command: reads options, builds the parts, ends with the right exit code. */
import { hostname, tmpdir } from 'node:os';
import { cameraNameFromHost } from '../shared/camera-name.js';
import { systemClock } from '../shared/clock.js';
import { abortOnSignals, openLog, reportFatal, writeTo } from '../shared/command.js';
import { UsageError } from '../shared/errors.js';
import { type CommandLine, helpText, readCommandLine } from '../shared/option-table.js';
import { version } from '../shared/version.js';
import { Examiner, type ExaminerSettings } from './examine.js';
import { runOnce } from './once.js';
import { type AgentOptions, agentProgram } from './options.js';
import { type SourceSettings, openSource, readCommandVariable } from './source/open-source.js';
import { MemorySpool } from './spool/memory-spool.js';
import { StateDirectory, defaultStateDirectory } from './state.js';
import { Uplink } from './uplink/uplink.js';
import { type WatchParts, takeOne, watchAndDeliver } from './watch.js';

const usage = `agent --host HOST[:PORT] [--source SOURCE] … [-- COMMAND ARGUMENT …]

Watches a camera and sends the frames that changed to a receiver.
Every flag has an environment variable: --shot-timeout is AGENT_SHOT_TIMEOUT. The command after -- is a
JSON array in AGENT_COMMAND.

`;

async function run(argv: readonly string[]): Promise<void> {
  const env = process.env;
  const line = readCommandLine(agentProgram, argv, env);
  const { options } = line;
  if (options.help || options.version) {
    writeTo(1, options.help ? `${usage}${helpText(agentProgram)}\n` : `${version}\n`);
    return;
  }
  if (line.words[0] !== undefined) {
    throw new UsageError(`'${line.words[0]}' is no flag; try agent --help`);
  }
  const destination = options.host;
  if (destination === undefined) {
    throw new UsageError('where shall the frames go?', { hint: 'say it with --host HOST' });
  }
  const clock = systemClock;
  const signal = abortOnSignals();
  const log = openLog('agent', options.verbose, env, clock);
  const camera = options.camera ?? cameraNameFromHost(hostname());
  const state = options.once
    ? await StateDirectory.open(options.state ?? defaultStateDirectory(env, camera))
    : undefined;
  const examiner = await Examiner.open(examinerSettings(options), state, log);
  const source = await openSource(sourceSettings(line, env));
  const spool = new MemorySpool({
    maxBytes: options.spoolMaxSize,
    onLost: ({ sequence }, error) => log.error('a frame is lost', { sequence, error }),
  });
  const random = Math.random;
  const uplink = new Uplink({ destination, camera, spool, clock, log, random });
  const parts: WatchParts = {
    source,
    judge: (frame) => examiner.examine(frame),
    spool,
    clock,
    log,
    random,
    onJudged: (frame, verdict) => {
      examiner.explain(frame, verdict);
      if (options.json) writeTo(1, `${JSON.stringify({ event: 'judged', verdict })}\n`);
    },
  };
  log.info('watching', { camera, source: source.name });
  try {
    if (state !== undefined) {
      const take = (): Promise<void> => takeOne(parts, signal);
      const remember = (): Promise<void> => examiner.remember(state);
      await runOnce({ take, uplink, spool, remember, clock }, options.sendTimeout, signal);
    } else {
      const frames = await watchAndDeliver(parts, options.interval, uplink, signal);
      if (frames > 0) log.error('frames are lost: they waited in memory', { frames });
    }
  } finally {
    await source.close();
    await examiner.close();
  }
}

function examinerSettings(options: AgentOptions): ExaminerSettings {
  return {
    all: options.all,
    sensitivity: options.sensitivity,
    minArea: options.minArea,
    // A slow camera's frames are far apart without anything being over.
    eventGapMs: Math.max(options.eventGap, 3 * options.interval),
    maskPath: options.mask,
    explainDirectory: options.explain,
  };
}

/** `$RUNTIME_DIRECTORY` and XDG's lie in memory; an SD card is spared. */
function temporaryDirectory(env: NodeJS.ProcessEnv): string {
  return env.RUNTIME_DIRECTORY?.split(':')[0] || env.XDG_RUNTIME_DIR || tmpdir();
}

function sourceSettings(
  { options, command }: CommandLine<typeof agentProgram.table>,
  env: NodeJS.ProcessEnv,
): SourceSettings {
  return {
    choice: options.source,
    command: command ?? readCommandVariable(env.AGENT_COMMAND),
    device: options.device,
    resolution: options.resolution,
    skip: options.skip,
    quality: options.quality,
    shotTimeoutMs: options.shotTimeout,
    maxFrameBytes: options.maxFrame,
    seed: options.seed,
    once: options.once,
    temporaryDirectory: temporaryDirectory(env),
    clock: systemClock,
  };
}

process.exitCode = await run(process.argv.slice(2)).then(
  () => 0,
  (error: unknown) => reportFatal('agent', error),
);
