// Pointwise programs by interpretation: each thread takes a few elements through the whole program. Serves where no
// run-time compiler is found, and in the emulation; generated source (pointwise_source.cc) is its fast twin.
#include "../gpu.h"

#include "../../cpu/pointwise.h"
#include "pointwise_arguments.h"
#include "pointwise_math.h"

enum PointwiseOpcode : int {
#define LW_OPCODE(name, operands) k_##name,
  LW_POINTWISE_OPCODES(LW_OPCODE)
#undef LW_OPCODE
};

template <class T> DEVICE T op_iota(T, T, T) { return T(0); }  // the interpreter knows the index

// Not inlined: four copies of every function of mathematics would take the compiler half a minute.
template <class T> __device__ __noinline__ T apply(int opcode, T a, T b, T c) {
  switch (opcode) {
#define LW_CASE(name, operands) \
  case k_##name: return op_##name(a, b, c);
    LW_POINTWISE_OPCODES(LW_CASE)
#undef LW_CASE
  }
  return a;
}

// Where element `index` of a space lies in an operand.
DEVICE int64_t operand_offset(int64_t index, int ndim, const int64_t* sizes, const int64_t* strides) {
  if (ndim == 1) return index * strides[0];
  int64_t offset = 0;
  if (index < int64_t(1) << 32) {
    uint32_t rest = uint32_t(index);
    for (int d = ndim - 1; d > 0; d--) {
      const uint32_t size = uint32_t(sizes[d]);
      const uint32_t above = rest / size;
      offset += int64_t(rest - above * size) * strides[d];
      rest = above;
    }
    return offset + rest * strides[0];
  }
  int64_t rest = index;
  for (int d = ndim - 1; d > 0; d--) {
    const int64_t above = rest / sizes[d];
    offset += (rest - above * sizes[d]) * strides[d];
    rest = above;
  }
  return offset + rest * strides[0];
}

template <class T, int kValues, class Arguments> DEVICE void interpret(const Arguments& p) {
  constexpr int kElements = kPointwisePerThread;
  T value[kValues][kElements];
  const int64_t* sizes = p.words;
  const int64_t* operands = p.words + p.ndim;
  const int operand_words = 2 + p.ndim;
  const int64_t* constants = operands + (p.inputs + p.outputs) * operand_words;
  for (int k = 0; k < p.constants; k++) {
    for (int e = 0; e < kElements; e++) value[p.inputs + k][e] = T(bits_of<double>(constants[k]));
  }
  const int64_t tile = int64_t(blockDim.x) * kElements;
  for (int64_t base = blockIdx.x * tile; base < p.n; base += gridDim.x * tile) {
    const int64_t first = base + threadIdx.x;
    for (int k = 0; k < p.inputs; k++) {
      const int64_t* operand = operands + k * operand_words;
      UNROLL for (int e = 0; e < kElements; e++) {
        const int64_t index = first + int64_t(e) * blockDim.x;
        if (index >= p.n) break;
        const int64_t offset = operand_offset(index, p.ndim, sizes, operand + 2);
        value[k][e] = load_as<T>((const void*)operand[0], int(operand[1]), offset);
      }
    }
    for (int i = 0; i < p.instructions; i++) {
      const PointwiseCode code = p.code[i];
      UNROLL for (int e = 0; e < kElements; e++) {
        const int64_t index = first + int64_t(e) * blockDim.x;
        if (index >= p.n) break;
        value[code.destination][e] = code.opcode == k_iota
                                         ? T(index)
                                         : apply<T>(code.opcode, value[code.a][e], value[code.b][e], value[code.c][e]);
      }
    }
    for (int k = 0; k < p.outputs; k++) {
      const int64_t* operand = operands + (p.inputs + k) * operand_words;
      UNROLL for (int e = 0; e < kElements; e++) {
        const int64_t index = first + int64_t(e) * blockDim.x;
        if (index >= p.n) break;
        const int64_t offset = operand_offset(index, p.ndim, sizes, operand + 2);
        store_as((void*)operand[0], int(operand[1]), offset, value[p.output_value[k]][e]);
      }
    }
  }
}

using FewArguments = PointwiseArguments<kFewPointwiseWords>;
using ManyArguments = PointwiseArguments<kMostPointwiseWords>;

KERNEL(pointwise_few_float32, (FewArguments p)) { interpret<float, kFewPointwiseValues>(p); }
KERNEL(pointwise_few_float64, (FewArguments p)) { interpret<double, kFewPointwiseValues>(p); }
KERNEL(pointwise_few_int64, (FewArguments p)) { interpret<int64_t, kFewPointwiseValues>(p); }
KERNEL(pointwise_many_float32, (ManyArguments p)) { interpret<float, kMostPointwiseValues>(p); }
KERNEL(pointwise_many_float64, (ManyArguments p)) { interpret<double, kMostPointwiseValues>(p); }
KERNEL(pointwise_many_int64, (ManyArguments p)) { interpret<int64_t, kMostPointwiseValues>(p); }
