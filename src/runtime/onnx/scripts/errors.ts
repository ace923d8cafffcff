/** ONNX Runtime's errors as its Python raises them: by class. The package gives the sentence alone, which tells the class apart. */
import { PythonError } from "../../errors.ts";

type Kind = keyof typeof CODES;

/** What stands in the messages of ONNX Runtime's Python, by class. */
const CODES = {
  Fail: "1 : FAIL",
  InvalidArgument: "2 : INVALID_ARGUMENT",
  InvalidProtobuf: "7 : INVALID_PROTOBUF",
  NotImplemented: "9 : NOT_IMPLEMENTED",
  InvalidGraph: "10 : INVALID_GRAPH",
} as const;

/** What a sentence holds, in the order in which it is looked for: ours first, then ONNX Runtime's. */
const SIGNS: readonly (readonly [RegExp, Kind])[] = [
  [/^this is no ONNX model: it (?:is empty|has no graph)/, "Fail"],
  [/^this is no ONNX model|^a name in ONNX model/, "InvalidProtobuf"],
  [/, which nothing makes$/, "InvalidArgument"],
  [/^two nodes make/, "Fail"],
  [/Protobuf parsing failed|protobuf parsing failed/, "InvalidProtobuf"],
  [/Could not find an implementation for/, "NotImplemented"],
  [
    /^(?:Got invalid dimensions|Invalid rank for input|Unexpected input data type|Invalid (?:input|output) name)/,
    "InvalidArgument",
  ],
  [/Invalid model\. Node input|Missing Input:|indices element out of data bounds/, "InvalidArgument"],
  [/This is an invalid model\. (?:In Node|Type Error)/, "InvalidGraph"],
];

/** `load` is what the message begins with where a model was being loaded. */
export function ortError(sentence: string, load = ""): PythonError {
  const said = sentence.startsWith(load) ? sentence : load + sentence;
  const bare = said.slice(load.length);
  const kind = SIGNS.find(([sign]) => sign.test(bare))?.[1] ?? "Fail";
  return new PythonError(`onnxruntime.${kind}`, `[ONNXRuntimeError] : ${CODES[kind]} : ${said}`);
}
