// The launcher of Adam's step for many parameters: the tables of tensors and of their chunks.
#include "optimizer.h"

#include <string.h>

#include <vector>

#include "../launcher.h"

namespace layerwise {
namespace {

// dtype step_size beta1 beta2 eps correction2 decay decay_step rate decoupled maximize count {parameter gradient exp_avg
// exp_avg_sq max_exp_avg_sq n step}[count]
LAUNCHER(adam_step) {
  const Dtype dtype = args.dtype();
  AdamRates rates = {};
  rates.step_size = args.real();
  rates.beta1 = args.real();
  rates.beta2 = args.real();
  rates.epsilon = args.real();
  rates.correction2 = args.real();
  rates.decay = args.real();
  rates.decay_step = args.real();
  rates.rate = args.pointer<const float>();
  rates.decoupled = args.flag();
  rates.maximize = args.flag();
  const int64_t count = args.integer();
  if (dtype != kFloat16 && dtype != kBfloat16 && dtype != kFloat32 && dtype != kFloat64) {
    return context.fail("[adam_step] expected a floating dtype");
  }
  // One table per launch: the tensors that it steps, then which chunk of which tensor is each block's.
  constexpr size_t kMostTensors = 4096, kMostChunks = 32768;
  std::vector<AdamTensor> tensors;
  std::vector<AdamChunk> chunks;
  std::vector<char> table;
  auto flush = [&] {
    if (chunks.empty()) return;
    const size_t tensor_bytes = tensors.size() * sizeof(AdamTensor), chunk_bytes = chunks.size() * sizeof(AdamChunk);
    table.resize(tensor_bytes + chunk_bytes);
    memcpy(table.data(), tensors.data(), tensor_bytes);
    memcpy(table.data() + tensor_bytes, chunks.data(), chunk_bytes);
    const char* at = (const char*)context.upload_table(table.data(), table.size());
    const unsigned blocks = unsigned(chunks.size());
    tensors.clear();
    chunks.clear();
    if (!at) return;
    const auto* on_device = (const AdamTensor*)at;
    const auto* chunks_on_device = (const AdamChunk*)(at + tensor_bytes);
    context.launch_typed("adam_step", dtype, {blocks}, {kAdamThreads}, 0, on_device, chunks_on_device, rates);
  };
  for (int64_t k = 0; k < count; k++) {
    AdamTensor t;
    t.parameter = args.pointer();
    t.gradient = args.pointer();
    t.average = args.pointer();
    t.square = args.pointer();
    t.largest = args.pointer();
    t.n = args.integer();
    t.step = args.pointer<const float>();
    for (int64_t chunk = 0; chunk * kAdamChunk < t.n; chunk++) {
      if (chunks.size() == kMostChunks || (chunk == 0 && tensors.size() == kMostTensors)) flush();
      if (chunk == 0 || tensors.empty()) tensors.push_back(t);
      chunks.push_back({int32_t(tensors.size()) - 1, int32_t(chunk)});
    }
  }
  flush();
}

}  // namespace
}  // namespace layerwise
