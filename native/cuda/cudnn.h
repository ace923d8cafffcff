// Convolutions by NVIDIA's cuDNN where it is found. What it refuses is left to our own kernels, and remembered.
#pragma once
#include <string>

#include "kernels/conv_job.h"
#include "launcher.h"

namespace layerwise {

enum class Convolving { kForward, kInput, kWeight };

// torch.backends.cudnn, per GPU.
struct CudnnOptions {
  bool is_enabled = true;
  bool allows_tf32 = true;
  // Try what there is and keep the fastest, instead of asking for a guess.
  bool tries = false;
  bool is_deterministic = false;
};
void set_cudnn_options(int device, const CudnnOptions& options);

// False when it was not cuDNN's to do, or could not be: nothing has been written then that the caller does not write.
bool run_cudnn(Context& context, const ConvJob& job, Convolving direction);

// Why cuDNN was found and did not serve, the last time; "" when it always did.
std::string cudnn_failure();

}  // namespace layerwise
