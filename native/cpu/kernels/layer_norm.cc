// layer_norm over the last n elements of each row, and its gradient.
#include "norm_rows.h"

namespace layerwise::NS {
namespace {

KERNEL(layer_norm) {
  Dtype dtype = args.dtype();
  void *out = args.pointer(), *mean = args.pointer(), *rstd = args.pointer();
  void *x = args.pointer(), *weight = args.pointer(), *bias = args.pointer();
  int64_t rows = args.integer(), n = args.integer();
  double eps = args.real();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    NormRows<T, true>::forward(context, (T*)out, (C*)mean, (C*)rstd, (T*)x, (T*)weight, (T*)bias, rows, n, eps);
  });
  if (!known) context->fail(context, "[layer_norm] expected a floating dtype");
}

KERNEL(layer_norm_backward) {
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dweight = args.pointer(), *dbias = args.pointer(), *dy = args.pointer(),
       *x = args.pointer();
  void *mean = args.pointer(), *rstd = args.pointer(), *weight = args.pointer();
  int64_t rows = args.integer(), n = args.integer();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    NormRows<T, true>::backward(context, (T *)dx, (T *)dweight, (T *)dbias, (T *)dy, (T *)x, (C *)mean, (C *)rstd,
                                (T *)weight, rows, n);
  });
  if (!known) context->fail(context, "[layer_norm_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
