/** What a test's page runs: the screen of a run that goes on, told epochs by the test. Checks nothing. */
/// <reference lib="dom" />

import type { App } from "../../web/app.ts";
import { Formats } from "../../web/formats.ts";
import { LiveRun } from "../../web/live.ts";
import { TEXTS } from "../../web/preferences.ts";
import { trainingScreen } from "../../web/screens/training.ts";

const live = new LiveRun();
const app = { live, running: true, runs: [], state: { doing: "training" } } as unknown as App;
const screen = trainingScreen({ app, texts: TEXTS.en, formats: new Formats("en") });
document.body.append(screen.element);

const page = {
  /** Has the run finish epochs, and gives the first cell of each row, with a star where the row stood there before. */
  epochs(...numbers: number[]): string[] {
    const before = new Set(document.querySelectorAll("[data-epochs] tbody tr"));
    for (const epoch of numbers) {
      const scores = { loss: 1 / epoch, accuracy: 0.5, auc: 0.5, lr: 0.1, best: false, seconds: 1 };
      const row = { epoch, "train_loss": 1, "train_accuracy": 0.5, "img_per_s": 1, ...scores };
      live.hear({ event: "epoch", ...row } as Parameters<LiveRun["hear"]>[0]);
    }
    screen.update!();
    return [...document.querySelectorAll("[data-epochs] tbody tr")]
      .map((row) => `${row.querySelector("td")!.textContent}${before.has(row) ? "*" : ""}`);
  },
};
Object.assign(globalThis, { page });
