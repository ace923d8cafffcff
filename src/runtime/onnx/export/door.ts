/** `torch.onnx.export` on this side: recordings that Python made become a model, written into a file that Python opened. */
import * as bridge from "../../bridge.ts";
import { PythonError } from "../../errors.ts";
import { sinkOf } from "../../files/door.ts";
import { encode } from "../wire.ts";
import { modelMessage } from "../schema.ts";
import { modelOf, requireOpset } from "../write.ts";
import { NotExported } from "./context.ts";
import { takeRecordings } from "./recordings.ts";
import { dimensionsOf, type RecordedDimension } from "./sizes.ts";
import { exportGraph } from "./translate.ts";

interface Request {
  opset: number;
  name: string;
  dimensions: RecordedDimension[];
}

/** Writes the model; the number of its bytes, or the marker of an error that Python fetches. */
export function writeOnnx(fileId: number, json: string): number {
  const { opset, name, dimensions } = JSON.parse(json) as Request;
  const recordings = takeRecordings();
  try {
    const wrongOpset = requireOpset(opset);
    if (wrongOpset) throw new PythonError("ValueError", wrongOpset);
    const { graph, buffers } = exportGraph({ opset, name, dimensions: dimensionsOf(dimensions), recordings });
    const bytes = encode(modelOf(graph, opset, buffers), modelMessage);
    sinkOf(fileId)(bytes);
    return bytes.length;
  } catch (error) {
    if (!(error instanceof NotExported)) return bridge.fail(error);
    const place = recordings[0]?.sources[error.place];
    const where = place ? ` (${place.file}, line ${place.line})` : "";
    return bridge.fail(new PythonError("torch.onnx.UnsupportedOperatorError", `${error.message}${where}`));
  } finally {
    for (const recording of recordings) recording.release();
  }
}
