/** The table of contents: every family of ops, loaded for its declarations. */
import { arithmetic } from "../autograd/engine.ts";
import { recorded } from "../autograd/inplace.ts";
import type { Tensor } from "../tensor.ts";
import { add, sub } from "./pointwise.ts";
import { contiguous } from "./copy.ts";
import { asStrided, asStridedBackward } from "./view.ts";
import { registry } from "../op.ts";

import "./activation.ts";
import "./adam_many.ts";
import "./advanced_index.ts";
import "./affine.ts";
import "./attention.ts";
import "./comparison.ts";
import "./complex.ts";
import "./complex_forms.ts";
import "./conv.ts";
import "./copy.ts";
import "./create.ts";
import "./cross_entropy.ts";
import "./fft.ts";
import "./float8.ts";
import "./indexing.ts";
import "./join.ts";
import "./linalg_eig.ts";
import "./linalg_factor.ts";
import "./linalg_solve.ts";
import "./linalg_spectral.ts";
import "./loss.ts";
import "./low_bit.ts";
import "./low_bit_conv.ts";
import "./matmul.ts";
import "./norm.ts";
import "./optimizer.ts";
import "./pointwise_pairs.ts";
import "./pool.ts";
import "./quantized.ts";
import "./quantized_conv.ts";
import "./quantized_maps.ts";
import "./quantized_products.ts";
import "./quantized_sums.ts";
import "./random.ts";
import "./random_gamma.ts";
import "./recurrent.ts";
import "./recurrent_int8.ts";
import "./reduce.ts";
import "./scan.ts";
import "./softmax.ts";
import "./sort.ts";
import "./special.ts";
import "./view.ts";

arithmetic.add = (a, b) => add(a, b) as Tensor;
arithmetic.addInto = (target, value) => {
  const addInPlace = registry.get("add_") as unknown as (a: Tensor, b: Tensor) => Tensor;
  addInPlace(target, value);
};

recorded.pick = (t, at) => asStrided(t, at.shape, at.strides, at.offset);
recorded.place = (part, like, at) => asStridedBackward(part, like, at.shape, at.strides, at.offset);
recorded.contiguous = contiguous;
recorded.replace = (a, b, c) => (c ? add(sub(a, b) as Tensor, c) : sub(a, b)) as Tensor;

export { registry };
