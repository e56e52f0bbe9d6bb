/** The names of what outputs are worth; each is defined in `metrics/`, in float64. Defines nothing. */

export {
  calibrationError,
  calibrationTemperature,
  reliability,
  type ReliabilityBin,
} from "./metrics/calibration.ts";
export {
  balancedAccuracy,
  type ClassScores,
  classScores,
  type Confusion,
  confusionOf,
  f1Score,
  matthewsCorrelation,
} from "./metrics/confusion.ts";
export { aucInterval, type IntervalOptions } from "./metrics/interval.ts";
export {
  accuracy,
  argmaxRows,
  brierScore,
  crossEntropy,
  logLoss,
  softmax,
  topAccuracy,
} from "./metrics/probabilities.ts";
export {
  areaUnderRoc,
  averagePrecision,
  equalErrorRate,
  f1Threshold,
  rank,
  type Ranking,
  rocAuc,
  type Threshold,
  youdenThreshold,
} from "./metrics/ranking.ts";
export {
  type Counted,
  counted,
  type Details,
  detailsOf,
  type Labelled,
  type Ranked,
  rankingsOf,
  SCORE_NAMES,
  type ScoreInfo,
  type ScoreName,
  SCORES,
  type Scores,
  scoresOf,
} from "./metrics/scores.ts";
