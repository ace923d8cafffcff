// A pool of threads for one parallel loop at a time. It never queues, never nests and does not outlive its engine.
//
// Two of its hands are threads that exist anyway: whoever calls run(), and whoever waits for that (help_until). So on two
// cores it starts no thread of its own, and nobody spins against the thread that submits work.
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <vector>

#include "../common/futex.h"

namespace layerwise {

using ChunkBody = void (*)(void* capture, int64_t begin, int64_t end);

class Pool {
 public:
  // `threads` counts the caller of run() and one who helps: the others are started at the first run() that needs them.
  // `call_helper(owner)` is called when a run will take long and wakes who could help; it may do nothing.
  Pool(int threads, void (*call_helper)(void* owner), void* owner);
  ~Pool();
  Pool(const Pool&) = delete;

  // body over [0, n) in chunks that are multiples of `grain`; the caller works too. Chunks that have not begun are left
  // out once *cancel is not 0 (cancel may be null). Called from inside a chunk it runs inline. One caller at a time.
  void run(int64_t n, int64_t grain, ChunkBody body, void* capture, const std::atomic<int32_t>* cancel);
  // Waits for ready() as spin_until does, and works on what another thread runs meanwhile. One thread at a time.
  template <class F> bool help_until(F ready) {
    while (!ready()) {
      const int32_t seen = generation_.load(std::memory_order_acquire);
      if (threads_.load(std::memory_order_relaxed) > 1) help(uint32_t(seen));
      if (!spin_until([&] { return ready() || generation_.load(std::memory_order_acquire) != seen; })) return false;
    }
    return true;
  }
  // Only while nobody is in run().
  void resize(int threads);
  int threads() const { return threads_.load(std::memory_order_relaxed); }
  // The most threads that took part in one run since the last call, and forget it.
  int take_participants();
  // Scratch block of the calling thread (a worker of this pool, who helps, or whoever is in run()).
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
  static constexpr int kSlots = 5;

  static void* worker_main(void* worker);
  void start();
  void stop();
  void help(uint32_t generation);
  void claim_and_run(uint32_t generation, int64_t most_chunks, bool is_counted);
  void free_scratch();

  std::atomic<int> threads_;
  void (*call_helper_)(void*);
  void* owner_;
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
