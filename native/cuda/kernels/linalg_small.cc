// Launchers of factorizations of many small matrices. The caller sees to their size and to contiguous memory.
#include "linalg_small.h"

#include "../launcher.h"

namespace layerwise {
namespace {

// Only linear algebra knows complex types by number.
constexpr int kComplex64 = 9, kComplex128 = 10;

const char* name_of(int dtype) {
  switch (dtype) {
    case kFloat32: return "float32";
    case kFloat64: return "float64";
    case kComplex64: return "complex64";
    case kComplex128: return "complex128";
  }
  return nullptr;
}

size_t bytes_of(int dtype) { return dtype == kFloat32 ? 4 : dtype == kComplex128 ? 16 : 8; }

bool is_small(Context& context, const char* suffix, int64_t m, int64_t n) {
  if (suffix && m <= kSmallMatrix && n <= kSmallMatrix) return true;
  context.fail("[linalg] expected matrices of at most 48 rows and columns, of float32, float64 or their complex forms");
  return false;
}

// dtype a info batch n
LAUNCHER(linalg_cholesky_small) {
  const int dtype = args.dtype();
  const char* suffix = name_of(dtype);
  void* a = args.pointer();
  int32_t* info = args.pointer<int32_t>();
  const int64_t batch = args.integer(), n = args.integer();
  if (!is_small(context, suffix, n, n) || batch == 0) return;
  const size_t bytes = size_t(n * n) * bytes_of(dtype);
  context.launch_named("cholesky_small", suffix, {unsigned(batch)}, {kSmallThreads}, bytes, a, info, int(n));
}

// dtype a pivots info batch m n
LAUNCHER(linalg_lu_small) {
  const int dtype = args.dtype();
  const char* suffix = name_of(dtype);
  void* a = args.pointer();
  int32_t* pivots = args.pointer<int32_t>();
  int32_t* info = args.pointer<int32_t>();
  const int64_t batch = args.integer(), m = args.integer(), n = args.integer();
  if (!is_small(context, suffix, m, n) || batch == 0) return;
  const size_t bytes = size_t(m * n) * bytes_of(dtype);
  context.launch_named("lu_small", suffix, {unsigned(batch)}, {kSmallThreads}, bytes, a, pivots, info, int(m), int(n));
}

// element_bytes b pivots batch rank n k backwards
LAUNCHER(linalg_swap_rows) {
  const int64_t element = args.integer();
  void* b = args.pointer();
  const int32_t* pivots = args.pointer<const int32_t>();
  const int64_t batch = args.integer(), rank = args.integer(), n = args.integer(), k = args.integer();
  const int backwards = args.flag();
  if (batch * k == 0) return;
  const char* suffix = element == 4 ? "4" : element == 8 ? "8" : "16";
  context.launch_named("swap_rows", suffix, context.grid_for(batch * k, kSmallThreads), {kSmallThreads}, 0, b, pivots, batch,
                       rank, n, k, backwards);
}

// dtype b a ars acs abatch batch n k upper unit conjugated
LAUNCHER(linalg_solve_triangular_small) {
  const int dtype = args.dtype();
  const char* suffix = name_of(dtype);
  void* b = args.pointer();
  const void* a = args.pointer();
  const int64_t row = args.integer(), column = args.integer(), step = args.integer(), batch = args.integer();
  const int64_t n = args.integer(), k = args.integer();
  const int upper = args.flag(), unit = args.flag(), conjugated = args.flag();
  if (!is_small(context, suffix, n, n) || batch * k == 0) return;
  context.launch_named("solve_triangular_small", suffix, context.grid_for(batch * k, kSmallThreads), {kSmallThreads}, 0, b, a,
                       row, column, step, batch, n, k, upper, unit, conjugated);
}

}  // namespace
}  // namespace layerwise
