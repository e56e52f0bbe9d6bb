/** `serve`: the report of a run in a browser on this machine, live while it trains. Changes no file. */

import { formatReport, type Picture } from "../report/report.ts";
import { readRun, type RunData } from "../report/run.ts";
import { answer } from "../report/server.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags, whole } from "./flags.ts";
import { requirePort, serveHere } from "./listen.ts";
import { terminalReporter } from "./machine.ts";
import { runArgument } from "./report.ts";
import { picturesOf, wrongImages } from "../report/wrong_images.ts";

interface ServeFlags extends CommonFlags {
  readonly port: number;
}

/** Serves until it is interrupted and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "serve",
    "Shows the report of a run in a browser, live while it trains. Only this machine can ask.",
  )
    .argument("<run>", "the run folder")
    .option("--port <n>", "port, up to 65535; 0 takes a free one", whole(0), 8033);
  const parsed = parseFlags<ServeFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { port, json } = parsed.flags;
  requirePort(port);
  const path = runArgument(command.args[0]);
  await readRun(files, path);
  const page = livePage(path);
  await serveHere(port, (request) => answer(request, { files, path, page }), (url) => {
    if (json) console.log(JSON.stringify({ event: "serve", url }));
    else console.log(`${path}: ${url} (Ctrl-C ends)`);
  });
  return 0;
}

/** The page of a run as it is when asked; pictures are decoded again only when a better epoch was found. */
export function livePage(path: string): () => Promise<string> {
  let run: RunData | undefined;
  let pictures: { readonly of: number; readonly by: ReadonlyMap<number, Picture> } | undefined;
  const report = terminalReporter(true);
  return async () => {
    run = await readRun(files, path, run);
    if (pictures?.of !== run.validated) {
      const images = await wrongImages(files, run).catch((error: Error) => {
        report({ event: "warning", text: `no pictures in the page: ${error.message}` });
        return [];
      });
      pictures = { of: run.validated, by: await picturesOf(images) };
    }
    return await formatReport(run, { pictures: pictures.by, live: true });
  };
}
