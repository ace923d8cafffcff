// What the emulated driver needs of the threads: kernels by name, and running one over a grid.
#pragma once
#include "../gpu.h"

namespace emulation {

struct Kernel {
  const char* name;
  const void* function;
  Thunk thunk;
  const size_t* sizes;  // of its parameters
  size_t count;
};

// Null when no device file has it. The pointer is good forever.
const Kernel* find_kernel(const char* name);
// Returns when all blocks have run.
void run_grid(const Kernel* kernel, dim3 grid, dim3 size, size_t shared_bytes, void** parameters);

}  // namespace emulation
