// A pointwise program as the kernels execute it: checked once, in `define`, then trusted.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace layerwise {

enum PointwiseCompute : int { kComputeFloat32 = 0, kComputeFloat64 = 1, kComputeInt64 = 2, kComputes = 3 };

struct PointwiseInstruction {
  int16_t opcode, dst, a, b, c;
};

struct PointwiseProgram {
  static constexpr int kMostOperands = 32;  // inputs + outputs
  static constexpr int kMostValues = 128;   // inputs + constants + temporaries
  static constexpr int kMostInstructions = 512;

  int compute, inputs, constants, temporaries, instructions, outputs;
  bool uses_iota;
  bool divides_integers;  // zero divisors have to be reported
  // Work per element in units of one addition, so that the pool splits it into chunks that are worth a thread.
  int cost;
  int16_t output_value[kMostOperands];
  // The first instruction that writes what output k stores: the kernel may let it write to memory directly. -1 when
  // that is an input or a constant, or when an output before k stores the same value.
  int16_t output_writer[kMostOperands];
  // Last instruction that reads input i, -1 when none does.
  int16_t last_read[kMostOperands];
  PointwiseInstruction code[kMostInstructions];
};

// Null and a sentence in `error` (one of a few fixed texts) when the program is malformed.
PointwiseProgram* parse_program(const double* words, size_t count, const char** error);

}  // namespace layerwise
