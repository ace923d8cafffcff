// cuDNN by dlopen: a plan per geometry (descriptions and the chosen algorithm), made when it is first met.
#include "cudnn.h"

#include <stdlib.h>
#include <string.h>

#include <mutex>
#include <unordered_map>

#include "cudnn_functions.h"
#include "libraries.h"

namespace layerwise {
namespace {

constexpr int kMostDevices = 64;
constexpr size_t kMostPlans = 2048;
// Scratch memory stays with its stream, so the greediest algorithms are left out.
constexpr size_t kMostWorkspace = size_t(256) << 20;
constexpr int kMostFound = 16;

struct Functions {
  bool is_there = false;
#define LW_MEMBER(member, its_symbol, arguments) int(*member) arguments = nullptr;
  LW_CUDNN_FUNCTIONS(LW_MEMBER)
#undef LW_MEMBER
  const char* (*error_text)(int) = nullptr;
};

Functions find_functions(bool is_emulated) {
  Functions f;
  // For comparisons: our kernels even where the library is.
  const char* choice = getenv("LAYERWISE_CUDA_CONVOLUTION");
  if (choice && !strcmp(choice, "own")) return f;
  // cuDNN opens these by name when it wants them: where they are open already, it finds them.
  library(kCublasLt);
  library(kNvrtc);
  const Library& from = library(kCudnn);
  if (!from.handle) return f;
  // The real library knows nothing of the emulation's memory.
  if (is_emulated && !from.symbol("layerwise_emulated_library")) return f;
#define LW_FIND(member, its_symbol, arguments) \
  f.member = (int(*) arguments)from.symbol(#its_symbol); \
  if (!f.member) return f;
  LW_CUDNN_FUNCTIONS(LW_FIND)
#undef LW_FIND
  f.error_text = (const char* (*)(int))from.symbol("cudnnGetErrorString");
  f.is_there = true;
  return f;
}

// Everything that an algorithm depends on; compared byte by byte.
struct Shape {
  int64_t sizes[14];
  int32_t direction, dtype, math, is_deterministic, tries, is_channels_last;
};

struct Plan {
  bool is_usable = false;
  CudnnTensor x = nullptr, y = nullptr, bias = nullptr;
  CudnnFilter weight = nullptr;
  CudnnConvolution convolution = nullptr;
  int algorithm = 0;
  size_t workspace_bytes = 0;
};

struct Device {
  std::mutex lock;
  bool is_open = false;
  CudnnHandle handle = nullptr;
  CudnnOptions options;
  std::unordered_map<std::string, Plan> plans;
};

Device devices[kMostDevices];
std::mutex failure_lock;
std::string last_failure;

bool refuse(const Functions& f, const char* doing, int status) {
  std::lock_guard<std::mutex> guard(failure_lock);
  const char* text = f.error_text ? f.error_text(status) : nullptr;
  last_failure = std::string(text ? text : "an unknown error") + " (while " + doing + ")";
  return false;
}

bool data_type(int dtype, int* type) {
  switch (dtype) {
    case kFloat16: return *type = kCudnnHalf, true;
    case kBfloat16: return *type = kCudnnBrain, true;
    case kFloat32: return *type = kCudnnFloat, true;
    case kFloat64: return *type = kCudnnDouble, true;
    default: return false;
  }
}

int math_for(int dtype, bool allows_tf32) {
  if (dtype == kFloat32) return allows_tf32 ? kCudnnDefaultMath : kCudnnPlainMath;
  return dtype == kFloat64 ? kCudnnDefaultMath : kCudnnTensorMath;
}

// One input per output channel is memory-bound: cuDNN's general algorithms are no help for it in single precision, and
// PyTorch does not ask it either.
bool is_depthwise(const ConvJob& job) { return job.group_in == 1 && job.group_out == 1 && job.groups > 1; }

bool is_for_cudnn(const ConvJob& job) {
  if (is_depthwise(job) && (job.dtype == kFloat32 || job.dtype == kFloat64)) return false;
  const int64_t most = int64_t(1) << 31;
  const bool is_small = job.N * job.C * job.H * job.W < most && job.N * job.O * job.oh * job.ow < most &&
                        job.O * job.group_in * job.kh * job.kw < most;
  return is_small && job.N > 0 && job.oh > 0 && job.ow > 0 && job.C > 0 && job.O > 0;
}

bool describe_tensor(const Functions& f, CudnnTensor* tensor, int type, int64_t n, int64_t c, int64_t h, int64_t w,
                     int64_t channel, int64_t pixel) {
  return !f.create_tensor(tensor) && !f.set_tensor(*tensor, type, int(n), int(c), int(h), int(w), int(c * h * w), int(channel),
                                                   int(w * pixel), int(pixel));
}

bool describe(const Functions& f, const ConvJob& job, int type, int math, Plan* plan) {
  // Halves are summed in single precision, as everywhere.
  const int format = job.is_channels_last ? kCudnnChannelsLast : kCudnnChannelsFirst;
  const int compute = type == kCudnnDouble ? kCudnnDouble : kCudnnFloat;
  return describe_tensor(f, &plan->x, type, job.N, job.C, job.H, job.W, job.x_channel, job.x_pixel) &&
         describe_tensor(f, &plan->y, type, job.N, job.O, job.oh, job.ow, job.y_channel, job.y_pixel) &&
         describe_tensor(f, &plan->bias, type, 1, job.O, 1, 1, 1, job.is_channels_last ? job.O : 1) && !f.create_filter(&plan->weight) &&
         !f.set_filter(plan->weight, type, format, int(job.O), int(job.group_in), int(job.kh), int(job.kw)) &&
         !f.create_convolution(&plan->convolution) &&
         !f.set_convolution(plan->convolution, int(job.ph), int(job.pw), int(job.sh), int(job.sw), int(job.dh),
                            int(job.dw), kCudnnCrossCorrelation, compute) &&
         !f.set_groups(plan->convolution, int(job.groups)) && !f.set_math(plan->convolution, math);
}

void destroy(const Functions& f, Plan* plan) {
  for (CudnnTensor tensor : {plan->x, plan->y, plan->bias}) {
    if (tensor) f.destroy_tensor(tensor);
  }
  if (plan->weight) f.destroy_filter(plan->weight);
  if (plan->convolution) f.destroy_convolution(plan->convolution);
  *plan = {};
}

int guess(const Functions& f, CudnnHandle handle, const Plan& p, Convolving direction, int* count, CudnnFound* found) {
  switch (direction) {
    case Convolving::kForward: return f.guess_forward(handle, p.x, p.weight, p.convolution, p.y, kMostFound, count, found);
    case Convolving::kInput: return f.guess_input(handle, p.weight, p.y, p.convolution, p.x, kMostFound, count, found);
    default: return f.guess_weight(handle, p.x, p.y, p.convolution, p.weight, kMostFound, count, found);
  }
}

// Runs what there is on the real data; the output is written over afterwards.
int try_all(const Functions& f, CudnnHandle handle, const Plan& p, const ConvJob& job, Convolving direction, void* workspace,
            int* count, CudnnFound* found) {
  const size_t bytes = kMostWorkspace;
  switch (direction) {
    case Convolving::kForward:
      return f.try_forward(handle, p.x, job.x, p.weight, job.weight, p.convolution, p.y, job.out, kMostFound, count, found,
                           workspace, bytes);
    case Convolving::kInput:
      return f.try_input(handle, p.weight, job.weight, p.y, job.dy, p.convolution, p.x, job.out, kMostFound, count, found,
                         workspace, bytes);
    default:
      return f.try_weight(handle, p.x, job.x, p.y, job.dy, p.convolution, p.weight, job.out, kMostFound, count, found,
                          workspace, bytes);
  }
}

bool choose(const Functions& f, Context& context, Device& device, const ConvJob& job, const Shape& shape, Plan* plan) {
  CudnnFound found[kMostFound] = {};
  int count = 0;
  const Convolving direction = Convolving(shape.direction);
  int status;
  if (shape.tries) {
    void* workspace = context.scratch(0, kMostWorkspace);
    if (!workspace) return false;
    status = try_all(f, device.handle, *plan, job, direction, workspace, &count, found);
  } else {
    status = guess(f, device.handle, *plan, direction, &count, found);
  }
  if (status) return refuse(f, "choosing an algorithm", status);
  for (int i = 0; i < count; i++) {
    const CudnnFound& one = found[i];
    if (one.status || one.workspace_bytes > kMostWorkspace) continue;
    if (shape.is_deterministic && one.determinism != kCudnnIsDeterministic) continue;
    // Plain arithmetic was asked for and stays.
    const int math = shape.math == kCudnnPlainMath ? shape.math : one.math;
    if (f.set_math(plan->convolution, math)) continue;
    plan->algorithm = one.algorithm;
    plan->workspace_bytes = one.workspace_bytes;
    return true;
  }
  std::lock_guard<std::mutex> guard(failure_lock);
  last_failure = shape.is_deterministic ? "no deterministic algorithm for a convolution" : "no algorithm for a convolution";
  return false;
}

bool run(const Functions& f, Context& context, Device& device, const ConvJob& job, Convolving direction, const Plan& p) {
  void* workspace = p.workspace_bytes ? context.scratch(0, p.workspace_bytes) : nullptr;
  if (p.workspace_bytes && !workspace) return true;  // reported as out of memory
  const float one = 1, zero = 0;
  const double double_one = 1, double_zero = 0;
  const bool is_double = job.dtype == kFloat64;
  const void* alpha = is_double ? (const void*)&double_one : &one;
  const void* beta = is_double ? (const void*)&double_zero : &zero;
  int status;
  switch (direction) {
    case Convolving::kForward:
      status = f.forward(device.handle, alpha, p.x, job.x, p.weight, job.weight, p.convolution, p.algorithm, workspace,
                         p.workspace_bytes, beta, p.y, job.out);
      if (!status && job.bias) status = f.add(device.handle, alpha, p.bias, job.bias, alpha, p.y, job.out);
      break;
    case Convolving::kInput:
      status = f.input(device.handle, alpha, p.weight, job.weight, p.y, job.dy, p.convolution, p.algorithm, workspace,
                       p.workspace_bytes, beta, p.x, job.out);
      break;
    default:
      status = f.weight(device.handle, alpha, p.x, job.x, p.y, job.dy, p.convolution, p.algorithm, workspace,
                        p.workspace_bytes, beta, p.weight, job.out);
  }
  return status ? refuse(f, "convolving", status) : true;
}

Plan& plan_for(const Functions& f, Context& context, Device& device, const ConvJob& job, const Shape& shape, int type) {
  const std::string key((const char*)&shape, sizeof shape);
  auto known = device.plans.find(key);
  if (known != device.plans.end()) return known->second;
  if (device.plans.size() >= kMostPlans) {
    for (auto& entry : device.plans) destroy(f, &entry.second);
    device.plans.clear();
  }
  Plan& plan = device.plans[key];
  plan.is_usable = describe(f, job, type, shape.math, &plan) || refuse(f, "describing a convolution", 0);
  plan.is_usable = plan.is_usable && choose(f, context, device, job, shape, &plan);
  if (!plan.is_usable) destroy(f, &plan);
  return plan;
}

}  // namespace

void set_cudnn_options(int device, const CudnnOptions& options) {
  if (device >= kMostDevices) return;
  std::lock_guard<std::mutex> guard(devices[device].lock);
  devices[device].options = options;
}

bool run_cudnn(Context& context, const ConvJob& job, Convolving direction) {
  static const Functions f = find_functions(context.device().is_emulated);
  int type = 0;
  if (!f.is_there || context.device_index() >= kMostDevices || !data_type(job.dtype, &type) || !is_for_cudnn(job)) {
    return false;
  }
  Device& device = devices[context.device_index()];
  std::lock_guard<std::mutex> guard(device.lock);
  const CudnnOptions& options = device.options;
  if (!options.is_enabled) return false;
  if (!device.is_open) {
    device.is_open = true;
    if (const int status = f.create(&device.handle)) {
      device.handle = nullptr;
      refuse(f, "starting it", status);
    }
  }
  if (!device.handle) return false;
  if (const int status = f.set_stream(device.handle, context.stream())) return refuse(f, "choosing a stream", status);
  Shape shape;
  memset(&shape, 0, sizeof shape);
  const int64_t sizes[] = {job.N,  job.C,  job.H,  job.W,  job.O,  job.kh, job.kw,
                           job.sh, job.sw, job.ph, job.pw, job.dh, job.dw, job.groups};
  static_assert(sizeof shape.sizes == sizeof sizes);
  memcpy(shape.sizes, sizes, sizeof sizes);
  shape.direction = int32_t(direction);
  shape.dtype = job.dtype;
  shape.is_channels_last = job.is_channels_last;
  shape.math = math_for(job.dtype, options.allows_tf32);
  shape.is_deterministic = options.is_deterministic;
  // Trying waits for the GPU, which nobody may while its stream is being captured.
  shape.tries = options.tries && !context.is_capturing();
  Plan& plan = plan_for(f, context, device, job, shape, type);
  if (!plan.is_usable) return false;
  if (run(f, context, device, job, direction, plan)) return true;
  // What it refuses now it will refuse again.
  destroy(f, &plan);
  return false;
}

std::string cudnn_failure() {
  std::lock_guard<std::mutex> guard(failure_lock);
  return last_failure;
}

}  // namespace layerwise
