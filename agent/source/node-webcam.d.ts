/**
 * The used part of node-webcam 0.8.2. @types/node-webcam is wrong (it declares named exports that do not exist), and
 * the package's index imports its Windows part, which cannot be bundled: hence the deep import.
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
    /** Keeps a reference to `options` and changes it. */
    constructor(options: FSWebcamOptions);
    /** The command line: words separated by spaces, without quotes. */
    generateSh(location: string): string;
  }
}
