/** Element types as the file formats name them: PyTorch's names are ours, the others are translated. Pure tables. */
import { FileFormatError, quoted } from "./source.ts";

/** Bytes of an element, by PyTorch's name. */
export const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ["uint8", 1],
  ["int8", 1],
  ["int16", 2],
  ["int32", 4],
  ["int64", 8],
  ["float16", 2],
  ["float32", 4],
  ["float64", 8],
  ["bool", 1],
  ["bfloat16", 2],
  ["complex32", 4],
  ["complex64", 8],
  ["complex128", 16],
  ["uint16", 2],
  ["uint32", 4],
  ["uint64", 8],
  ["float8_e4m3fn", 1],
  ["float8_e5m2", 1],
  ["float8_e4m3fnuz", 1],
  ["float8_e5m2fnuz", 1],
  ["float8_e8m0fnu", 1],
  ["qint8", 1],
  ["quint8", 1],
  ["qint32", 4],
]);

export function elementBytes(dtype: string): number {
  const bytes = ELEMENT_BYTES.get(dtype);
  if (bytes === undefined) throw new FileFormatError(`no element type is named ${quoted(dtype)}`);
  return bytes;
}

/** Storage classes of PyTorch: `torch.FloatStorage` holds float32. */
export const STORAGE_CLASSES: ReadonlyMap<string, string> = new Map([
  ["ByteStorage", "uint8"],
  ["CharStorage", "int8"],
  ["ShortStorage", "int16"],
  ["IntStorage", "int32"],
  ["LongStorage", "int64"],
  ["HalfStorage", "float16"],
  ["FloatStorage", "float32"],
  ["DoubleStorage", "float64"],
  ["BoolStorage", "bool"],
  ["BFloat16Storage", "bfloat16"],
  ["ComplexFloatStorage", "complex64"],
  ["ComplexDoubleStorage", "complex128"],
  ["QInt8Storage", "qint8"],
  ["QUInt8Storage", "quint8"],
  ["QInt32Storage", "qint32"],
]);

/** safetensors' names. */
export const SAFETENSORS_TYPES: ReadonlyMap<string, string> = new Map([
  ["BOOL", "bool"],
  ["U8", "uint8"],
  ["I8", "int8"],
  ["I16", "int16"],
  ["U16", "uint16"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I32", "int32"],
  ["U32", "uint32"],
  ["F32", "float32"],
  ["F64", "float64"],
  ["I64", "int64"],
  ["U64", "uint64"],
  ["C64", "complex64"],
  ["F8_E4M3", "float8_e4m3fn"],
  ["F8_E5M2", "float8_e5m2"],
  ["F8_E8M0", "float8_e8m0fnu"],
  ["F8_E4M3FNUZ", "float8_e4m3fnuz"],
  ["F8_E5M2FNUZ", "float8_e5m2fnuz"],
]);

/** NumPy's letters with their width. */
export const NUMPY_TYPES: ReadonlyMap<string, string> = new Map([
  ["b1", "bool"],
  ["u1", "uint8"],
  ["i1", "int8"],
  ["u2", "uint16"],
  ["i2", "int16"],
  ["f2", "float16"],
  ["u4", "uint32"],
  ["i4", "int32"],
  ["f4", "float32"],
  ["u8", "uint64"],
  ["i8", "int64"],
  ["f8", "float64"],
  ["c8", "complex64"],
  ["c16", "complex128"],
]);

/** ONNX's TensorProto.DataType; types without a PyTorch name keep their own. */
export const ONNX_TYPES: readonly (string | null)[] = [
  null,
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8_e4m3fn",
  "float8_e4m3fnuz",
  "float8_e5m2",
  "float8_e5m2fnuz",
  "uint4",
  "int4",
  "float4_e2m1",
  "float8_e8m0fnu",
];

/** Elements per block and bytes per block of GGML's types, by number; absent numbers were withdrawn. */
export const GGML_TYPES: ReadonlyMap<number, { name: string; elements: number; bytes: number }> = new Map(
  (
    [
      [0, "F32", 1, 4],
      [1, "F16", 1, 2],
      [2, "Q4_0", 32, 18],
      [3, "Q4_1", 32, 20],
      [6, "Q5_0", 32, 22],
      [7, "Q5_1", 32, 24],
      [8, "Q8_0", 32, 34],
      [9, "Q8_1", 32, 36],
      [10, "Q2_K", 256, 84],
      [11, "Q3_K", 256, 110],
      [12, "Q4_K", 256, 144],
      [13, "Q5_K", 256, 176],
      [14, "Q6_K", 256, 210],
      [15, "Q8_K", 256, 292],
      [16, "IQ2_XXS", 256, 66],
      [17, "IQ2_XS", 256, 74],
      [18, "IQ3_XXS", 256, 98],
      [19, "IQ1_S", 256, 50],
      [20, "IQ4_NL", 32, 18],
      [21, "IQ3_S", 256, 110],
      [22, "IQ2_S", 256, 82],
      [23, "IQ4_XS", 256, 136],
      [24, "I8", 1, 1],
      [25, "I16", 1, 2],
      [26, "I32", 1, 4],
      [27, "I64", 1, 8],
      [28, "F64", 1, 8],
      [29, "IQ1_M", 256, 56],
      [30, "BF16", 1, 2],
      [34, "TQ1_0", 256, 54],
      [35, "TQ2_0", 256, 66],
      [39, "MXFP4", 32, 17],
    ] as const
  ).map(([id, name, elements, bytes]) => [id, { name, elements, bytes }]),
);
