// A matrix product as the launchers pass it around, and the library that may compute it.
#pragma once
#include "../launcher.h"
#include "matmul.h"

namespace layerwise {

struct Product {
  Dtype dtype;
  void* c;
  const void *a, *b, *bias;
  MatmulShape s;
  size_t bytes() const { return Context::dtype_bytes(dtype); }
  size_t sum_bytes() const { return dtype == kFloat64 ? 8 : 4; }
};

// Chooses who multiplies and enqueues it; the family in use is "matmul". All scratch slots may be taken, slot 2 only
// where B is not made of vectors along k.
void run_matmul(Context& context, Product& p);

// By cuBLASLt. False, with nothing enqueued, where the library is missing or does not take the product.
bool run_cublaslt(Context& context, const Product& p, bool allows_tf32);

}  // namespace layerwise
