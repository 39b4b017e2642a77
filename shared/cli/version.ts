/** This package's version, from package.json (the build puts it in). */
import packageJson from '../../package.json' with { type: 'json' };

export const version = packageJson.version;
