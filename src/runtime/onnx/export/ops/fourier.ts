/**
 * Fourier transforms of one dimension, by ONNX's DFT over pairs of numbers. Of a dimension whose size depends on an input only
 * what ONNX scales by itself is done.
 */
import { isComplexValue, type Parts } from "../parts.ts";
import type { Name } from "../builder.ts";
import type { Call } from "../context.ts";
import { realOf } from "../../../ops/complex.ts";
import type { ComplexTranslator } from "./complex.ts";

interface Direction {
  axis: number;
  inverse?: boolean;
  onesided?: boolean;
}

/** Of [..., 1] reals or [..., 2] pairs: pairs. */
function dft(call: Call, x: Name, { axis, inverse = false, onesided = false }: Direction): Name {
  const { graph } = call;
  const how = { inverse: inverse ? 1 : 0, onesided: onesided ? 1 : 0 };
  if (graph.opset >= 20) return graph.add("DFT", [x, "", graph.int64([axis], true)], how);
  return graph.add("DFT", [x], { ...how, axis });
}

function pairsOf(call: Call, [re, im]: Parts, rank: number): Name {
  const { graph } = call;
  const apart = [re, im].map((name) => graph.add("Unsqueeze", [name, graph.int64([rank])]));
  return graph.add("Concat", apart, { axis: rank });
}

function partOf(call: Call, pairs: Name, rank: number, which: 0 | 1): Name {
  return call.graph.add("Gather", [pairs, call.graph.int64([which], true)], { axis: rank });
}

/** ONNX divides the inverse by the number of points; what is left of the factor that we want. */
function rest(call: Call, scale: number, points: number, inverse: boolean): number {
  const left = inverse ? scale * points : scale;
  return Math.abs(left - 1) < 1e-12 ? 1 : left;
}

function scaled(call: Call, value: Name, factor: number): Name {
  const dtype = realOf(call.result.dtype);
  return factor === 1 ? value : call.graph.add("Mul", [value, call.graph.number(dtype, factor)]);
}

function pointsOf(call: Call, axis: number): number {
  const size = call.shape("input")[axis]!;
  return typeof size === "number" ? size : call.fail("the number of its points depends on the size of an input");
}

function ofComplex(call: Call): Parts {
  const rank = call.rank("input");
  const axis = call.axis("dim");
  const inverse = call.flag("inverse");
  const factor = rest(call, call.number("scale"), pointsOf(call, axis), inverse);
  const found = dft(call, pairsOf(call, call.partsOf(call.id("input")), rank), { axis, inverse });
  return [scaled(call, partOf(call, found, rank, 0), factor), scaled(call, partOf(call, found, rank, 1), factor)];
}

function ofReal(call: Call): Parts {
  const { graph } = call;
  const rank = call.rank("input");
  const axis = call.axis("dim");
  if (isComplexValue(call.value("input"))) return call.fail("its input is complex");
  pointsOf(call, axis);
  const factor = call.number("scale");
  const column = graph.add("Unsqueeze", [call.tensor("input"), graph.int64([rank])]);
  const found = dft(call, column, { axis, onesided: call.flag("onesided") });
  return [scaled(call, partOf(call, found, rank, 0), factor), scaled(call, partOf(call, found, rank, 1), factor)];
}

/** ONNX inverts whole spectra: the other half is the mirror image, conjugated. */
function toReal(call: Call): Name {
  const { graph } = call;
  const rank = call.rank("input");
  const axis = call.axis("dim");
  const n = call.number("n");
  const half = Math.floor(n / 2) + 1;
  const mirror = Array.from({ length: n - half }, (_, i) => n - half - i);
  let [re, im] = call.partsOf(call.id("input"));
  if (mirror.length > 0) {
    const back = (name: Name): Name => graph.add("Gather", [name, graph.int64(mirror)], { axis });
    re = graph.add("Concat", [re, back(re)], { axis });
    im = graph.add("Concat", [im, graph.add("Neg", [back(im)])], { axis });
  }
  const found = dft(call, pairsOf(call, [re, im], rank), { axis, inverse: true });
  return scaled(call, partOf(call, found, rank, 0), rest(call, call.number("scale"), n, true));
}

export const fourierOps: Record<string, ComplexTranslator> = {
  _fft_c2c: ofComplex,
  _fft_r2c: ofReal,
  _fft_c2r: toReal,
};
