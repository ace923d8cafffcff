// Matrix products by NVIDIA's cuBLASLt, found at run time: its few functions and numbers are declared here, after its
// documentation. A row-major product is the column-major product of the exchanged operands. Plans are kept per shape.
#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <string>
#include <initializer_list>
#include <unordered_map>

#include "../libraries.h"
#include "matmul_product.h"

namespace layerwise {
namespace {

using Status = int;
using Object = void*;  // handles, descriptions, layouts and preferences are opaque

enum DataType : int { kReal32 = 0, kReal64 = 1, kReal16 = 2, kRealBrain16 = 14 };
enum ComputeType : int { kCompute32 = 68, kCompute64 = 70, kComputeTf32 = 77 };
enum Operation : int { kAsIs = 0, kTransposed = 1 };
enum LayoutAttribute : int { kBatchCount = 5, kBatchOffset = 6 };
enum ProductAttribute : int { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8 };
enum PreferenceAttribute : int { kWorkspaceBytes = 1, kAlignmentA = 5, kAlignmentB = 6, kAlignmentC = 7, kAlignmentD = 8 };
constexpr int kEpilogueBias = 4;

struct Algorithm {
  uint64_t data[8];
};
struct Found {
  Algorithm algorithm;
  size_t workspace_bytes;
  Status status;
  float waves;
  int reserved[4];
};

#define LW_CUBLASLT_FUNCTIONS(F) \
  F(create, cublasLtCreate, (Object*)) \
  F(create_product, cublasLtMatmulDescCreate, (Object*, int, int)) \
  F(set_product, cublasLtMatmulDescSetAttribute, (Object, int, const void*, size_t)) \
  F(destroy_product, cublasLtMatmulDescDestroy, (Object)) \
  F(create_layout, cublasLtMatrixLayoutCreate, (Object*, int, uint64_t, uint64_t, int64_t)) \
  F(set_layout, cublasLtMatrixLayoutSetAttribute, (Object, int, const void*, size_t)) \
  F(destroy_layout, cublasLtMatrixLayoutDestroy, (Object)) \
  F(create_preference, cublasLtMatmulPreferenceCreate, (Object*)) \
  F(set_preference, cublasLtMatmulPreferenceSetAttribute, (Object, int, const void*, size_t)) \
  F(destroy_preference, cublasLtMatmulPreferenceDestroy, (Object)) \
  F(choose, cublasLtMatmulAlgoGetHeuristic, \
    (Object, Object, Object, Object, Object, Object, Object, int, Found*, int*)) \
  F(multiply, cublasLtMatmul, \
    (Object, Object, const void*, const void*, Object, const void*, Object, const void*, const void*, Object, void*, \
     Object, const Algorithm*, void*, size_t, void*))

struct Functions {
  bool is_there = false;
#define LW_MEMBER(member, symbol, arguments) Status(*member) arguments = nullptr;
  LW_CUBLASLT_FUNCTIONS(LW_MEMBER)
#undef LW_MEMBER
};

Functions find_functions(bool is_emulated) {
  Functions f;
  // For comparisons: our kernels even where the library is.
  const char* choice = getenv("LAYERWISE_CUDA_MATMUL");
  if (choice && !strcmp(choice, "own")) return f;
  const Library& from = library(kCublasLt);
  if (!from.handle) return f;
  // The real library knows nothing of the emulation's memory; tests bring one that does.
  if (is_emulated && !from.symbol("layerwise_emulated_library")) return f;
#define LW_FIND(member, symbol_name, arguments) \
  f.member = (Status(*) arguments)from.symbol(#symbol_name); \
  if (!f.member) return f;
  LW_CUBLASLT_FUNCTIONS(LW_FIND)
#undef LW_FIND
  f.is_there = true;
  return f;
}

// Everything that an algorithm depends on; compared byte by byte.
struct Shape {
  int64_t m, n, k, a_stride, b_stride, c_stride, batches, a_batch, b_batch, c_batch;
  int32_t dtype, compute, transposes_a, transposes_b, has_bias, a_alignment, b_alignment, c_alignment;
};

struct Plan {
  bool is_usable = false;
  Object product = nullptr, a = nullptr, b = nullptr, c = nullptr;
  Algorithm algorithm = {};
  size_t workspace_bytes = 0;
};

struct Device {
  std::mutex lock;
  bool is_open = false, is_broken = false;
  Object handle = nullptr;
  std::unordered_map<std::string, Plan> plans;
};

constexpr int kMostDevices = 64;
constexpr size_t kMostPlans = 4096;
constexpr size_t kMostWorkspace = size_t(32) << 20;  // what NVIDIA recommends for Hopper
Device devices[kMostDevices];

// The largest power of two, at most 256, at which the address lies.
int32_t alignment_of(const void* pointer) {
  int32_t bytes = 256;
  while (uintptr_t(pointer) % uintptr_t(bytes)) bytes /= 2;
  return bytes;
}

// A row-major operand is a column-major one of exchanged sides; false when neither side is contiguous.
bool column_major(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride, int64_t* stride, int32_t* turns) {
  // A side of size 1 has no stride worth the name.
  if ((column_stride == 1 || columns == 1) && (row_stride >= columns || rows == 1)) {
    *stride = rows == 1 ? columns : row_stride;
    *turns = kAsIs;
    return true;
  }
  if ((row_stride == 1 || rows == 1) && (column_stride >= rows || columns == 1)) {
    *stride = columns == 1 ? rows : column_stride;
    *turns = kTransposed;
    return true;
  }
  return false;
}

bool read_shape(const Product& p, bool allows_tf32, Shape* shape) {
  const MatmulShape& s = p.s;
  if (s.batch_dims > 1) return false;
  memset(shape, 0, sizeof *shape);
  shape->m = s.m;
  shape->n = s.n;
  shape->k = s.k;
  if (!column_major(s.m, s.k, s.a_row, s.a_column, &shape->a_stride, &shape->transposes_a)) return false;
  if (!column_major(s.k, s.n, s.b_row, s.b_column, &shape->b_stride, &shape->transposes_b)) return false;
  shape->c_stride = s.m == 1 ? s.n : s.c_row;
  if (shape->c_stride < s.n) return false;
  shape->batches = s.batches;
  if (s.batch_dims == 1) {
    shape->a_batch = s.a_batch[0];
    shape->b_batch = s.b_batch[0];
    shape->c_batch = s.c_batch[0];
  }
  switch (p.dtype) {
    case kFloat16: shape->dtype = kReal16; break;
    case kBfloat16: shape->dtype = kRealBrain16; break;
    case kFloat32: shape->dtype = kReal32; break;
    case kFloat64: shape->dtype = kReal64; break;
    default: return false;
  }
  shape->compute = p.dtype == kFloat64 ? kCompute64 : p.dtype == kFloat32 && allows_tf32 ? kComputeTf32 : kCompute32;
  shape->has_bias = p.bias != nullptr;
  shape->a_alignment = alignment_of(p.a);
  shape->b_alignment = alignment_of(p.b);
  shape->c_alignment = alignment_of(p.c);
  return true;
}

// One operand as the library sees it.
bool describe(const Functions& f, Object* layout, const Shape& s, int64_t rows, int64_t columns, int64_t stride, int64_t batch) {
  if (f.create_layout(layout, s.dtype, uint64_t(rows), uint64_t(columns), stride)) return false;
  if (s.batches == 1) return true;
  const int32_t count = int32_t(s.batches);
  return !f.set_layout(*layout, kBatchCount, &count, sizeof count) && !f.set_layout(*layout, kBatchOffset, &batch, sizeof batch);
}

// The library's first operand is our B and its result C^T.
bool make_plan(const Functions& f, Object handle, const Shape& s, const void* bias, Plan* plan) {
  const int32_t turns_first = s.transposes_b, turns_second = s.transposes_a;
  const int scale_type = s.dtype == kReal64 ? kReal64 : kReal32;
  if (f.create_product(&plan->product, s.compute, scale_type)) return false;
  if (f.set_product(plan->product, kTransposeA, &turns_first, sizeof turns_first) ||
      f.set_product(plan->product, kTransposeB, &turns_second, sizeof turns_second)) {
    return false;
  }
  if (s.has_bias) {
    const int32_t epilogue = kEpilogueBias;
    if (f.set_product(plan->product, kEpilogue, &epilogue, sizeof epilogue) ||
        f.set_product(plan->product, kBiasPointer, &bias, sizeof bias)) {
      return false;
    }
  }
  const bool turns_b = s.transposes_b != kAsIs, turns_a = s.transposes_a != kAsIs;
  if (!describe(f, &plan->b, s, turns_b ? s.k : s.n, turns_b ? s.n : s.k, s.b_stride, s.b_batch) ||
      !describe(f, &plan->a, s, turns_a ? s.m : s.k, turns_a ? s.k : s.m, s.a_stride, s.a_batch) ||
      !describe(f, &plan->c, s, s.n, s.m, s.c_stride, s.c_batch)) {
    return false;
  }
  Object preference = nullptr;
  if (f.create_preference(&preference)) return false;
  const size_t workspace = kMostWorkspace;
  f.set_preference(preference, kWorkspaceBytes, &workspace, sizeof workspace);
  f.set_preference(preference, kAlignmentA, &s.b_alignment, sizeof s.b_alignment);
  f.set_preference(preference, kAlignmentB, &s.a_alignment, sizeof s.a_alignment);
  f.set_preference(preference, kAlignmentC, &s.c_alignment, sizeof s.c_alignment);
  f.set_preference(preference, kAlignmentD, &s.c_alignment, sizeof s.c_alignment);
  Found found = {};
  int count = 0;
  const Status status =
      f.choose(handle, plan->product, plan->b, plan->a, plan->c, plan->c, preference, 1, &found, &count);
  f.destroy_preference(preference);
  if (status || count == 0 || found.status) return false;
  plan->algorithm = found.algorithm;
  plan->workspace_bytes = found.workspace_bytes;
  return true;
}

void destroy(const Functions& f, Plan* plan) {
  if (plan->product) f.destroy_product(plan->product);
  for (Object layout : {plan->a, plan->b, plan->c}) {
    if (layout) f.destroy_layout(layout);
  }
  *plan = {};
}

Plan& plan_for(const Functions& f, Device& device, const Shape& shape, const void* bias) {
  const std::string key((const char*)&shape, sizeof shape);
  auto known = device.plans.find(key);
  if (known != device.plans.end()) return known->second;
  if (device.plans.size() >= kMostPlans) {
    for (auto& entry : device.plans) destroy(f, &entry.second);
    device.plans.clear();
  }
  Plan& plan = device.plans[key];
  plan.is_usable = make_plan(f, device.handle, shape, bias, &plan);
  if (!plan.is_usable) destroy(f, &plan);
  return plan;
}

}  // namespace

bool run_cublaslt(Context& context, const Product& p, bool allows_tf32) {
  static const Functions f = find_functions(context.device().is_emulated);
  if (!f.is_there || context.device_index() >= kMostDevices) return false;
  Shape shape;
  if (!read_shape(p, allows_tf32, &shape)) return false;
  Device& device = devices[context.device_index()];
  std::lock_guard<std::mutex> guard(device.lock);
  if (!device.is_open) {
    device.is_open = true;
    device.is_broken = f.create(&device.handle) != 0;
  }
  if (device.is_broken) return false;
  Plan& plan = plan_for(f, device, shape, p.bias);
  if (!plan.is_usable) return false;
  void* workspace = plan.workspace_bytes ? context.scratch(0, plan.workspace_bytes) : nullptr;
  if (plan.workspace_bytes && !workspace) return true;  // reported as out of memory
  if (shape.has_bias && f.set_product(plan.product, kBiasPointer, &p.bias, sizeof p.bias)) return false;
  const float alpha = float(p.s.alpha), beta = float(p.s.beta);
  const bool is_double = p.dtype == kFloat64;
  const Status status =
      f.multiply(device.handle, plan.product, is_double ? (const void*)&p.s.alpha : &alpha, p.b, plan.b, p.a, plan.a,
                 is_double ? (const void*)&p.s.beta : &beta, p.c, plan.c, p.c, plan.c, &plan.algorithm, workspace,
                 plan.workspace_bytes, context.stream());
  if (!status) return true;
  // What the library refuses now it will refuse again.
  destroy(f, &plan);
  return false;
}

}  // namespace layerwise
