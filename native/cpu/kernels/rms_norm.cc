// rms_norm over the last n elements of each row, and its gradient.
#include "norm_rows.h"

namespace layerwise::NS {
namespace {

KERNEL(rms_norm) {
  Dtype dtype = args.dtype();
  void *out = args.pointer(), *rstd = args.pointer(), *x = args.pointer(), *weight = args.pointer();
  int64_t rows = args.integer(), n = args.integer();
  double eps = args.real();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    NormRows<T, false>::forward(context, (T*)out, nullptr, (C*)rstd, (T*)x, (T*)weight, nullptr, rows, n, eps);
  });
  if (!known) context->fail(context, "[rms_norm] expected a floating dtype");
}

KERNEL(rms_norm_backward) {
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dweight = args.pointer(), *dy = args.pointer(), *x = args.pointer();
  void *rstd = args.pointer(), *weight = args.pointer();
  int64_t rows = args.integer(), n = args.integer();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    NormRows<T, false>::backward(context, (T *)dx, (T *)dweight, nullptr, (T *)dy, (T *)x, nullptr, (C *)rstd,
                                 (T *)weight, rows, n);
  });
  if (!known) context->fail(context, "[rms_norm_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
