/**
 * What we use of node-webcam 0.8.2. @types/node-webcam is wrong about it (named exports that are not there),
 * and the package's index draws in its Windows part, which cannot be bundled: hence the deep import.
 */
declare module 'node-webcam/src/webcams/FSWebcam.js' {
  export interface FSWebcamOptions {
    width?: number;
    height?: number;
    /** JPEG quality; without it 100. */
    quality?: number;
    skip?: number;
    device?: string;
    output?: 'jpeg' | 'png';
    saveShots?: boolean;
    /** True: without fswebcam's `-q`. */
    verbose?: boolean;
  }

  export default class FSWebcam {
    /** Keeps and changes `options`. */
    constructor(options: FSWebcamOptions);
    /** The command line, its words separated by spaces, none quoted. */
    generateSh(location: string): string;
  }
}
