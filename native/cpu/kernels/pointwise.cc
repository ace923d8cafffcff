// The pointwise kernel: runs a program over blocks of elements that stay in the first-level cache. Operands that
// already lie as the program wants them are read and written in place; the others go through buffers.
#include "pointwise_plan.h"
#include "stream.h"
#include "transpose.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kGrainWork = 96 << 10;  // units of PointwiseProgram::cost that are worth a chunk of their own

template <class F> LW_INLINE void with_compute(int compute, F body) {
  switch (compute) {
    case kComputeFloat32: return body(float());
    case kComputeFloat64: return body(double());
    default: return body(int64_t());
  }
}

template <class U> void move_run(void* to, int64_t to_stride, const void* from, int64_t from_stride, int64_t n) {
  U* d = (U*)to;
  const U* s = (const U*)from;
  if (to_stride == 1 && from_stride == 1) {
    memcpy(d, s, size_t(n) * sizeof(U));
  } else {
    for (int64_t i = 0; i < n; i++) d[i * to_stride] = s[i * from_stride];
  }
}

void move_elements(int bytes, void* to, int64_t to_stride, const void* from, int64_t from_stride, int64_t n) {
  switch (bytes) {
    case 1: return move_run<uint8_t>(to, to_stride, from, from_stride, n);
    case 2: return move_run<uint16_t>(to, to_stride, from, from_stride, n);
    case 4: return move_run<uint32_t>(to, to_stride, from, from_stride, n);
    default: return move_run<uint64_t>(to, to_stride, from, from_stride, n);
  }
}

// From an operand's memory into a block.
void load(const Plan& p, void* to, const Operand& o, const char* from, int64_t stride, int64_t n) {
  if (p.is_raw) return move_elements(o.bytes, to, 1, from, stride, n);
  with_compute(p.program->compute, [&](auto c) {
    using C = decltype(c);
    with_dtype(o.dtype, [&](auto s) {
      using S = decltype(s);
      load_run((C*)to, (const S*)from, stride, n);
    });
  });
}

// From a block into an operand's memory.
void store(const Plan& p, const void* from, const Operand& o, char* to, int64_t stride, int64_t n) {
  if (p.is_raw) return move_elements(o.bytes, to, stride, from, 1, n);
  with_compute(p.program->compute, [&](auto c) {
    using C = decltype(c);
    with_dtype(o.dtype, [&](auto s) {
      using S = decltype(s);
      store_run((S*)to, (const C*)from, stride, n);
    });
  });
}

// One thread's memory: where each value of the program is for the current block, and what is staged on the way.
struct Frame {
  char* value[PointwiseProgram::kMostValues];
  char* buffer[PointwiseProgram::kMostValues];
  char* panel[kMostOperands];
  char* stage;
};

// Shares out `memory`, or only says how much is needed when it is null.
int64_t set_up(const Plan& p, char* memory, Frame& f) {
  const PointwiseProgram& program = *p.program;
  int64_t used = 0;
  auto take = [&](int64_t bytes) {
    char* at = memory + used;
    used += (bytes + 63) / 64 * 64;
    return at;
  };
  const int values = program.inputs + program.constants + program.temporaries;
  for (int v = 0; v < values; v++) {
    const bool is_in_place = v < program.inputs && p.fetch[v] == Fetch::direct;
    f.value[v] = f.buffer[v] = is_in_place ? nullptr : take(p.block * p.value_bytes);
  }
  bool streams = false;
  for (int k = 0; k < p.operands; k++) {
    f.panel[k] = p.is_panel[k] ? take(p.panel_rows * p.block * p.operand[k].bytes) : nullptr;
    streams |= k >= program.inputs && p.streams[k];
  }
  f.stage = streams ? take(p.block * 8) : nullptr;
  if (!memory) return used;
  for (int c = 0; c < program.constants; c++) {
    const Operand constant = {(char*)&p.constants[c], kFloat64, 8, {}};
    load(p, f.buffer[program.inputs + c], constant, constant.base, 0, p.block);
  }
  return used;
}

void report_zero_divisor(const Plan& p, const int64_t* divisors, int64_t n) {
  int any = 0;
  for (int64_t i = 0; i < n; i++) any |= divisors[i] == 0;
  if (any) p.context->fail(p.context, "ZeroDivisionError");  // PyTorch's whole message
}

// Runs the program on n elements; `first` is the index of the first one.
LW_INLINE void run_block(const Plan& p, Frame& f, int64_t n, int64_t first) {
  const PointwiseProgram& program = *p.program;
  for (int i = 0; i < program.instructions; i++) {
    const PointwiseInstruction& in = program.code[i];
    const void* a = kOpcodeIsIota[in.opcode] ? (const void*)&first : f.value[in.a];
    if (program.divides_integers && kOpcodeDivides[in.opcode]) report_zero_divisor(p, (const int64_t*)f.value[in.b], n);
    p.ops[in.opcode](f.value[in.dst], a, f.value[in.b], f.value[in.c], n);
  }
}

// A finished block of output k goes to its contiguous place in memory.
void deliver(const Plan& p, Frame& f, int k, char* to, int64_t n) {
  const Operand& o = p.operand[k];
  const char* from = f.value[p.program->output_value[k - p.inputs()]];
  if (!p.streams[k]) return store(p, from, o, to, 1, n);
  if (!p.is_native(o)) {
    store(p, from, o, f.stage, 1, n);
    from = f.stage;
  }
  stream_copy(to, from, n * o.bytes);
}

// Rows [first_row, first_row + rows) of the panel dimension, columns [column, column + n).
void run_group(const Plan& p, Frame& f, const Odometer& at, int64_t first_row, int64_t rows, int64_t column, int64_t n,
               int64_t index, bool is_first) {
  const int last = p.ndim - 1;
  const int inputs = p.inputs();
  auto address = [&](int k, int64_t row) {
    const Operand& o = p.operand[k];
    const int64_t along = p.panel_rows > 1 ? row * o.stride[last - 1] : 0;
    return o.base + (at.offset[k] + along + column * o.stride[last]) * o.bytes;
  };
  for (int k = 0; k < inputs; k++) {
    const Operand& o = p.operand[k];
    if (p.is_panel[k]) transpose_bytes(o.bytes, f.panel[k], p.block, address(k, first_row), o.stride[last], n, rows);
  }
  for (int64_t r = 0; r < rows; r++) {
    for (int k = 0; k < inputs; k++) {
      const Operand& o = p.operand[k];
      char* from = p.is_panel[k] ? f.panel[k] + r * p.block * o.bytes : address(k, first_row + r);
      const int64_t stride = p.is_panel[k] ? 1 : o.stride[last];
      if (p.fetch[k] == Fetch::direct) {
        f.value[k] = from;
      } else if (p.fetch[k] != Fetch::once) {
        load(p, f.buffer[k], o, from, stride, n);
      } else if (is_first && r == 0) {
        load(p, f.buffer[k], o, from, 0, p.block);
      }
    }
    for (int k = inputs; k < p.operands; k++) {
      if (!p.is_direct[k]) continue;
      f.value[p.program->output_value[k - inputs]] =
          p.is_panel[k] ? f.panel[k] + r * p.block * p.operand[k].bytes : address(k, first_row + r);
    }
    run_block(p, f, n, index);
    for (int k = inputs; k < p.operands; k++) {
      if (p.is_direct[k]) continue;
      const Operand& o = p.operand[k];
      if (p.is_panel[k]) {
        store(p, f.value[p.program->output_value[k - inputs]], o, f.panel[k] + r * p.block * o.bytes, 1, n);
      } else if (p.fetch[k] == Fetch::gather) {
        store(p, f.value[p.program->output_value[k - inputs]], o, address(k, first_row + r), o.stride[last], n);
      } else {
        deliver(p, f, k, address(k, first_row + r), n);
      }
    }
  }
  for (int k = inputs; k < p.operands; k++) {
    const Operand& o = p.operand[k];
    if (p.is_panel[k]) transpose_bytes(o.bytes, address(k, first_row), o.stride[last], f.panel[k], p.block, rows, n);
  }
}

// The same for a plain copy whose rows are contiguous on both sides.
void copy_rows(const Plan& p, int64_t begin, int64_t end) {
  const Operand &from = p.operand[p.program->output_value[0]], &to = p.operand[p.inputs()];
  int64_t segment = begin % p.segments;
  Odometer at;
  at.start(p, p.outer_dims, begin / p.segments);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t column = segment * p.block;
    const int64_t n = p.inner - column < p.block ? p.inner - column : p.block;
    char* d = to.base + (at.offset[p.inputs()] + column) * to.bytes;
    const char* s = from.base + (at.offset[p.program->output_value[0]] + column) * to.bytes;
    if (p.streams[p.inputs()]) {
      stream_copy(d, s, n * to.bytes);
    } else {
      memcpy(d, s, size_t(n * to.bytes));
    }
    if (++segment < p.segments) continue;
    segment = 0;
    at.next();
  }
}

// A block is a piece of one row: units [begin, end).
void run_rows(const Plan& p, Frame& f, int64_t begin, int64_t end) {
  const bool is_copy = p.is_raw && p.panel_rows == 1 && p.fetch[p.program->output_value[0]] == Fetch::direct &&
                       p.fetch[p.inputs()] == Fetch::direct;
  if (is_copy) return copy_rows(p, begin, end);
  int64_t segment = begin % p.segments;
  int64_t group = begin / p.segments % p.groups;
  int64_t row = begin / p.segments / p.groups;
  const int64_t panel_size = p.panel_rows > 1 ? p.size[p.ndim - 2] : 1;
  Odometer at;
  at.start(p, p.outer_dims, row);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t column = segment * p.block;
    const int64_t n = p.inner - column < p.block ? p.inner - column : p.block;
    const int64_t first_row = group * p.panel_rows;
    const int64_t rows = panel_size - first_row < p.panel_rows ? panel_size - first_row : p.panel_rows;
    run_group(p, f, at, first_row, rows, column, n, row * p.inner + column, unit == begin);
    if (++segment < p.segments) continue;
    segment = 0;
    if (++group < p.groups) continue;
    group = 0;
    row++;
    at.next();
  }
}

// Moves rows between an operand's memory and a block, walking over the outer dimensions.
template <class F> void walk_rows(const Plan& p, int64_t row, int64_t rows, F move) {
  Odometer at;
  at.start(p, p.ndim - 1, row);
  for (int64_t r = 0; r < rows; r++, at.next()) move(at, r);
}

// A block is several whole rows.
void run_packed(const Plan& p, Frame& f, int64_t begin, int64_t end) {
  const int inputs = p.inputs();
  const int64_t step = p.inner * p.value_bytes;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t row = unit * p.block_rows;
    const int64_t rows = p.rows - row < p.block_rows ? p.rows - row : p.block_rows;
    const int64_t n = rows * p.inner;
    const int64_t first = row * p.inner;
    for (int k = 0; k < inputs; k++) {
      const Operand& o = p.operand[k];
      if (p.fetch[k] == Fetch::direct) {
        f.value[k] = o.base + first * o.bytes;
      } else if (p.fetch[k] == Fetch::convert) {
        load(p, f.buffer[k], o, o.base + first * o.bytes, 1, n);
      } else if (p.fetch[k] == Fetch::gather) {
        walk_rows(p, row, rows, [&](const Odometer& at, int64_t r) {
          load(p, f.buffer[k] + r * step, o, o.base + at.offset[k] * o.bytes, o.stride[p.ndim - 1], p.inner);
        });
      } else if (unit == begin) {
        // The same for every row: one row, then copies of it.
        load(p, f.buffer[k], o, o.base, o.stride[p.ndim - 1], p.inner);
        for (int64_t r = 1; r < p.block_rows; r++) memcpy(f.buffer[k] + r * step, f.buffer[k], size_t(step));
      }
    }
    for (int k = inputs; k < p.operands; k++) {
      if (p.is_direct[k]) f.value[p.program->output_value[k - inputs]] = p.operand[k].base + first * p.operand[k].bytes;
    }
    run_block(p, f, n, first);
    for (int k = inputs; k < p.operands; k++) {
      const Operand& o = p.operand[k];
      if (p.is_direct[k]) continue;
      if (p.fetch[k] != Fetch::gather) {
        deliver(p, f, k, o.base + first * o.bytes, n);
        continue;
      }
      const char* from = f.value[p.program->output_value[k - inputs]];
      walk_rows(p, row, rows, [&](const Odometer& at, int64_t r) {
        store(p, from + r * step, o, o.base + at.offset[k] * o.bytes, o.stride[p.ndim - 1], p.inner);
      });
    }
  }
}

}  // namespace

KERNEL(pointwise) {
  Plan plan;
  plan.context = context;
  plan.program = args.pointer<const PointwiseProgram>();
  plan.ndim = int(args.integer());
  plan.operands = int(args.integer());
  const int constants = int(args.integer());
  const PointwiseProgram& program = *plan.program;
  if (plan.ndim > kMostDims) return context->fail(context, "[pointwise] a tensor has at most 64 dimensions");
  if (plan.operands != program.inputs + program.outputs || constants != program.constants) {
    return context->fail(context,
                         "[pointwise] the launch and its program disagree about the number of operands or constants");
  }
  args.integers(plan.size, plan.ndim);
  plan.elements = 1;
  for (int d = 0; d < plan.ndim; d++) plan.elements *= plan.size[d];
  plan.outputs_from = program.inputs;
  for (int k = 0; k < plan.operands; k++) {
    Operand& o = plan.operand[k];
    o.base = args.pointer<char>();
    o.dtype = args.dtype();
    o.bytes = element_bytes(o.dtype);
    args.integers(o.stride, plan.ndim);
  }
  plan.constants = args.at;
  if (plan.elements <= 0) return;
  plan.ops = program.compute == kComputeFloat32   ? float32_ops
             : program.compute == kComputeFloat64 ? float64_ops
                                                  : int64_ops;
  make_plan(plan);
  Frame sizing;
  plan.frame_bytes = set_up(plan, nullptr, sizing);
  context->cancellable = true;

  const int64_t unit_elements = plan.by_rows ? plan.block * plan.panel_rows : plan.block;
  const int64_t grain = kGrainWork / program.cost / unit_elements + 1;
  parallel_for(context, plan.units, grain, [context, &plan](int64_t begin, int64_t end) {
    Frame frame;
    set_up(plan, (char*)context->scratch(context, 0, size_t(plan.frame_bytes)), frame);
    if (plan.by_rows) {
      run_rows(plan, frame, begin, end);
    } else {
      run_packed(plan, frame, begin, end);
    }
    stream_fence();
  });
}

}  // namespace layerwise::NS
