/** What the check of a settings file finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentSettings } from '../../../../agent/commands/settings.js';
import { receiverSettings } from '../../../../receiver/commands/settings.js';
import {
  checkSettings,
  faultText,
  problemText,
} from '../../../../shared/setup/config/check-settings.js';

const path = '/etc/picchanged/agent.env';
const found = (text: string): string[] =>
  checkSettings(text, agentSettings).map((problem) => problemText(path, problem));

describe('the check of a settings file', () => {
  it('names file, line, variable, value and rule', () => {
    const text = '# mine\nAGENT_HOST=laptop\n\nAGENT_MASK="a\nb"\nAGENT_INTERVAL=5\n';
    expect(found(text)).toEqual([
      expect.stringMatching(/^\/etc\/picchanged\/agent\.env:6: AGENT_INTERVAL '5': the unit is/),
    ]);
  });

  it.each([
    ['AGENT_MIN_AERA=3%', 'AGENT_MIN_AERA is unknown: did you mean AGENT_MIN_AREA?'],
    ['AGNET_HOST=x', 'AGNET_HOST is unknown: did you mean AGENT_HOST?'],
    ['agent_host=x', 'agent_host is unknown: did you mean AGENT_HOST?'],
    ['AGENT_COLOUR_DEPTH=x', 'AGENT_COLOUR_DEPTH is unknown: the agent has no such setting'],
    ['RECEIVER_MAX_AGE=3d', 'RECEIVER_MAX_AGE is unknown: the agent has no such setting'],
    ['AGENT_HELP=yes', 'AGENT_HELP is unknown: the agent has no such setting'],
    ['export AGENT_HOST=x', /systemd ignores 'export AGENT_HOST'.*write AGENT_HOST=/],
    ['AGENT_HOST laptop', "'AGENT_HOST laptop' sets nothing: there is no = in the line"],
    ['AGENT_SKIP=10 # frames', /must be a whole number.*; a comment needs a line of its own/],
    ['AGENT_MASK="/srv/mask.png', 'AGENT_MASK ends in an open quote or a backslash: close it'],
    ['AGENT_MASK=a\\', 'AGENT_MASK ends in an open quote or a backslash: close it'],
    ['# a comment \\\nAGENT_SKIP=1', /^the comment ends with a backslash/],
    ['AGENT_COMMAND=ffmpeg', /is not a JSON array of strings/],
    ['\u00a0AGENT_SKIP=1', /^systemd ignores '\u00a0AGENT_SKIP'/],
  ])('finds the fault of %j', (text, message) => {
    const [problem, ...more] = checkSettings(text, agentSettings);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ line: 1, level: 'fault' });
    expect(problem?.message).toMatch(message instanceof RegExp ? message : /^/);
    if (typeof message === 'string') expect(problem?.message).toBe(message);
  });

  it.each([
    '',
    'AGENT_HOST=laptop\nTZ=Europe/Berlin\nNODE_OPTIONS=--jitless\n',
    'AGENT_MASK=\nAGENT_INTERVAL=none\n',
    'AGENT_COMMAND="[\\"ffmpeg\\"]"\nAGENT_FPS=5\r\n',
    "; AGENT_MIN_AERA=3%\n  AGENT_HOST = 'a b' \n",
  ])('finds nothing in %j', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('warns of a variable that is set twice', () => {
    expect(found('AGENT_SKIP=1\nAGENT_SKIP=2')).toEqual([
      `${path}:2: warning: AGENT_SKIP replaces the value of line 1`,
    ]);
    expect(faultText(path, checkSettings('TZ=1\nTZ=2', agentSettings))).toBeUndefined();
  });

  it('counts what follows the first fault', () => {
    const problems = checkSettings('AGENT_A=1\nAGENT_SKIP=x\nAGENT_QUALITY=x', agentSettings);
    expect(faultText(path, problems)).toMatch(/env:1: AGENT_A is unknown.*, and 2 more faults$/);
  });

  it('knows the settings of the receiver, and of its viewer', () => {
    const text = 'RECEIVER_MAX_AGE="30d yard=7d"\nRECEIVER_WEB_PASSWORD_FILE=/etc/x\n';
    expect(checkSettings(text, receiverSettings)).toEqual([]);
    const [problem] = checkSettings('RECEIVER_MAX_AGE=30', receiverSettings);
    expect(problem?.message).toMatch(/^RECEIVER_MAX_AGE '30'/);
  });

  it('reads any text, and names lines that exist', () => {
    const pieces = ['A', '=', '\n', '"', "'", '\\', '#', ' ', '\r', 'AGENT_SKIP=', '1', 'é'];
    const text = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 60 });
    fc.assert(
      fc.property(text, (any) => {
        const count = any.split('\n').length;
        for (const { line } of checkSettings(any, agentSettings)) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(count);
        }
      }),
    );
  });
});
