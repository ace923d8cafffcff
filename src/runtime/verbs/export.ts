/**
 * A class or function as an ONNX file: recorded, translated, written, and run in ONNX Runtime beside the runtime itself,
 * at several sizes of its dynamic dimensions. A file that gives other numbers is reported with the first op that does.
 */
import { resolve } from "node:path";
import type { ExportResult } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { unwritable } from "../files/writable.ts";
import { writeChecked } from "../onnx/export/checked.ts";
import { DEFAULT_OPSET, requireOpset } from "../onnx/write.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, isScript, open, prepare, targetText } from "./target.ts";

export const exportModel: VerbHandler<"export", VerbCore> = async (session, request, report) => {
  const { opset = DEFAULT_OPSET, dynamic = {} } = request;
  const result: ExportResult = {
    version: 1,
    verb: "export",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    file: request.file,
    bytes: 0,
    opset,
    nodes: 0,
    parameters: 0,
    inputs: [],
    outputs: [],
    checks: [],
  };
  const finish = (failure?: Failure): ExportResult => ({
    ...result,
    ok: failure === undefined,
    ...(failure ? { failure } : {}),
  });
  const wrongOpset = requireOpset(opset);
  if (wrongOpset) return finish({ kind: "usage", type: "opset", message: wrongOpset });
  const nowhere = unwritable(resolve(request.file));
  if (nowhere) return finish({ kind: "usage", type: "file", message: nowhere });
  const target = open(session, request);
  if (isScript(session, target)) {
    return finish({ kind: "usage", type: "no-model", message: `${request.target} has no nn.Module class to export` });
  }
  report.progress("finding arguments");
  const prepared = prepare(session, target, request, "cpu");
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);
  result.parameters = prepared.parameters ?? 0;

  const wanted = { file: request.file, opset, dynamic, name: prepared.name ?? "model" };
  const { failure, operators: _, ...written } = await writeChecked(session, wanted, report);
  Object.assign(result, written);
  return finish(failure);
};
