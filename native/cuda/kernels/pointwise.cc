// Launching pointwise programs: packs operands for the interpreter of kernels/pointwise.cu.
#include <string.h>

#include <algorithm>

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

constexpr int kMostCompiledWords = 400;  // of the 512 that a launch may carry
constexpr int64_t kPackBytes = 16;

// Everything contiguous, or one number, and aligned: then elements move in packs.
bool fits_packs(const PointwiseProgram& p, int ndim, const double* operands, PointwiseLayout& layout) {
  if (ndim != 1) return false;
  int64_t widest = 1;
  for (int k = 0; k < layout.operands; k++) {
    const double stride = operands[k * 3 + 2];
    layout.is_single[k] = stride == 0;
    if (stride != 1 && (stride != 0 || k >= p.inputs)) return false;
    if (stride == 1) widest = std::max(widest, int64_t(Context::dtype_bytes(Dtype(layout.dtype[k]))));
  }
  layout.pack = int(kPackBytes / widest);
  for (int k = 0; k < layout.operands; k++) {
    const int64_t bytes = int64_t(Context::dtype_bytes(Dtype(layout.dtype[k]))) * layout.pack;
    if (!layout.is_single[k] && int64_t(operands[k * 3]) % bytes != 0) return false;
  }
  return true;
}

// Launches the compiled twin; false when there is none (yet).
bool launch_compiled(Engine& engine, DeviceProgram& program, int ndim, int64_t n, const double* words, int count) {
  PointwiseCompiler& compiler = engine.pointwise_compiler();
  if (!compiler.is_useful() || ndim == 0 || count > kMostCompiledWords) return false;
  const PointwiseProgram& p = program.program;
  const double* operands = words + ndim;
  PointwiseLayout layout;
  layout.operands = p.inputs + p.outputs;
  for (int k = 0; k < layout.operands; k++) layout.dtype[k] = uint8_t(operands[k * (2 + ndim) + 1]);
  const bool is_packed = fits_packs(p, ndim, operands, layout);
  if (!is_packed) {
    layout.ndim = ndim;
    layout.pack = 1;
    for (bool& is_single : layout.is_single) is_single = false;
  }
  const CuFunction function = compiler.find(p, layout, program.compiled);
  if (!function) return false;
  int64_t integers[kMostCompiledWords];
  const void* addresses[kMostCompiledWords + 2];
  int used = 0, filled = 0;
  auto give = [&](double value) {
    integers[filled] = int64_t(value);
    addresses[used++] = &integers[filled++];
  };
  addresses[used++] = &n;
  if (!is_packed) {
    for (int d = 0; d < ndim; d++) give(words[d]);
  }
  for (int k = 0; k < layout.operands; k++) {
    const double* operand = operands + k * (2 + ndim);
    give(operand[0]);
    for (int d = 0; d < ndim && !is_packed; d++) give(operand[2 + d]);
  }
  const double* constants = operands + layout.operands * (2 + ndim);
  for (int k = 0; k < p.constants; k++) addresses[used++] = constants + k;
  engine.launch_compiled(function, engine.grid_for((n + layout.pack - 1) / layout.pack, 256, 64), {256}, addresses);
  return true;
}

}  // namespace

// program ndim operands consts sizes[ndim] {pointer dtype strides[ndim]}[inputs then outputs] const[consts]
LAUNCHER(pointwise) {
  DeviceProgram& program = *args.pointer<DeviceProgram>();
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
  if (launch_compiled(static_cast<Engine&>(context), program, ndim, n, args.at, count)) return;
  const int values = p.inputs + p.constants + p.temporaries;
  if (count <= kFewPointwiseWords && values <= kFewPointwiseValues) {
    interpret<PointwiseArguments<kFewPointwiseWords>>(context, "pointwise_few", program, ndim, n, args.at, count);
  } else {
    interpret<PointwiseArguments<kMostPointwiseWords>>(context, "pointwise_many", program, ndim, n, args.at, count);
  }
}

}  // namespace layerwise
