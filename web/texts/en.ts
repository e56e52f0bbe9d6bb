/** The page in English, but for what runs are about. */

import { enRuns } from "./en_runs.ts";
import type { Texts } from "./texts.ts";

/** English. */
export const en: Texts = {
  language: "en",
  other: "中文",
  skip: "Skip to the content",
  steps: "Steps",
  notices: "Notices",
  screens: {
    images: "Images",
    choices: "Choices",
    training: "Training",
    results: "Results",
    predict: "Predict",
  },
  darkTheme: "Dark",
  footer: {
    privacy: "Your images never leave this machine.",
    licences: "Licences",
    machine: (adapter) => `Computes on: ${adapter}`,
    storage: (used, quota) => `Kept in this browser: ${used} of ${quota}`,
  },
  update: {
    ready: "A newer version of this page is ready.",
    load: "Load it",
  },
  doing: {
    nothing: "Ready",
    reading: "Reading files …",
    preparing: "Preparing the graphics card: this takes a moment, once for each run …",
    training: "Training",
    paused: "Paused",
    stopping: "Saving …",
    rebuilding: "The graphics card was lost. Going on from the last save …",
    looking: "Looking at images …",
  },
  faults: {
    "no-webgpu":
      "This browser has no WebGPU, which training needs. A current Chrome or Edge has it, Safari from version 26, " +
      "and Firefox from 141 on Windows and 145 on Apple silicon.",
    "no-adapter":
      "The browser found no graphics card that it may use. Look whether hardware acceleration is switched on in " +
      "its settings, and whether the graphics driver is up to date.",
    "device-lost":
      "The graphics card was lost, and again after a second try: another program may need it, or its driver " +
      "was restarted. Nothing before the last save is gone: go on from there, perhaps with a smaller batch.",
    memory:
      "Model, image size and batch do not fit this graphics card together. Choose a smaller batch first, then " +
      "smaller images or a smaller model.",
    quota:
      "The browser gives this page no more room. Remove runs that you no longer need, or make room on the disk; " +
      "private windows have little room.",
    data: "These images cannot be used as they are.",
    weights: "This file of weights cannot be used.",
    options: "These choices do not go together.",
    diverged:
      "The loss is no longer a number: training ran away. The last good save is kept. Try a lower learning rate.",
    busy: "Something else is under way. Wait for it or stop it.",
    program: "Something went wrong that should not have: this is a fault of the page.",
  },
  details: "Details",
  close: "Close",
  software:
    "There is no graphics card here that the browser may use: everything is computed by the processor, about a " +
    "hundred times slower. Small images and a small model still work.",
  hidden:
    "This tab was hidden while it trained: browsers slow hidden tabs down. It goes on, but faster where it can " +
    "be seen, in a window of its own for example.",
  unkept:
    "The browser did not promise to keep what this page saves: it may clear it when the disk is full. Download " +
    "what you want to keep.",
  images: {
    title: "Teach this machine to tell images apart",
    lead:
      "Give it a few dozen images or a few hundred thousand. It learns here, in this tab, on your own " +
      "graphics card. Nothing is sent anywhere.",
    drop: "Drop a folder or an archive here",
    layouts:
      "A folder with a subfolder for each class, an FFDI folder with its label files, or either as a zip " +
      "or tar.",
    folder: "Choose a folder",
    archive: "Choose an archive",
    demo: {
      label: "No images at hand?",
      help: "Take generated portraits, half of them manipulated. They are made in this tab.",
      use: "Use the demo set",
    },
    camera: {
      label: "Have a camera?",
      help: "Take pictures of two things, and let it learn which is which.",
      use: "Use the camera",
    },
    reading: "Reading and checking every image …",
    empty: "There was no file in what you dropped.",
    opened: "Your images",
    classes: "Classes",
    counts: (train, validation) => `${train} to learn from, ${validation} to check with`,
    share: (percent) => `${percent} of the images to learn from`,
    thumbnail: (name) => `An image of class ${name}`,
    notes: "What was understood",
    leftOut: (count) => `Left out: ${count}`,
    file: "File",
    reason: "Why",
    next: "Choose how to train",
    again: "Take other images",
  },
  runs: {
    title: "Runs in this browser",
    unfinished: (model, epoch, epochs, when) =>
      `${model}: ${epoch} of ${epochs} epochs are done, saved ${when}.`,
    finished: (model, auc, when) => `${model}: done, AUC ${auc}, saved ${when}.`,
    from: (source, size) => `Images: ${source}. Takes ${size} of room.`,
    proceed: "Continue",
    look: "Results",
    remove: "Remove",
    removing: (run) => `Remove ${run} with everything that it learned?`,
    needsImages: (source) =>
      `To continue, give the same images again (${source}): the browser may not read them unasked.`,
    giveUp: "Do not continue",
  },
  cameraTitle: "Two classes from the camera",
  cameraLead: "Name two things and take twenty or more pictures of each, from all sides.",
  cameraName: "Name of the class",
  cameraClass: (number) => `class ${number}`,
  cameraTake: "Take a picture",
  cameraTaken: (name, count) => `${name}: ${count} taken`,
  cameraUse: "Use these pictures",
  cameraNeeds: "At least five pictures of each class are needed, and two names.",
  cameraRefused:
    "The browser gave no camera: there is none, another program uses it, or it was not allowed.",
  cameraView: "What the camera sees",
  cancel: "Cancel",
  ...enRuns,
  duration: (seconds) => {
    const minutes = Math.round(seconds / 60);
    if (seconds < 100) return `${Math.round(seconds)} s`;
    return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  },
};
