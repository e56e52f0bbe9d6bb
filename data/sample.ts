/** One image of a data set by its file. Holds no pixels. */

/** An image file and its class. */
export interface Sample {
  /** What the data set calls it: the name in a label file, or the path below the folder. */
  readonly name: string;
  /** Where the file is; it may lie in an archive, as `withArchives()` reads it. */
  readonly path: string;
  /** Number of its class; −1 when it is not known. */
  readonly label: number;
  /** What keeps it on one side of a split with others, such as a person or a video; nothing if not given. */
  readonly group?: string;
  /** How often it is drawn by a weighted sampler, relative to others; 1 if not given. */
  readonly weight?: number;
}
