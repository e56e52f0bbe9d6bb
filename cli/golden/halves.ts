/** What may differ from golden numbers where activations and their gradients are kept as halves. Compares nothing. */

/**
 * Relative errors by quantity, two to three times the largest that was measured. A half rounds to 1 / 2048 where
 * float32 rounds to 1 / 2²⁴, and golden networks magnify what was rounded: they have random weights and see
 * two images. So one tensor's gradient may be off by a fifth where that of all together is off by 0.7 %.
 */
export const HALF_BANDS: Readonly<Record<string, number>> = {
  "evaluation logits": 5e-3,
  "training logits": 3e-2,
  "loss": 1e-2,
  "gradients": 0.5,
  "gradients that are 0": 5e-5,
  "gradient norm": 2e-2,
  "running statistics": 1e-2,
  "loss after SGD": 0.1,
  "loss after Adam": 0.2,
  "losses of runs": 1e-2,
  "gradient norms of runs": 3e-2,
  "states after runs": 0.1,
  "first of states after runs": 0.2,
  "logits after runs": 0.2,
};
