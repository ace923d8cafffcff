/**
 * Convolutions in floating point whose weights have few bits. On the CPU kernels spell them out panel by panel on the way
 * into the product; elsewhere the whole weight is spelled out. Formats are low_bit.ts's business.
 */
import { float32 } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { packOfSettled } from "../packs.ts";
import { formatShape, numelOf, type Shape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { checkConv, conv2d, convInput, outputShape } from "./conv.ts";
import { packBytes, panelWayOf, sizes, workOf } from "./conv_ways.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { dequantizeLowBit, packedOf, weightArguments, type Packed } from "./low_bit.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./view.ts";

/** A weight that is no larger when spelled out is kept so: its few bits save little memory, and spelling takes time. */
const SMALL_PACK = 512 << 10;

/** As packOfSettled, for a small weight whose scales and the like are not written either; 0 for others. */
function smallPackOf(p: Packed, way: string, bytes: number, fill: (pack: Tensor) => void): number {
  if (bytes > SMALL_PACK) return 0;
  const beside = [p.scale, p.zero, p.table].filter((t) => t !== null);
  return packOfSettled(p.weight, `${way} ${p.format} ${p.group} ${p.zero !== null}`, bytes, fill, beside);
}

export const convLowBit = op({
  signature:
    "_conv2d_low_bit(Tensor input, Tensor weight, Tensor scale, Tensor? zero, Tensor? table, Tensor? bias, str format, int group, int[] size, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
  doc: "A 2-D convolution of images [N, C, H, W] whose weight has few bits, one row for each of its filters; `size` is its shape.",
  in: "_C",
  gradName: "ConvLowBit",
  save: ["weight", "scale", "zero", "table"],
  forward(
    input: Tensor,
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | null,
    table: Tensor | null,
    bias: Tensor | null,
    format: string,
    group: number,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
  ): Tensor {
    const where = "[conv2d_low_bit]";
    const p = packedOf(where, weight, scale, zero, table, format, group);
    if (input.rank !== 4 || size.length !== 4 || size[0] !== p.n || numelOf(size.slice(1)) !== p.k) {
      throw new RuntimeError(
        `${where} got input ${formatShape(input.shape)} and a weight of ${p.n} rows of ${p.k} as ${formatShape(size)}: ` +
          "expected [N, C, H, W] and [O, C / groups, kh, kw]",
      );
    }
    const g = { stride, padding, dilation, groups };
    const shape = outputShape(input.shape, size, g);
    const x = contiguousOf(input);
    const way = x.dtype === float32 && x.device.type === "cpu" ? panelWayOf(x, size, shape, g) : "conv2d";
    if (way === "conv2d") {
      const spelled = reshape(dequantizeLowBit(weight, scale, zero, table, format, group, input.dtype), size);
      return conv2d(input, spelled, bias, stride, padding, dilation, groups);
    }
    checkConv(input, { shape: size, dtype: float32 }, bias, g);
    const out = empty(shape, float32, input.device);
    if (out.numel > 0) {
      const extra = bias && contiguousOf(castOf(bias, float32));
      const rest = [...weightArguments(p), ...sizes(x.shape, size, g)];
      // Last of all: what is allocated in between may cost the pack its memory.
      const pack = smallPackOf(p, `low_bit_${way} ${groups}`, packBytes(way, size, g), (to) =>
        launch(`pack_low_bit_${way}`, [to], to.numel / 16, [to.pointer, ...rest]),
      );
      launch(`low_bit_${way}`, [out], workOf(shape, size), [out.pointer, x.pointer, pointerOf(extra), pack, ...rest]);
    }
    return out;
  },
  backward(
    { weight, scale, zero, table, format, group, size, stride, padding, dilation, groups, needs, info },
    dy,
  ): Grads {
    const spelled = (): Tensor => reshape(dequantizeLowBit(weight, scale, zero, table, format, group, dy.dtype), size);
    const g = { stride, padding, dilation, groups };
    return {
      input: needs.input ? convInput(dy, spelled(), info.input.shape, g) : null,
      bias: needs.bias ? sum(dy, [0, 2, 3]) : null,
    };
  },
  cost: (
    input: Tensor,
    weight: Tensor,
    scale: Tensor,
    _zero,
    _table,
    _bias,
    _format,
    _group,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: number,
  ) => {
    const out = numelOf(outputShape(input.shape, size, { stride, padding, dilation, groups }));
    return {
      flops: 2 * out * numelOf(size.slice(1)),
      bytes: input.nbytes + weight.nbytes + scale.nbytes + out * input.dtype.size,
    };
  },
});
