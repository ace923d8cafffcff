/**
 * Which kernel of the CPU computes a convolution, and with which packed weight. Geometry alone decides, so that the same
 * call gives the same numbers each time. What a convolution is, conv.ts and low_bit_conv.ts say.
 */
import { float32, float64 } from "../dtype.ts";
import { launch } from "../launch.ts";
import { packOfSettled } from "../packs.ts";
import { numelOf, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

export interface Geometry {
  stride: Shape;
  padding: Shape;
  dilation: Shape;
  groups: number;
}

/** The arguments that all kernels share: N C H W O kh kw sh sw ph pw dh dw groups. */
export function sizes(input: Shape, weight: Shape, g: Geometry): number[] {
  return [...input, weight[0]!, weight[2]!, weight[3]!, ...g.stride, ...g.padding, ...g.dilation, g.groups];
}

/** Names of kernels: plain, by rows of windows, by Winograd's way, 1 x 1 straight from the planes. */
export type Way = "conv2d" | "conv2d_rows" | "conv2d_winograd" | "conv2d_points";

/** Filters that a packed weight keeps side by side, at most: kPanelFilters in conv_lanes.h, kPointFilters in conv_points.h. */
const PANEL = 32;
/** Vectors of filters or channels that are mostly empty do not pay. */
const FEW = 12;
/** What the plain kernel takes as planes of pixels, which nothing is gathered for; suits_planes in conv_planes.h. */
const PLANES = { channels: 4, channelsOfGroup: 8, taps: 256, stride: 4, width: 8192 };
/** Tiles of 2 x 2 pixels: with fewer of them reading transformed weights, which are larger, takes longer than it saves. */
const FEW_TILES = 12;
/** Windows so small are sooner multiplied than gathered. */
const SMALL_WINDOW = 32;
/** Pixels of a plane that is a matrix by itself: from so many on nothing is gained by turning it. */
const WIDE_PLANE = 256;
/**
 * What is read straight from the planes: tiles of eight filters; vectors of 16 pixels, of which the last may be mostly empty
 * where there are some. One or four pixels behind whole vectors cost little (conv_points.h).
 */
const POINTS = { filters: 6, pixels: 49, vector: 16, behind: [0, 1, 4] };

const isOne = (values: Shape): boolean => values.every((v) => v === 1);

function suitsPoints(x: Tensor, weight: Shape, out: Shape, g: Geometry): boolean {
  const [filters, channels, kh, kw] = weight as [number, number, number, number];
  if (kh !== 1 || kw !== 1 || g.groups !== 1 || g.padding.some((v) => v > 0)) return false;
  const pixels = out[2]! * out[3]!;
  // Between strides pixels are copied first, row by row: not worth it for short ones.
  const fits = pixels >= POINTS.vector && POINTS.behind.includes(pixels % POINTS.vector) && isOne(g.stride);
  const isLarge = filters >= POINTS.filters && channels > PLANES.channels && (fits || pixels >= POINTS.pixels);
  return isLarge && x.dtype === float32 && !!x.device.stream?.has("conv2d_points");
}

/** The way of a convolution on contiguous images on the CPU. */
export const wayOf = (x: Tensor, weight: Shape, out: Shape, g: Geometry): Way =>
  suitsPoints(x, weight, out, g) ? "conv2d_points" : panelWayOf(x, weight, out, g);

/** The same without those that only plain weights have. */
export function panelWayOf(x: Tensor, weight: Shape, out: Shape, g: Geometry): Exclude<Way, "conv2d_points"> {
  if (x.dtype === float64 || !x.device.stream?.has("conv2d_rows")) return "conv2d";
  const [filters, channels, kh, kw] = weight as [number, number, number, number];
  const [images, , height, width] = out as [number, number, number, number];
  if (filters / g.groups < FEW) return "conv2d";
  const few = g.groups > 1 ? PLANES.channelsOfGroup : PLANES.channels;
  const isPlanes = channels <= few && channels * kh * kw <= PLANES.taps && x.shape[3]! <= PLANES.width;
  if (isPlanes && g.stride.every((step) => step <= PLANES.stride)) return "conv2d";
  const isUnit = isOne(g.stride) && isOne(g.dilation);
  const tiles = images * Math.ceil(height / 2) * Math.ceil(width / 2);
  if (kh === 3 && kw === 3 && isUnit && g.groups === 1 && channels >= FEW && tiles >= FEW_TILES) {
    return "conv2d_winograd";
  }
  const isPlane = kh === 1 && kw === 1 && isUnit && g.padding.every((v) => v === 0);
  if (isPlane && images * height * width >= WIDE_PLANE) return "conv2d";
  return channels * kh * kw >= SMALL_WINDOW ? "conv2d_rows" : "conv2d";
}

/** Bytes of a weight packed for this way. */
export function packBytes(way: Way, weight: Shape, g: Geometry): number {
  const [filters, channels, kh, kw] = weight as [number, number, number, number];
  const points = way === "conv2d_winograd" ? 16 : kh * kw;
  return g.groups * Math.ceil(filters / g.groups / PANEL) * PANEL * channels * points * 4;
}

/** Where the kernel of this way finds the weight packed; 0 when it has to pack by itself. */
export function packFor(way: Way, weight: Tensor, input: Shape, g: Geometry): number {
  if (way === "conv2d") return 0;
  return packOfSettled(weight, `${way} ${g.groups}`, packBytes(way, weight.shape, g), (pack) =>
    launch(`pack_${way}`, [pack], pack.numel / 16, [
      weight.dtype.id,
      pack.pointer,
      weight.pointer,
      ...sizes(input, weight.shape, g),
    ]),
  );
}

/** A rough count of operations, for the launch. */
export const workOf = (out: Shape, weight: Shape): number => (2 * numelOf(out) * numelOf(weight.slice(1))) / 16;
