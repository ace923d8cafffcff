/**
 * Packed sequences around recurrent layers. In the graph they stay padded, [time, batch, ...], beside the lengths that ONNX's
 * operators take. What treats each element by itself may stand between; whatever would see the padding is refused.
 */
import { bool, int32, type DType } from "../../../dtype.ts";
import type { Name } from "../builder.ts";
import { type Call, NotExported, type Translator } from "../context.ts";
import type { RecordedCall, RecordedValue, ValueId } from "../record.ts";
import { isDynamic, type SizeOrNumber } from "../sizes.ts";
import { networkOverPacked } from "./recurrent.ts";

/** What a packed value is in the graph. */
export interface Packed {
  /** The sizes of the steps, for which the lengths of the samples stand. */
  areSizes: boolean;
  /** Of each sample, int64. */
  lengths: Name;
  /** Do they come out the same in every call? */
  areFixed: boolean;
  /** Steps of the padded tensor. */
  time: SizeOrNumber;
  /** Zeros behind the end of each sample, as recurrent operators leave them. */
  isClean: boolean;
}

export const isPackedStep = (name: string): boolean => name in packedOps;

const EACH_BY_ITSELF = new Set("_cast _to_device clone detach _alias _contiguous linear layer_norm".split(" "));

/** An op between packing and padding: the packed values that its results are. Refuses what looks across elements. */
export function passedOn(
  call: RecordedCall,
  values: readonly RecordedValue[],
  packed: ReadonlyMap<ValueId, Packed>,
): Packed | null {
  const reads = call.arguments.flatMap((a) => ("value" in a ? [a.value] : "values" in a ? a.values : []));
  const known = reads.filter((id) => id !== null && packed.has(id)).map((id) => packed.get(id!)!);
  const [first] = known;
  if (!first) return null;
  const name = call.record.name.replace(/^_/, "");
  const isWhole = call.record.spec.expression !== undefined || EACH_BY_ITSELF.has(call.record.name);
  // One number for all, or one for each feature.
  const others = reads.filter((id) => id !== null && !packed.has(id)).map((id) => values[id!]!.shape.length);
  const fits = EACH_BY_ITSELF.has(call.record.name) || others.every((rank) => rank < 2);
  if (!isWhole || !fits || known.some(({ areSizes, lengths }) => areSizes || lengths !== first.lengths)) {
    throw new NotExported(
      `'${name}' of a packed sequence is not exported: expected pad_packed_sequence before it`,
      call.place,
    );
  }
  return { ...first, isClean: false };
}

function pack(call: Call): Name[] {
  const lengths = call.tensor("lengths");
  const info = { lengths, areFixed: !call.varies("lengths"), time: call.shape("input")[0]!, isClean: false };
  call.markPacked(0, { ...info, areSizes: false });
  call.markPacked(1, { ...info, areSizes: true });
  return [call.tensor("input"), lengths];
}

function network(call: Call): Name[] {
  const info = call.packed("input");
  if (call.number("proj_size") > 0) return call.fail("its outputs are projected");
  call.markPacked(0, { ...info, isClean: true });
  return networkOverPacked(call, call.text("mode"), call.graph.cast(info.lengths, int32));
}

function pad(call: Call): Name[] {
  const { graph } = call;
  const info = call.packed("data");
  const size = call.has("total_length") ? call.sizeOf("total_length") : call.resultShape[0]!;
  if (!call.has("total_length") && !isDynamic(size) && !info.areFixed) {
    return call.fail(
      "its result is as long as the longest sequence: expected lengths that are an input of the model, or total_length",
    );
  }
  const { shape, dtype } = call.result;
  let x = call.tensor("data");
  if (JSON.stringify(size) !== JSON.stringify(info.time)) x = resized(call, x, info.time, size, shape.length);
  const value = call.number("padding_value");
  if (!info.isClean || value !== 0) x = masked(call, x, info.lengths, size, { rank: shape.length, dtype, value });
  return [x, graph.add("Identity", [info.lengths])];
}

/** As many steps: cut off, or filled up with zeros. */
function resized(call: Call, x: Name, time: SizeOrNumber, size: SizeOrNumber, rank: number): Name {
  const { graph } = call;
  const isShorter = !call.has("total_length") || (!isDynamic(time) && !isDynamic(size) && size < time);
  if (!isShorter) {
    const missing = graph.add("Sub", [graph.sizes([size]), graph.sizes([time])]);
    const more = graph.add("Max", [missing, graph.int64([0])]);
    const none = (count: number): Name => graph.int64(Array<number>(count).fill(0));
    x = graph.add("Pad", [x, graph.add("Concat", [none(rank), more, none(rank - 1)], { axis: 0 })]);
  }
  return graph.add("Slice", [x, graph.int64([0]), graph.sizes([size]), graph.int64([0])]);
}

interface Padding {
  rank: number;
  dtype: DType;
  value: number;
}

/** `value` behind the end of each sample. */
function masked(call: Call, x: Name, lengths: Name, size: SizeOrNumber, { rank, dtype, value }: Padding): Name {
  const { graph } = call;
  const steps = graph.add("Range", [graph.int64([0], true), graph.size(size), graph.int64([1], true)]);
  const isWithin = graph.add("Less", [graph.add("Unsqueeze", [steps, graph.int64([1])]), lengths]);
  const behind = Array.from({ length: rank - 2 }, (_, i) => 2 + i);
  const mask = behind.length === 0 ? isWithin : graph.add("Unsqueeze", [isWithin, graph.int64(behind)]);
  const filler = graph.number(dtype, dtype === bool ? Number(value !== 0) : value);
  return graph.add("Where", [mask, x, filler]);
}

export const packedOps: Record<string, Translator> = {
  _pack_padded: pack,
  _packed_network: network,
  _pad_packed: pad,
};
