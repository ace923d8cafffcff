// A pool of threads for one parallel loop at a time. It never queues, never nests and does not outlive its engine.
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <vector>

namespace layerwise {

using ChunkBody = void (*)(void* capture, int64_t begin, int64_t end);

class Pool {
 public:
  // `threads` counts the caller of run(): threads - 1 are started, at the first run() that needs them.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;

  // body over [0, n) in chunks that are multiples of `grain`; the caller works too. Chunks that have not begun are left
  // out once *cancel is not 0 (cancel may be null). Called from inside a chunk it runs inline. One caller at a time.
  void run(int64_t n, int64_t grain, ChunkBody body, void* capture, const std::atomic<int32_t>* cancel);
  // Only while nobody is in run().
  void resize(int threads);
  int threads() const { return threads_; }
  // The most threads that took part in one run since the last call, and forget it.
  int take_participants();
  // Scratch block of the calling thread (a worker of this pool, or whoever is in run()).
  void* scratch(int slot, size_t bytes);

 private:
  struct Job {
    std::atomic<int64_t> n, chunk, chunks;
    std::atomic<ChunkBody> body;
    std::atomic<void*> capture;
    std::atomic<const std::atomic<int32_t>*> cancel;
  };
  struct Scratch {
    void* block = nullptr;
    size_t bytes = 0;
  };
  struct Worker {
    Pool* pool;
    int index;
    pthread_t thread;
  };
  static constexpr int kSlots = 4;

  static void* worker_main(void* worker);
  void start();
  void stop();
  bool claim_and_run(uint32_t generation);
  void free_scratch();

  int threads_;
  std::vector<Worker*> workers_;
  std::vector<Scratch> scratch_;
  Job job_;
  // Generation of the job in the upper half, next chunk in the lower: a late worker cannot claim a chunk of a newer job
  // with what it read of an older one, so nobody has to wait for late workers.
  alignas(64) std::atomic<uint64_t> claim_{0};
  alignas(64) std::atomic<int32_t> generation_{0};
  alignas(64) std::atomic<int32_t> finished_{0};
  std::atomic<int32_t> caller_sleeps_{0};
  alignas(64) std::atomic<int32_t> sleepers_{0};
  std::atomic<int32_t> participants_{0};  // of the current run
  int32_t most_participants_ = 0;
  std::atomic<bool> stopping_{false};
};

}  // namespace layerwise
