// How a pointwise launch is carried out: the shape of a block, and for each operand the way between its memory and the
// block.
#pragma once
#include "../program.h"
#include "pointwise_layout.h"
#include "pointwise_ops.h"

namespace layerwise::NS {

constexpr int64_t kBufferBytes = 24 << 10;  // what all buffers of a block may take of the first-level cache
constexpr int64_t kMostBlock = 2048;        // elements
constexpr int64_t kLeastBlock = 256;
constexpr int64_t kPanelBlock = 256;        // with transposed operands, whose panels are many rows deep
constexpr int64_t kRowMode = 64;            // inner dimensions from here on are worked on row by row
constexpr int64_t kStreamBytes = 16 << 20;  // outputs from here on would only push other things out of the cache

constexpr Dtype kComputeDtype[] = {kFloat32, kFloat64, kInt64};
constexpr int kComputeBytes[] = {4, 8, 8};

enum class Fetch {
  direct,   // used in place
  once,     // the same for every block: fetched once per chunk
  convert,  // contiguous within a block, but of another type or not to be used in place
  gather,   // anything else
};

struct Plan : Space {
  Context* context;
  const PointwiseProgram* program;
  const double* constants;
  const PointwiseOp* ops;
  bool is_raw;      // a plain copy: elements are moved as they are, whatever their type
  int value_bytes;  // of an element while it is computed
  Fetch fetch[kMostOperands];
  bool is_panel[kMostOperands];   // contiguous along the panel dimension: transposed block by block
  bool is_direct[kMostOperands];  // outputs: the program writes them in place
  bool streams[kMostOperands];    // outputs: written around the cache
  bool by_rows;                   // a block is a piece of one row; otherwise it is block_rows whole rows
  int64_t block;                  // elements of a block at most
  int64_t inner;                  // elements of a row
  int64_t rows;
  int64_t block_rows;
  // by_rows: rows come in groups of panel_rows along the panel dimension (the last but one), 1 where there is none.
  int64_t panel_rows;
  int outer_dims;  // dimensions before the panel dimension
  int64_t groups;
  int64_t segments;     // blocks per row
  int64_t units;        // blocks, or groups of them, in all: what the pool shares out
  int64_t frame_bytes;  // memory that a thread needs

  int inputs() const { return program->inputs; }
  int outputs() const { return program->outputs; }
  bool is_native(const Operand& o) const { return is_raw || o.dtype == kComputeDtype[program->compute]; }
};

// Do the outputs of `k` share memory with input `i`?
static inline bool overlaps(const Plan& p, int i, int k) {
  char *low, *high, *other_low, *other_high;
  extent(p, p.operand[i], &low, &high);
  extent(p, p.operand[k], &other_low, &other_high);
  return low < other_high && other_low < high;
}

// Is the input itself stored by an output, and its memory overwritten by another that may be delivered before?
static inline bool is_overwritten_too_early(const Plan& p, int i) {
  if (p.outputs() < 2 || p.program->last_read[i] < p.program->instructions) return false;
  for (int k = p.inputs(); k < p.operands; k++) {
    if (overlaps(p, i, k)) return true;
  }
  return false;
}

// May output k be written while the program runs? Not if an instruction after that still reads an input from the same
// memory.
static inline bool may_write_early(const Plan& p, int output) {
  for (int i = 0; i < p.inputs(); i++) {
    const bool reads_later = p.fetch[i] == Fetch::direct && p.program->last_read[i] > p.program->output_writer[output];
    if (reads_later && overlaps(p, i, p.inputs() + output)) return false;
  }
  return true;
}

static inline bool may_stream(const Plan& p, int output) {
  const int k = p.inputs() + output;
  if (p.elements * p.operand[k].bytes < kStreamBytes) return false;
  for (int i = 0; i < p.inputs(); i++) {
    if (overlaps(p, i, k)) return false;  // in place: the lines are in the cache already
  }
  return true;
}

// Makes the dimension last in which rows are long and most operands are contiguous.
static inline void choose_inner(Plan& p) {
  const int last = p.ndim - 1;
  bool is_simple = true;
  for (int k = 0; k < p.operands; k++) is_simple &= is_dense(p, p.operand[k]) || is_constant_over(p.operand[k], last);
  if (is_simple) return;  // blocks of whole rows do better
  int best = last;
  int64_t best_score = -1;
  for (int d = 0; d < last; d++) {
    if (p.size[d] < kRowMode) continue;
    int64_t score = p.size[d] < 4096 ? p.size[d] : 4096;
    for (int k = 0; k < p.operands; k++) score += p.operand[k].stride[d] == 1 ? 1 << 20 : 0;
    if (score > best_score) best = d, best_score = score;
  }
  move_dim(p, best, last);
}

// Moves the dimension along which transposed operands are contiguous to the last place but one, and says how many rows
// of it to take at a time: a cache line's worth. 1 when no operand is transposed.
static inline int64_t choose_panel(Plan& p) {
  const int last = p.ndim - 1;
  for (int k = 0; k < p.operands; k++) {
    const int64_t step = p.operand[k].stride[last];
    if (step >= -1 && step <= 1) continue;
    for (int d = 0; d < last; d++) {
      if (p.operand[k].stride[d] != 1 || p.size[d] < 2) continue;
      move_dim(p, d, last - 1);
      const int64_t line = 64 / p.operand[k].bytes;
      return p.size[last - 1] < line ? p.size[last - 1] : line;
    }
  }
  return 1;
}

static inline void make_plan(Plan& p) {
  const PointwiseProgram& program = *p.program;
  const Operand& first_output = p.operand[p.outputs_from];
  p.is_raw = program.instructions == 0 && program.constants == 0 && program.outputs == 1 &&
             program.output_value[0] < program.inputs && p.operand[program.output_value[0]].dtype == first_output.dtype;
  p.value_bytes = p.is_raw ? first_output.bytes : kComputeBytes[program.compute];
  const bool may_reorder = !program.uses_iota;
  if (may_reorder) sort_dims(p);
  merge_dims(p);
  if (may_reorder && p.ndim > 1 && p.size[p.ndim - 1] < kRowMode) choose_inner(p);
  const int last = p.ndim - 1;
  p.by_rows = p.ndim == 1 || p.size[last] >= kRowMode;
  p.panel_rows = p.by_rows && may_reorder && last > 0 ? choose_panel(p) : 1;
  p.outer_dims = p.panel_rows > 1 ? last - 1 : last;
  p.inner = p.size[last];
  p.rows = p.elements / p.inner;

  int buffers = program.constants + program.temporaries;
  bool has_panel = false;
  for (int k = 0; k < p.operands; k++) {
    const Operand& o = p.operand[k];
    const int64_t step = o.stride[last];
    p.is_panel[k] = p.panel_rows > 1 && (step < -1 || step > 1) && o.stride[last - 1] == 1;
    has_panel |= p.is_panel[k];
    const bool is_contiguous = p.is_panel[k] || (p.by_rows ? step == 1 : is_dense(p, o));
    p.fetch[k] = !is_contiguous ? Fetch::gather : p.is_native(o) ? Fetch::direct : Fetch::convert;
    if (k < program.inputs && is_constant_over(o, p.by_rows ? p.ndim : last)) p.fetch[k] = Fetch::once;
    // A buffer of its own keeps the old values.
    if (k < program.inputs && p.fetch[k] == Fetch::direct && is_overwritten_too_early(p, k))
      p.fetch[k] = Fetch::convert;
    buffers += k < program.inputs && p.fetch[k] != Fetch::direct;
  }
  for (int output = 0; output < program.outputs; output++) {
    const int k = program.inputs + output;
    p.streams[k] = !p.is_panel[k] && p.fetch[k] != Fetch::gather && may_stream(p, output);
    p.is_direct[k] = !p.streams[k] && p.fetch[k] == Fetch::direct && program.output_writer[output] >= 0 &&
                     may_write_early(p, output);
  }

  const int64_t fitting = kBufferBytes / (int64_t(buffers + 1) * p.value_bytes) / 64 * 64;
  p.block = fitting < kLeastBlock ? kLeastBlock : fitting > kMostBlock ? kMostBlock : fitting;
  if (has_panel) p.block = kPanelBlock;
  if (p.by_rows) {
    p.segments = (p.inner + p.block - 1) / p.block;
    // Equal pieces, whole cache lines each.
    p.block = ((p.inner + p.segments - 1) / p.segments + 63) / 64 * 64;
    if (p.block > p.inner) p.block = p.inner;
    p.segments = (p.inner + p.block - 1) / p.block;
    p.block_rows = 1;
    const int64_t panel_size = p.panel_rows > 1 ? p.size[last - 1] : 1;
    p.groups = (panel_size + p.panel_rows - 1) / p.panel_rows;
    p.units = p.rows / panel_size * p.groups * p.segments;
  } else {
    p.block_rows = p.block / p.inner;
    if (p.block_rows > p.rows) p.block_rows = p.rows;
    p.block = p.block_rows * p.inner;
    p.units = (p.rows + p.block_rows - 1) / p.block_rows;
  }
}

}  // namespace layerwise::NS
