// The matmul launcher: reads the product, folds batches into rows, and chooses who multiplies: cuBLASLt where it is found,
// else our kernels. What tensor cores cannot read (odd sizes, odd strides) is packed first; small products of long k are
// split, and added up in order.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>

#include "matmul_product.h"

namespace layerwise {
namespace {

// Rows up to which our own kernel is taken without asking a library.
constexpr int64_t kVeryThinRows = 2;
// What the tensor-core kernels ask of shared memory: a stage holds 64 of k of both operands.
// (Hopper's kernel: four stages of 128 rows and 256 columns, and room to begin at a multiple of 1024.)
constexpr size_t kHopperSharedBytes = 4 * (128 + 256) * kTensorDepth * 2 + 1024;
constexpr size_t kLargeStageBytes = 2 * 128 * kTensorDepth * 2, kSmallStageBytes = 2 * 64 * kTensorDepth * 2;

// dtype nbatch batch[nbatch] m n k alpha beta  A ars acs abatch[nbatch]  B brs bcs bbatch[nbatch]  C crs cbatch[nbatch]
// bias
bool read_product(Context& context, Args& args, Product* p) {
  constexpr int kMost = 64;
  int64_t batch[kMost], a_batch[kMost], b_batch[kMost], c_batch[kMost];
  MatmulShape& s = p->s;
  p->dtype = args.dtype();
  int dims = int(args.integer());
  if (dims > kMost) return context.fail("[matmul] a product has at most 64 batch dimensions"), false;
  args.integers(batch, dims);
  s.m = args.integer();
  s.n = args.integer();
  s.k = args.integer();
  s.alpha = args.real();
  s.beta = args.real();
  p->a = args.pointer();
  s.a_row = args.integer();
  s.a_column = args.integer();
  args.integers(a_batch, dims);
  p->b = args.pointer();
  s.b_row = args.integer();
  s.b_column = args.integer();
  args.integers(b_batch, dims);
  p->c = args.pointer();
  s.c_row = args.integer();
  args.integers(c_batch, dims);
  p->bias = args.pointer();
  // Batches that share B and lie behind each other are more rows of one product.
  while (dims > 0) {
    const int d = dims - 1;
    const bool continues = b_batch[d] == 0 && a_batch[d] == s.m * s.a_row && c_batch[d] == s.m * s.c_row;
    if (batch[d] != 1 && !continues) break;
    s.m *= batch[d];
    dims--;
  }
  // Dimensions that stay: without those of size 1, neighbours merged where all three go on evenly.
  s.batch_dims = 0;
  s.batches = 1;
  for (int d = 0; d < dims; d++) {
    s.batches *= batch[d];
    if (batch[d] == 1) continue;
    const int last = s.batch_dims - 1;
    if (last >= 0 && s.a_batch[last] == batch[d] * a_batch[d] && s.b_batch[last] == batch[d] * b_batch[d] &&
        s.c_batch[last] == batch[d] * c_batch[d]) {
      s.batch[last] *= batch[d];
    } else if (s.batch_dims == kMostBatchDims) {
      return context.fail("[matmul] more than 8 batch dimensions that cannot be merged"), false;
    } else {
      s.batch[s.batch_dims++] = batch[d];
    }
    const int at = s.batch_dims - 1;
    s.a_batch[at] = a_batch[d];
    s.b_batch[at] = b_batch[d];
    s.c_batch[at] = c_batch[d];
  }
  return true;
}

// One operand: `along_k` and `across` are its strides, rows those of A or the columns of B.
struct Operand {
  const void* at;
  int64_t rows, across, along_k;
  const int64_t* batch;
  bool is_b;
};

Operand operand_of(const Product& p, bool is_b) {
  if (is_b) return {p.b, p.s.n, p.s.b_column, p.s.b_row, p.s.b_batch, true};
  return {p.a, p.s.m, p.s.a_row, p.s.a_column, p.s.a_batch, false};
}

// Does it consist of aligned vectors of `unit` elements along k (or across it)?
bool is_even(const Product& p, const Operand& x, bool along_k, int64_t unit) {
  const int64_t run = along_k ? p.s.k : x.rows;
  const int64_t step = along_k ? x.along_k : x.across, other = along_k ? x.across : x.along_k;
  if (step != 1 || run % unit || other % unit || uintptr_t(x.at) % (unit * p.bytes())) return false;
  for (int d = 0; d < p.s.batch_dims; d++) {
    if (x.batch[d] % unit) return false;
  }
  return true;
}

unsigned layers_of(const Product& p) { return unsigned(p.s.batches < 65535 ? p.s.batches : 65535); }

// Copies an operand of 16-bit elements into scratch memory, along k. False after a failure.
bool pack(Context& context, Product* p, bool is_b) {
  MatmulShape& s = p->s;
  const Operand x = operand_of(*p, is_b);
  bool is_shared = true;
  for (int d = 0; d < s.batch_dims; d++) is_shared = is_shared && x.batch[d] == 0;
  const int64_t depth = (s.k + 7) / 8 * 8;
  const int64_t batches = is_shared ? 1 : s.batches;
  void* out = context.scratch(is_b ? 2 : 1, size_t(batches) * size_t(x.rows) * size_t(depth) * 2);
  if (!out) return false;
  MatmulShape copied = s;
  copied.batches = batches;
  const Grid grid = {unsigned(blocks_of(x.rows, 32)), unsigned(blocks_of(depth, 32)),
                     unsigned(batches < 65535 ? batches : 65535)};
  if (grid.y > 65535) return context.fail("[matmul] more than 2 million elements along k to pack"), false;
  const int flag = is_b;
  context.launch("matmul_pack_2", grid, {32, 8}, 0, out, x.at, copied, flag, x.rows, x.across, x.along_k, depth);
  int64_t stride = x.rows * depth;
  int64_t* strides = is_b ? s.b_batch : s.a_batch;
  for (int d = s.batch_dims - 1; d >= 0 && !is_shared; d--) {
    strides[d] = stride;
    stride *= s.batch[d];
  }
  (is_b ? p->b : p->a) = out;
  (is_b ? s.b_column : s.a_row) = depth;
  (is_b ? s.b_row : s.a_column) = 1;
  return true;
}

// Launches `name` over tiles, shares and batches; then adds up the shares.
void run_tiles(Context& context, Product* p, const char* name, int64_t tiles, const Grid& block, size_t shared) {
  MatmulShape& s = p->s;
  if (s.splits > 1) {
    s.partials = context.scratch(3, size_t(s.splits) * size_t(s.batches) * size_t(s.m) * size_t(s.n) * p->sum_bytes());
    if (!s.partials) return;
  }
  const Grid grid = {unsigned(tiles), unsigned(s.splits), layers_of(*p)};
  context.launch(name, grid, block, shared, p->c, p->a, p->b, p->bias, s);
  if (s.splits == 1) return;
  context.launch_typed("matmul_finish", p->dtype, context.grid_for(s.batches * s.m * s.n, 256), {256}, 0, p->c, p->bias,
                       s);
}

void run_plain(Context& context, const Product& p) {
  const unsigned rows = unsigned(blocks_of(p.s.m, kMatmulTile)), columns = unsigned(blocks_of(p.s.n, kMatmulTile));
  if (rows > 65535) return context.fail("[matmul] more than 2 million rows");
  context.launch_typed("matmul_plain", p.dtype, {columns, rows, layers_of(p)}, {kMatmulTile / 2, kMatmulTile / 2}, 0, p.c,
                       p.a, p.b, p.bias, p.s);
}

void run_tiled(Context& context, Product* p) {
  const bool is_double = p->dtype == kFloat64;
  const TilePlan plan = plan_tiles(context, p->s, is_double ? 64 : 128, 64, kTiledDepth, 2);
  const char* name = is_double ? "matmul_tiled_small_float64"
                     : plan.is_large ? "matmul_tiled_large_float32" : "matmul_tiled_small_float32";
  run_tiles(context, p, name, plan.tiles, {16, 16}, 0);
}

// Hopper's own kernel is taken only on request until it has been compared with its twin on such a GPU.
bool takes_hopper(const Context& context, const Product& p) {
  static const bool is_asked_for = [] {
    const char* choice = getenv("LAYERWISE_CUDA_WGMMA");
    return choice && !strcmp(choice, "1");
  }();
  const DeviceFacts& gpu = context.device();
  if (!is_asked_for || gpu.major != 9 || gpu.minor != 0 || gpu.is_emulated) return false;
  return blocks_of(p.s.m, 128) * blocks_of(p.s.n, 256) * p.s.batches >= gpu.multiprocessors;
}

void run_tensor(Context& context, Product* p) {
  MatmulShape& s = p->s;
  bool a_deep = is_even(*p, operand_of(*p, false), true, 8), b_deep = is_even(*p, operand_of(*p, true), true, 8);
  const bool a_wide = is_even(*p, operand_of(*p, false), false, 8), b_wide = is_even(*p, operand_of(*p, true), false, 8);
  // There is no kernel for A across k and B along it.
  if (!a_deep && (!a_wide || b_deep || !b_wide)) {
    if (!pack(context, p, false)) return;
    a_deep = true;
  }
  if (!b_deep && !b_wide) {
    if (!pack(context, p, true)) return;
    b_deep = true;
  }
  s.c_vector = uintptr_t(p->c) % 16 == 0 && s.c_row % 8 == 0;
  for (int d = 0; d < s.batch_dims; d++) s.c_vector = s.c_vector && s.c_batch[d] % 8 == 0;
  const char* layout = a_deep ? b_deep ? "deep_deep" : "deep_wide" : "wide_wide";
  char name[64];
  if (takes_hopper(context, *p)) {
    snprintf(name, sizeof name, "matmul_hopper_%s_%s", Context::dtype_name(p->dtype), layout);
    return run_tiles(context, p, name, blocks_of(s.m, 128) * blocks_of(s.n, 256), {256}, kHopperSharedBytes);
  }
  TilePlan plan = plan_tiles(context, p->s, 128, 64, kTensorDepth, 4);
  const DeviceFacts& gpu = context.device();
  if (plan.is_large && gpu.shared_bytes < int(3 * kLargeStageBytes)) {
    plan.is_large = false;
    plan.tiles = blocks_of(s.m, 64) * blocks_of(s.n, 64);
  }
  const int64_t tile = plan.is_large ? 128 : 64;
  s.stages = 3;
  const size_t stages = size_t(s.stages) * (plan.is_large ? kLargeStageBytes : kSmallStageBytes);
  const size_t sums = size_t(tile * (tile + 8)) * 4;
  snprintf(name, sizeof name, "matmul_tensor_%s_%s_%s", plan.is_large ? "large" : "small",
           Context::dtype_name(p->dtype), layout);
  run_tiles(context, p, name, plan.tiles, {plan.is_large ? 256u : 128u}, stages > sums ? stages : sums);
}

// Few rows and a matrix along k are bound by reading the matrix.
bool is_thin(const Product& p, int64_t most) {
  const int64_t unit = 16 / int64_t(p.bytes());
  return p.s.m <= most && p.s.k > 0 && is_even(p, operand_of(p, true), true, unit) &&
         is_even(p, operand_of(p, false), true, unit);
}

void run_thin(Context& context, const Product& p) {
  const Grid grid = {unsigned(blocks_of(p.s.n, kThinVectors / 32)), 1, layers_of(p)};
  context.launch_typed("matmul_thin", p.dtype, grid, {kThinVectors}, 0, p.c, p.a, p.b, p.bias, p.s);
}

// C^T = B^T A^T, where C is one column that lies in a row.
void exchange(Product* p) {
  MatmulShape& s = p->s;
  const MatmulShape old = s;
  const void* a = p->a;
  p->a = p->b;
  p->b = a;
  s.m = old.n;
  s.n = old.m;
  s.a_row = old.b_column;
  s.a_column = old.b_row;
  s.b_row = old.a_column;
  s.b_column = old.a_row;
  s.c_row = old.m;
  memcpy(s.a_batch, old.b_batch, sizeof s.a_batch);
  memcpy(s.b_batch, old.a_batch, sizeof s.b_batch);
}

// Whether float32 may be rounded to 10 bits of fraction on the way in: torch.backends.cuda.matmul.allow_tf32.
constexpr int kMostDevices = 64;
std::atomic<bool> tf32_allowed[kMostDevices];

bool allows_tf32(const Context& context) { return tf32_allowed[context.device_index() % kMostDevices]; }

// allowed
LAUNCHER(matmul_allow_tf32) { tf32_allowed[context.device_index() % kMostDevices] = args.flag(); }

}  // namespace

TilePlan plan_tiles(const Context& context, MatmulShape& s, int64_t large, int64_t small, int64_t depth,
                    int64_t per_processor) {
  // Stages of k that a share of a split product has at least: below that the last sum costs more than it brings.
  constexpr int64_t kShareStages = 4, kMostSplits = 64;
  const int64_t processors = context.device().multiprocessors;
  const int64_t large_tiles = blocks_of(s.m, large) * blocks_of(s.n, large);
  const bool is_large = large_tiles * s.batches >= processors || (s.m > small && s.n > small && s.k >= 4096 &&
                                                                  large_tiles * s.batches * 4 >= processors);
  const TilePlan plan = {is_large, is_large ? large_tiles : blocks_of(s.m, small) * blocks_of(s.n, small)};
  const int64_t room = processors * (is_large ? 1 : per_processor) / (plan.tiles * s.batches);
  const int64_t worth = s.k / (kShareStages * depth);
  int64_t splits = room < worth ? room : worth;
  splits = splits < 1 ? 1 : splits > kMostSplits ? kMostSplits : splits;
  const int64_t stages = blocks_of(s.k, depth);
  s.split_depth = blocks_of(stages, splits) * depth;
  s.splits = s.k == 0 ? 1 : int32_t(blocks_of(s.k, s.split_depth));
  return plan;
}

void run_matmul(Context& context, Product& p) {
  if (p.dtype == kBool) return context.fail("[matmul] not defined for bool: expected a number type");
  if (p.s.batches <= 0 || p.s.m <= 0 || p.s.n <= 0) return;
  if (p.s.n == 1 && p.s.m > 1 && p.s.c_row == 1 && !p.bias) exchange(&p);
  p.s.splits = 1;
  p.s.split_depth = p.s.k;
  const bool is_half = p.dtype == kFloat16 || p.dtype == kBfloat16;
  if (p.s.k == 0) return run_plain(context, p);
  if ((is_half || p.dtype == kFloat32) && is_thin(p, kVeryThinRows)) return run_thin(context, p);
  if (run_cublaslt(context, p, allows_tf32(context))) return;
  if ((is_half || p.dtype == kFloat32) && is_thin(p, kThinRows)) return run_thin(context, p);
  if (p.dtype == kFloat32 || p.dtype == kFloat64) return run_tiled(context, &p);
  if (p.dtype == kFloat16 || (p.dtype == kBfloat16 && context.device().has(80))) return run_tensor(context, &p);
  run_plain(context, p);
}

LAUNCHER(matmul) {
  Product p = {};
  if (read_product(context, args, &p)) run_matmul(context, p);
}

}  // namespace layerwise
