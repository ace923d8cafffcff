// A graph of launches as the engine keeps it: what the driver made of a captured stretch of commands, and the memory that
// its launches name beside the tensors'. Holds data only; engine_graphs.cc fills and runs it.
#pragma once
#include <stddef.h>

#include <vector>

#include "driver.h"

namespace layerwise {

struct ScratchBlock {
  CuPointer memory = 0;
  size_t bytes = 0;
};

struct LaunchGraph {
  CuGraph graph = nullptr;
  CuGraphExec runnable = nullptr;
  // Scratch by stream and slot as in the engine, but never given back before the graph goes: launches name it.
  std::vector<ScratchBlock> scratch;
  // Every block of memory that is the graph's own.
  std::vector<CuPointer> memory;
  // Host data that its launches read was copied here when it was captured.
  CuPointer table = 0;
  size_t table_left = 0;
};

}  // namespace layerwise
