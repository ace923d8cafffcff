// Pointwise programs as CUDA source: the fast twin of the interpreter in kernels/pointwise.cu. Text only.
#pragma once
#include <string>

#include "../common/arguments.h"
#include "../cpu/program.h"

namespace layerwise {

// How a launch lies in memory; with the dtypes of its operands it decides the source.
struct PointwiseLayout {
  // Loops of the general form; 0: every operand is contiguous or one number, and moves in packs.
  int ndim = 0;
  // Elements per pack.
  int pack = 1;
  int operands = 0;
  uint8_t dtype[PointwiseProgram::kMostOperands] = {};
  // In packs: the operand is one number for all.
  bool is_single[PointwiseProgram::kMostOperands] = {};
  uint64_t key() const;
};

// Source of the entry `pointwise`. Its parameters: int64 n; sizes[ndim]; {pointer, strides[ndim]}[operands]; double
// constants. In packs there are no sizes and strides.
std::string pointwise_source(const PointwiseProgram& program, const PointwiseLayout& layout);

}  // namespace layerwise
