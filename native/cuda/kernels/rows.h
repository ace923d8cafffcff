// How the launchers of row kernels choose: lanes that share a row, rows per block, and whether whole vectors can move.
#pragma once
#include "../launcher.h"

namespace layerwise {

constexpr size_t kMostRowCache = 64 << 10;  // of shared memory per block, so that several blocks fit a multiprocessor

inline bool is_float(Dtype dtype) {
  return dtype == kFloat32 || dtype == kFloat64 || dtype == kFloat16 || dtype == kBfloat16;
}

// Rows of n elements whose first ones all lie at 16 bytes.
template <class... P> bool is_vector(Dtype dtype, int64_t n, const P*... pointers) {
  const uintptr_t bits = (0 | ... | uintptr_t(pointers));
  return bits % 16 == 0 && n * int64_t(Context::dtype_bytes(dtype)) % 16 == 0;
}

// A power of two of lanes so that each has `each` accesses, blocks of at least 128 threads.
inline Grid row_block(int64_t accesses, int64_t each, unsigned most) {
  Grid block;
  while (block.x < most && int64_t(block.x) * each < accesses) block.x *= 2;
  block.y = block.x < 128 ? 128 / block.x : 1;
  return block;
}

inline Grid row_grid(int64_t rows, const Grid& block) { return {unsigned((rows + block.y - 1) / block.y)}; }

}  // namespace layerwise
