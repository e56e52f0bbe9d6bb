/** What a page bundles that trains, predicts, reads and writes weights, and looks where a model looks. Runs nothing. */

export {
  captureStep,
  createOptimizer,
  evaluate,
  explain,
  formatSafetensors,
  GradCam,
  gradients,
  modelInfo,
  openDevice,
  readWeightFile,
  Session,
} from "../../mod.ts";
