/** The archive of a bucket: while the bucket is away, what its cameras do now is unknown. */
import { describeError } from '../../shared/cli/errors.js';
import type { LiveCamera } from './api-types.js';
import type { Archive } from './archive-port.js';

/** @param check throws while the bucket is away */
export function bucketArchive(archive: Archive, check: () => void): Archive {
  const failure = (): string | undefined => {
    try {
      check();
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  };
  const marked = <Camera extends LiveCamera>(cameras: readonly Camera[]): Camera[] => {
    const why = failure();
    if (why === undefined) return [...cameras];
    return cameras.map((each) => ({ ...each, state: 'unknown', why, silentSince: null }));
  };
  return {
    ...archive,
    async cameras() {
      const answer = await archive.cameras();
      return { ...answer, cameras: marked(answer.cameras) };
    },
    states: async () => marked(await archive.states()),
    metrics: () => archive.metrics(failure() !== undefined),
  };
}
