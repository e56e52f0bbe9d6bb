/** One image of a data set by its file. Holds no pixels. */

/** An image file and its class. */
export interface Sample {
  /** What the data set calls it: the name in a label file, or the path below the folder. */
  readonly name: string;
  /** Where the file is. */
  readonly path: string;
  /** Number of its class; −1 when it is not known. */
  readonly label: number;
}
