// Launching pointwise programs: packs operands for the interpreter of kernels/pointwise.cu.
#include <string.h>

#include "../engine.h"
#include "pointwise_arguments.h"

namespace layerwise {
namespace {

constexpr const char* kComputeNames[] = {"float32", "float64", "int64"};

template <class Arguments>
void interpret(Context& context, const char* name, const DeviceProgram& program, int ndim, int64_t n,
               const double* words, int count) {
  const PointwiseProgram& p = program.program;
  Arguments arguments = {};
  arguments.n = n;
  arguments.code = (const PointwiseCode*)program.code;
  arguments.ndim = ndim;
  arguments.inputs = p.inputs;
  arguments.outputs = p.outputs;
  arguments.constants = p.constants;
  arguments.instructions = p.instructions;
  for (int k = 0; k < p.outputs; k++) arguments.output_value[k] = p.output_value[k];
  const int integers = count - p.constants;
  for (int i = 0; i < integers; i++) arguments.words[i] = int64_t(words[i]);
  memcpy(arguments.words + integers, words + integers, sizeof(double) * size_t(p.constants));
  const int threads = 128;
  context.launch_named(name, kComputeNames[p.compute], context.grid_for(n, threads * kPointwisePerThread), {threads}, 0,
                       arguments);
}

}  // namespace

// program ndim operands consts sizes[ndim] {pointer dtype strides[ndim]}[inputs then outputs] const[consts]
LAUNCHER(pointwise) {
  const DeviceProgram& program = *args.pointer<DeviceProgram>();
  const PointwiseProgram& p = program.program;
  const int ndim = int(args.integer());
  const int operands = int(args.integer());
  const int constants = int(args.integer());
  if (operands != p.inputs + p.outputs || constants != p.constants) {
    return context.fail("[pointwise] the launch and its program disagree about the number of operands or constants");
  }
  int64_t n = 1;
  for (int d = 0; d < ndim; d++) n *= int64_t(args.at[d]);
  if (n == 0) return;
  const int count = ndim + operands * (2 + ndim) + constants;
  if (count > kMostPointwiseWords) return context.fail("[pointwise] too many operands and dimensions for one launch");
  const int values = p.inputs + p.constants + p.temporaries;
  if (count <= kFewPointwiseWords && values <= kFewPointwiseValues) {
    interpret<PointwiseArguments<kFewPointwiseWords>>(context, "pointwise_few", program, ndim, n, args.at, count);
  } else {
    interpret<PointwiseArguments<kMostPointwiseWords>>(context, "pointwise_many", program, ndim, n, args.at, count);
  }
}

}  // namespace layerwise
