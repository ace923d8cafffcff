// What the launcher and the device code of pointwise programs say to each other.
#pragma once
#include <stdint.h>

// As PointwiseInstruction of cpu/program.h.
struct PointwiseCode {
  int16_t opcode, destination, a, b, c;
};

// `words` holds sizes[ndim] {pointer dtype strides[ndim]}[inputs then outputs] constant[constants], a constant as the
// bits of a double. Kernels take up to 4 KiB of parameters; the small form spares most launches the copy.
template <int kWords> struct PointwiseArguments {
  static constexpr int kMost = kWords;
  int64_t n;
  const PointwiseCode* code;
  int32_t ndim, inputs, outputs, constants, instructions;
  int16_t output_value[32];
  int64_t words[kWords];
};

constexpr int kFewPointwiseWords = 40;
constexpr int kMostPointwiseWords = 480;
// Values (inputs, constants and temporaries) that the small form of the interpreter has room for.
constexpr int kFewPointwiseValues = 12;
constexpr int kMostPointwiseValues = 128;
constexpr int kPointwisePerThread = 4;
