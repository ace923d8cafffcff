// Keeps the compiled twins of pointwise programs: asked for one, it answers with what is ready and compiles the rest on
// a thread of its own, so that nobody waits for a compiler.
#pragma once
#include <pthread.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "driver.h"
#include "pointwise_source.h"

namespace layerwise {

// One program for one layout and one choice of dtypes.
struct CompiledPointwise {
  std::atomic<CuFunction> function{nullptr};  // null until it is ready, and for good when compiling failed
};
using CompiledVariants = std::unordered_map<uint64_t, std::unique_ptr<CompiledPointwise>>;

class PointwiseCompiler {
 public:
  PointwiseCompiler(const Driver& driver, CuContext context, int major, int minor);
  ~PointwiseCompiler();
  PointwiseCompiler(const PointwiseCompiler&) = delete;

  // False: use the interpreter and do not ask.
  bool is_useful() const { return is_useful_; }
  // Null when it is not ready (yet). `program` stays where it is until the compiler ends. Called by one thread at a time.
  CuFunction find(const PointwiseProgram& program, const PointwiseLayout& layout, CompiledVariants& variants);
  // Why the last one failed; empty when none did.
  std::string failure();
  // How many are ready.
  int ready() const { return ready_.load(); }

 private:
  struct Job {
    std::string source;
    CompiledPointwise* result;
  };
  static void* thread_main(void* self);
  void loop();
  void compile(const Job& job);

  const Driver& driver_;
  const CuContext context_;
  const int major_, minor_;
  bool is_useful_ = false;
  // $LAYERWISE_CUDA_COMPILE=now, for tests: ready at the first call.
  bool at_once_ = false;
  std::mutex lock_;
  std::deque<Job> jobs_;
  std::string failure_;
  std::atomic<int> ready_{0};
  std::atomic<int32_t> calls_{0};  // what the thread sleeps on
  std::atomic<bool> stopping_{false};
  bool has_thread_ = false;
  pthread_t thread_;
};

}  // namespace layerwise
