/**
 * A thread that answers one question which needs no Python: what is in a file, how an .onnx graph looks. Nothing of the user's runs
 * in it, so nothing has to stand ready first, and nobody waits for a profile that is under way.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { GraphRequest, InspectRequest } from "../protocol/rpc.ts";
import { useForeignWords } from "./foreign.ts";
import type { AsideQuestion, FromAside } from "./host/aside.ts";
import type { Report } from "./session.ts";
import { inspectRequest } from "./verbs/inspect.ts";
import { graphOnnx } from "./verbs/onnx.ts";

const { verb, request, foreign } = workerData as AsideQuestion;
const tell = (message: FromAside): void => parentPort!.postMessage(message);
const report: Report = {
  progress: (message, fraction) => tell({ type: "progress", message, fraction }),
  stdout: () => "",
};

useForeignWords(foreign);
try {
  const result =
    verb === "inspect" ? inspectRequest(request as InspectRequest) : graphOnnx(request as GraphRequest, report);
  tell({ type: "result", result });
} catch (error) {
  const { name = "Error", message = String(error), stack } = (error ?? {}) as Error;
  const failure = { kind: "bug" as const, type: name, message: message.split("\n", 1)[0]!.slice(0, 500) };
  tell({ type: "failure", failure: { ...failure, ...(stack ? { traceback: stack.slice(0, 20_000) } : {}) } });
}
