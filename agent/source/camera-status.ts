/** What a camera's status means, the same in HTTP and RTSP. Pure. */

export interface StatusProblem {
  readonly problem: string;
  readonly hint?: string;
}

/** @returns undefined: the camera gives what was asked for */
export function statusProblem(status: number, hasCredentials: boolean): StatusProblem | undefined {
  if (status === 200) return undefined;
  if (status === 401 || status === 403) {
    const problem = hasCredentials
      ? 'refuses the user or the password'
      : 'demands a user and a password';
    return {
      problem: `${problem} (status ${status})`,
      hint: 'write user:password into a file that only the agent can read: --source-credentials FILE',
    };
  }
  if (status === 404) return { problem: 'has no such path (status 404)', hint: 'see its manual' };
  if (status >= 300 && status < 400) {
    return {
      problem: `sends the agent to another address (status ${status})`,
      hint: 'the agent does not follow it: give the address of the picture itself',
    };
  }
  return { problem: `answers with status ${status}` };
}
