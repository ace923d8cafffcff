// How a reduction walks memory and is cut into tasks: the dimensions that stay, those that go, and the driver that
// feeds rules (reduce_rules.h). The cut depends on sizes only, never on the number of threads, so results do not
// either.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

constexpr int kMaxDims = 64;
constexpr int64_t kBlockColumns = 256;
constexpr int64_t kTaskElements = 32768;
constexpr int64_t kMostPieces = 64;

struct Axes {
  int n;
  int64_t size[kMaxDims];
  int64_t stride[kMaxDims];

  int64_t count() const {
    int64_t total = 1;
    for (int i = 0; i < n; i++) total *= size[i];
    return total;
  }
  int64_t offset(int64_t index, int dims) const {
    int64_t out = 0;
    for (int i = dims - 1; i > 0; i--) {
      out += index % size[i] * stride[i];
      index /= size[i];
    }
    return dims > 0 ? out + index * stride[0] : 0;
  }
  // Drops dimensions of size 1 and merges neighbours that are one run of memory.
  void coalesce() {
    int kept = 0;
    for (int i = 0; i < n; i++) {
      if (size[i] == 1) continue;
      if (kept > 0 && stride[kept - 1] == size[i] * stride[i]) {
        size[kept - 1] *= size[i];
        stride[kept - 1] = stride[i];
      } else {
        size[kept] = size[i];
        stride[kept++] = stride[i];
      }
    }
    n = kept;
  }
  void sort_by_stride() {
    for (int i = 1; i < n; i++) {
      for (int j = i; j > 0 && stride[j] > stride[j - 1]; j--) {
        int64_t s = size[j], t = stride[j];
        size[j] = size[j - 1], stride[j] = stride[j - 1];
        size[j - 1] = s, stride[j - 1] = t;
      }
    }
  }
};

struct ReducePlan {
  Axes kept, reduced;
  int64_t outputs, elements;  // elements: of one output
  bool by_columns;            // neighbours in memory belong to neighbouring outputs
};

inline Axes read_axes(Args& args) {
  Axes axes;
  axes.n = (int)args.integer();
  args.integers(axes.size, axes.n);
  args.integers(axes.stride, axes.n);
  return axes;
}

inline ReducePlan plan_reduction(Args& args, bool keeps_order) {
  ReducePlan plan;
  plan.kept = read_axes(args);
  plan.reduced = read_axes(args);
  plan.outputs = plan.kept.count();
  plan.elements = plan.reduced.count();
  if (!keeps_order) plan.reduced.sort_by_stride();
  plan.kept.coalesce();
  plan.reduced.coalesce();
  bool runs = plan.reduced.n > 0 && plan.reduced.stride[plan.reduced.n - 1] == 1;
  plan.by_columns = !runs && plan.kept.n > 0 && plan.kept.stride[plan.kept.n - 1] == 1;
  return plan;
}

// Calls f(offset, n, stride, first) for each run of equally spaced elements among the reduced ones [begin, end).
template <class F> inline void for_runs(const Axes& reduced, int64_t begin, int64_t end, F f) {
  if (reduced.n == 0) {
    if (begin < end) f((int64_t)0, (int64_t)1, (int64_t)1, begin);
    return;
  }
  int last = reduced.n - 1;
  int64_t inner = reduced.size[last], stride = reduced.stride[last];
  while (begin < end) {
    int64_t position = last == 0 ? begin : begin % inner;
    int64_t n = smaller(inner - position, end - begin);
    int64_t outer = last == 0 ? 0 : reduced.offset(begin / inner, last);
    f(outer + position * stride, n, stride, begin);
    begin += n;
  }
}

// Up to kBlockColumns neighbouring outputs at once. Narrow, dense rows are first reduced as if several were one.
template <class Rule>
inline void reduce_columns(typename Rule::State* states, const typename Rule::Element* p, int64_t columns, int64_t rows,
                           int64_t stride, int64_t first) {
  if constexpr (Rule::any_order) {
    int64_t fold = kBlockColumns / columns;
    if (stride == columns && columns <= 32 && rows >= 4 * fold) {
      typename Rule::State wide[kBlockColumns];
      for (int64_t i = 0; i < fold * columns; i++) wide[i] = Rule::start();
      Rule::columns(wide, p, fold * columns, rows / fold, fold * columns, first);
      for (int64_t i = 0; i < fold * columns; i++) Rule::combine(states[i % columns], wide[i]);
      int64_t done = rows / fold * fold;
      p += done * columns;
      rows -= done;
    }
  }
  if (rows > 0) Rule::columns(states, p, columns, rows, stride, first);
}

// Runs a rule over the whole reduction; sink(k, state) receives each output once.
template <class Rule, class Sink>
inline void reduce_with(Context* context, const ReducePlan& plan, const void* input, Sink sink) {
  using State = typename Rule::State;
  const auto* in = (const typename Rule::Element*)input;
  const Axes& kept = plan.kept;
  int last = kept.n - 1;
  int64_t width = plan.by_columns ? kept.size[last] : 1;
  int64_t per_row = ceil_div(width, kBlockColumns);
  int64_t blocks = plan.outputs / larger(width, 1) * per_row;
  int64_t block_elements = larger(smaller(width, kBlockColumns) * plan.elements, 1);

  auto block_columns = [&](int64_t block) { return smaller(kBlockColumns, width - block % per_row * kBlockColumns); };
  auto first_output = [&](int64_t block) { return block / per_row * width + block % per_row * kBlockColumns; };
  auto reduce_block = [&](int64_t block, int64_t begin, int64_t end, State* states) {
    int64_t columns = block_columns(block);
    for (int64_t i = 0; i < columns; i++) states[i] = Rule::start();
    if (plan.by_columns) {
      const auto* base = in + kept.offset(block / per_row, last) + block % per_row * kBlockColumns;
      for_runs(plan.reduced, begin, end, [&](int64_t offset, int64_t n, int64_t stride, int64_t first) {
        reduce_columns<Rule>(states, base + offset, columns, n, stride, first);
      });
    } else {
      const auto* base = in + kept.offset(block, kept.n);
      for_runs(plan.reduced, begin, end, [&](int64_t offset, int64_t n, int64_t stride, int64_t first) {
        Rule::run(states[0], base + offset, n, stride, first);
      });
    }
  };

  int64_t pieces = 1;
  if (blocks > 0 && blocks < 16) {
    int64_t wanted = blocks * block_elements / (2 * kTaskElements) / blocks;
    pieces = larger(1, smaller(smaller(wanted, kMostPieces), plan.elements / 64));
  }
  if (pieces == 1) {
    parallel_for(context, blocks, kTaskElements / block_elements, [&](int64_t begin, int64_t end) {
      State states[kBlockColumns];
      for (int64_t block = begin; block < end; block++) {
        reduce_block(block, 0, plan.elements, states);
        int64_t columns = block_columns(block), k = first_output(block);
        for (int64_t i = 0; i < columns; i++) sink(k + i, states[i]);
      }
    });
    return;
  }
  State* partial = (State*)context->scratch(context, 0, pieces * plan.outputs * sizeof(State));
  parallel_for(context, blocks * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t piece = task / blocks, block = task % blocks;
      int64_t from = plan.elements * piece / pieces, to = plan.elements * (piece + 1) / pieces;
      reduce_block(block, from, to, partial + piece * plan.outputs + first_output(block));
    }
  });
  for (int64_t k = 0; k < plan.outputs; k++) {
    State total = partial[k];
    for (int64_t piece = 1; piece < pieces; piece++) Rule::combine(total, partial[piece * plan.outputs + k]);
    sink(k, total);
  }
}

}  // namespace layerwise::NS
