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

inline int64_t blocks_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

// Tile size, and shares of k (splits and split_depth of `s`), by the number of blocks that the GPU runs at once.
struct TilePlan {
  bool is_large;
  int64_t tiles;
};
TilePlan plan_tiles(const Context& context, MatmulShape& s, int64_t large, int64_t small, int64_t depth,
                    int64_t per_processor);

// Chooses who multiplies and enqueues it; the family in use is "matmul". All scratch slots may be taken, slot 2 only
// where B is not made of vectors along k.
void run_matmul(Context& context, Product& p);

// By cuBLASLt. False, with nothing enqueued, where the library is missing or does not take the product.
bool run_cublaslt(Context& context, const Product& p, bool allows_tf32);

}  // namespace layerwise
