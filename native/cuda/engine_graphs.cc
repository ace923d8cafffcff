// Graphs of launches: a stretch of commands is captured by the driver instead of run, and then run as often as asked for
// by one call. What the launchers hand over by the way (scratch memory, tables) becomes the graph's own.
#include <algorithm>

#include "engine.h"

namespace layerwise {
namespace {

constexpr size_t kTableChunk = size_t(256) << 10;
constexpr size_t kTableAlignment = 256;
constexpr const char* kNotWhileCapturing = "CUDA error: operation not permitted when stream is capturing";

}  // namespace

LaunchGraph* Engine::graph_of(int number) {
  if (number < 0) return nullptr;
  if (size_t(number) >= graphs_.size()) graphs_.resize(size_t(number) + 1);
  return graphs_[size_t(number)].get();
}

void Engine::begin_graph(int number) {
  if (!driver_.begin_capture || !driver_.end_capture || !driver_.instantiate_graph || !driver_.launch_graph) {
    return fail("[cuda] this driver is too old for graphs");
  }
  if (capturing_) return fail(kNotWhileCapturing);
  forget_graph(number);
  graph_of(number);
  graphs_[size_t(number)] = std::make_unique<LaunchGraph>();
  // Relaxed: the engine's two threads take turns, and memory may be asked for meanwhile.
  if (!check(driver_.begin_capture(streams_[size_t(current_stream_)], kCuStreamCaptureRelaxed), "beginning a graph")) return;
  capturing_ = graphs_[size_t(number)].get();
  capturing_stream_ = current_stream_;
}

void Engine::end_graph() {
  LaunchGraph* graph = capturing_;
  if (!graph) return;
  capturing_ = nullptr;
  CuResult result = driver_.end_capture(streams_[size_t(capturing_stream_)], &graph->graph);
  if (!result) result = driver_.instantiate_graph(&graph->runnable, graph->graph, 0);
  check(result, "making a graph of what was captured");
}

void Engine::launch_graph(int number) {
  LaunchGraph* graph = graph_of(number);
  if (!graph || !graph->runnable) return fail("[cuda] there is no such graph, or its capture failed");
  check(driver_.launch_graph(graph->runnable, streams_[size_t(current_stream_)]), "launching a graph");
}

void Engine::forget_graph(int number) {
  LaunchGraph* graph = graph_of(number);
  if (!graph) return;
  if (graph == capturing_) end_graph();
  // It may be under way.
  for (CuStream stream : streams_) driver_.synchronize_stream(stream);
  if (graph->runnable) driver_.destroy_graph_exec(graph->runnable);
  if (graph->graph) driver_.destroy_graph(graph->graph);
  for (CuPointer memory : graph->memory) driver_.release(memory);
  graphs_[size_t(number)].reset();
}

void Engine::forget_graphs() {
  for (size_t i = 0; i < graphs_.size(); i++) forget_graph(int(i));
}

bool Engine::refuse_while_capturing() {
  if (!capturing_) return false;
  fail(kNotWhileCapturing);
  return true;
}

CuPointer Engine::graph_memory(size_t bytes) {
  CuPointer memory = 0;
  const CuResult result = driver_.allocate(&memory, bytes);
  if (result == kCuOutOfMemory) fail("CUDA out of memory while a graph was captured");
  else check(result, "allocating memory for a graph");
  if (result) return 0;
  capturing_->memory.push_back(memory);
  return memory;
}

CuPointer Engine::captured_table(const void* data, size_t bytes) {
  LaunchGraph& graph = *capturing_;
  const size_t rounded = (bytes + kTableAlignment - 1) / kTableAlignment * kTableAlignment;
  if (graph.table_left < rounded) {
    const size_t chunk = std::max(kTableChunk, rounded);
    graph.table = graph_memory(chunk);
    graph.table_left = graph.table ? chunk : 0;
    if (!graph.table) return 0;
  }
  const CuPointer at = graph.table;
  graph.table += rounded;
  graph.table_left -= rounded;
  // Now, on a stream that is not captured: the launches that read it come with every replay.
  CuResult result = driver_.upload(at, data, bytes, setup_stream_);
  if (!result) result = driver_.synchronize_stream(setup_stream_);
  return check(result, "copying a graph's table to the GPU") ? at : 0;
}

}  // namespace layerwise
