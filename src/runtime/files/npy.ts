/**
 * NumPy's .npy: a header written as a Python dict, read by a parser that knows nothing but that dict, then the data.
 * Objects, records and texts are refused by their type.
 */
import { elementBytes, NUMPY_TYPES } from "./element_types.ts";
import { type ByteSource, exactSize, FileFormatError, product, quoted, readPart, text } from "./source.ts";

export interface NpyHeader {
  /** PyTorch's name of the element type. */
  dtype: string;
  shape: number[];
  isFortran: boolean;
  /** Numbers are written with their high bytes first. */
  isBigEndian: boolean;
  /** Where the data begins. */
  position: number;
  sizeBytes: number;
  version: string;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** As NumPy: longer headers are an attack on the parser. */
const MOST_HEADER_BYTES = 10_000;
const MOST_DIMS = 64;

export function isNpy(head: Uint8Array): boolean {
  return MAGIC.every((byte, index) => head[index] === byte);
}

export function readNpyHeader(source: ByteSource): NpyHeader {
  const head = readPart(source, 0n, BigInt(Math.min(12, source.sizeBytes)), "the head");
  if (!isNpy(head) || head.length < 10)
    throw new FileFormatError("this is no .npy file: it does not begin with \\x93NUMPY");
  const [major, minor] = [head[6]!, head[7]!];
  if (major < 1 || major > 3 || minor !== 0)
    throw new FileFormatError(`version ${major}.${minor} of .npy is not known`);
  const words = new DataView(head.buffer);
  const prefix = major === 1 ? 10 : 12;
  if (head.length < prefix) throw new FileFormatError("the header ends early");
  const length = major === 1 ? words.getUint16(8, true) : words.getUint32(8, true);
  if (length > MOST_HEADER_BYTES)
    throw new FileFormatError(`the header has ${length} bytes: expected at most ${MOST_HEADER_BYTES}`);
  const bytes = readPart(source, BigInt(prefix), BigInt(length), "the header");
  const fields = parseHeader(major === 3 ? text(bytes, "the header") : Buffer.from(bytes).toString("latin1"));
  const position = prefix + length;
  const sizeBytes = product(fields.shape) * BigInt(elementBytes(fields.dtype));
  const present = BigInt(source.sizeBytes - position);
  if (present !== sizeBytes) {
    const shape = fields.shape.join(", ");
    throw new FileFormatError(
      `${fields.dtype}[${shape}] needs ${sizeBytes} bytes of data, but the file has ${present}`,
    );
  }
  const shape = fields.shape.map((size) => exactSize(size, "a size"));
  return { ...fields, shape, position, sizeBytes: exactSize(sizeBytes, "the size"), version: `${major}.${minor}` };
}

interface Fields {
  dtype: string;
  shape: bigint[];
  isFortran: boolean;
  isBigEndian: boolean;
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, in any order and with either kind of quotes. */
function parseHeader(header: string): Fields {
  const found = new Map<string, string>();
  let rest = header.trim();
  if (!rest.startsWith("{") || !rest.endsWith("}")) throw new FileFormatError("the header is no dict");
  rest = rest.slice(1, -1).trim();
  while (rest !== "") {
    const entry = /^(['"])(\w+)\1\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d\sL,]*\)|\[[^\]]*\])\s*(?:,\s*|$)/.exec(
      rest,
    );
    if (!entry) throw new FileFormatError(`the header cannot be read at ${quoted(rest.slice(0, 40))}`);
    if (found.has(entry[2]!)) throw new FileFormatError(`the header has the field ${quoted(entry[2]!)} twice`);
    found.set(entry[2]!, entry[3]!);
    rest = rest.slice(entry[0].length);
  }
  const names = [...found.keys()].sort().join(", ");
  if (names !== "descr, fortran_order, shape") {
    throw new FileFormatError(`the header has the fields ${quoted(names)}: expected descr, fortran_order and shape`);
  }
  const order = found.get("fortran_order")!;
  if (order !== "True" && order !== "False") throw new FileFormatError(`fortran_order is ${quoted(order)}`);
  return { ...elementType(found.get("descr")!), shape: sizes(found.get("shape")!), isFortran: order === "True" };
}

function elementType(written: string): Pick<Fields, "dtype" | "isBigEndian"> {
  const parts = /^['"]([<>|=])([a-zA-Z])(\d*)['"]$/.exec(written);
  const dtype = parts ? NUMPY_TYPES.get(`${parts[2]}${parts[3]}`) : undefined;
  if (dtype !== undefined) return { dtype, isBigEndian: parts![1] === ">" };
  const reason = parts?.[2] === "O" ? "objects would have to be unpickled" : "expected numbers or bools";
  throw new FileFormatError(`elements of type ${quoted(written)} are not read: ${reason}`);
}

function sizes(written: string): bigint[] {
  const inner = /^\(([\d\sL,]*)\)$/.exec(written)?.[1];
  if (inner === undefined) throw new FileFormatError(`the shape is ${quoted(written)}`);
  const items = inner
    .split(",")
    .map((item) => item.trim().replace(/L$/, ""))
    .filter((item, index, all) => item !== "" || index < all.length - 1);
  if (items.length > MOST_DIMS) throw new FileFormatError(`the shape has ${items.length} dimensions`);
  return items.map((item) => {
    if (!/^\d{1,19}$/.test(item)) throw new FileFormatError(`the shape is ${quoted(written)}`);
    return BigInt(item);
  });
}
