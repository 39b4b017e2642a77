/** Version of this package, from package.json; the build inlines it. */
import packageJson from '../../package.json' with { type: 'json' };

export const version = packageJson.version;
