// Dynamic chunks, bounded spinning, then futex. OpenMP's team, which waits for every thread, needs 9-19 ms for 0.5 ms
// of work when another process holds a core; here a worker that comes late finds nothing left and nobody has waited for
// it.
#include "pool.h"

#include "../common/futex.h"
#include "memory.h"

namespace layerwise {
namespace {

// 0 for a caller of run(), 1 for who helps, 2.. for the workers of the pool.
constexpr int kHelper = 1;
thread_local int thread_index = 0;
thread_local bool inside_chunk = false;

// Enough chunks per thread to even out a core that is shared with another process.
constexpr int64_t kChunksPerThread = 16;
// Sleepers are woken for what would take the caller longer than this: a wake-up costs it some microseconds and comes to
// nothing before 15-70.
constexpr double kWorthWakingUs = 80;
// With fewer chunks than this one of them may be most of the work: it is not tried first how long it takes.
constexpr int64_t kFewChunks = 8;

}  // namespace

Pool::Pool(int threads, void (*call_helper)(void* owner), void* owner)
    : threads_(threads < 1 ? 1 : threads),
      call_helper_(call_helper),
      owner_(owner),
      scratch_(size_t(threads_) * kSlots) {}

Pool::~Pool() {
  stop();
  free_scratch();
}

void Pool::resize(int threads) {
  if (threads < 1) threads = 1;
  if (threads == threads_) return;
  stop();
  free_scratch();
  threads_ = threads;
  scratch_.assign(size_t(threads_) * kSlots, Scratch{});
}

void Pool::start() {
  stopping_.store(false);
  for (int i = kHelper + 1; i < threads_; i++) {
    Worker* worker = new Worker{this, i, {}};
    if (pthread_create(&worker->thread, nullptr, worker_main, worker)) {
      delete worker;  // fewer threads than asked for: slower, not wrong
      break;
    }
    workers_.push_back(worker);
  }
}

void Pool::stop() {
  stopping_.store(true);
  generation_.fetch_add(1);
  futex_wake(&generation_, 1 << 30);
  for (Worker* worker : workers_) {
    pthread_join(worker->thread, nullptr);
    delete worker;
  }
  workers_.clear();
}

// Runs chunks of the given generation until none is left or `most_chunks` are done.
void Pool::claim_and_run(uint32_t generation, int64_t most_chunks, bool is_counted) {
  while (most_chunks > 0) {
    uint64_t claim = claim_.load(std::memory_order_acquire);
    if (uint32_t(claim >> 32) != generation) return;
    const int64_t index = uint32_t(claim);
    const int64_t n = job_.n.load(std::memory_order_relaxed);
    const int64_t chunk = job_.chunk.load(std::memory_order_relaxed);
    const int64_t chunks = job_.chunks.load(std::memory_order_relaxed);
    const ChunkBody body = job_.body.load(std::memory_order_relaxed);
    void* capture = job_.capture.load(std::memory_order_relaxed);
    const std::atomic<int32_t>* cancel = job_.cancel.load(std::memory_order_relaxed);
    if (index >= chunks) return;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!claim_.compare_exchange_weak(claim, claim + 1, std::memory_order_acq_rel)) continue;
    most_chunks--;
    if (!is_counted) {
      is_counted = true;
      participants_.fetch_add(1, std::memory_order_relaxed);
    }
    if (!cancel || !cancel->load(std::memory_order_relaxed)) {
      const int64_t begin = index * chunk;
      const int64_t end = begin + chunk < n ? begin + chunk : n;
      inside_chunk = true;
      body(capture, begin, end);
      inside_chunk = false;
    }
    if (finished_.fetch_add(1, std::memory_order_seq_cst) + 1 == chunks && caller_sleeps_.load())
      futex_wake(&finished_, 1);
  }
}

void Pool::run(int64_t n, int64_t grain, ChunkBody body, void* capture, const std::atomic<int32_t>* cancel) {
  if (n <= 0) return;
  const int64_t grains = (n + grain - 1) / grain;
  if (grains == 1 || threads_ == 1 || inside_chunk) {
    if (!cancel) return body(capture, 0, n);
    // One after the other, so that a cancel is seen between chunks.
    const int64_t step = (grains + kChunksPerThread - 1) / kChunksPerThread * grain;
    for (int64_t begin = 0; begin < n && !cancel->load(std::memory_order_relaxed); begin += step) {
      body(capture, begin, begin + step < n ? begin + step : n);
    }
    return;
  }
  if (workers_.empty() && threads_ > kHelper + 1) start();
  const int64_t wanted = int64_t(threads_) * kChunksPerThread;
  const int64_t chunk = (grains + wanted - 1) / wanted * grain;
  const int64_t chunks = (n + chunk - 1) / chunk;
  const uint32_t generation = uint32_t(generation_.load(std::memory_order_relaxed)) + 1;
  // Close the old generation before the job changes: a late worker that reads a mixture of old and new then fails to
  // claim.
  claim_.store(uint64_t(generation) << 32 | 0xFFFFFFFFu, std::memory_order_seq_cst);
  job_.n.store(n, std::memory_order_relaxed);
  job_.chunk.store(chunk, std::memory_order_relaxed);
  job_.chunks.store(chunks, std::memory_order_relaxed);
  job_.body.store(body, std::memory_order_relaxed);
  job_.capture.store(capture, std::memory_order_relaxed);
  job_.cancel.store(cancel, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  participants_.store(1, std::memory_order_relaxed);
  caller_sleeps_.store(0, std::memory_order_relaxed);
  claim_.store(uint64_t(generation) << 32, std::memory_order_release);
  generation_.store(int32_t(generation), std::memory_order_seq_cst);
  // Who is awake sees the work by itself. How long the rest takes, the first chunk tells.
  bool is_long = chunks < kFewChunks;
  if (!is_long) {
    const double start = now_us();
    claim_and_run(generation, 1, true);
    is_long = (now_us() - start) * double(chunks - 1) > kWorthWakingUs;
  }
  if (is_long) {
    const int sleepers = sleepers_.load(std::memory_order_seq_cst);
    if (sleepers) futex_wake(&generation_, chunks - 1 < sleepers ? int(chunks - 1) : sleepers);
    call_helper_(owner_);
  }
  claim_and_run(generation, chunks, true);
  auto all_done = [&] { return finished_.load(std::memory_order_acquire) == chunks; };
  if (!spin_until(all_done)) {
    caller_sleeps_.store(1, std::memory_order_seq_cst);
    for (int32_t done; (done = finished_.load(std::memory_order_seq_cst)) != chunks;) futex_wait(&finished_, done);
  }
  const int32_t participants = participants_.load(std::memory_order_relaxed);
  if (participants > most_participants_) most_participants_ = participants;
}

void Pool::help(uint32_t generation) {
  thread_index = kHelper;
  claim_and_run(generation, INT64_MAX, false);
  thread_index = 0;
}

void* Pool::worker_main(void* argument) {
  Worker* worker = (Worker*)argument;
  Pool* pool = worker->pool;
  thread_index = worker->index;
  int32_t seen = 0;
  for (;;) {
    auto changed = [&] { return pool->generation_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(changed)) {
      pool->sleepers_.fetch_add(1, std::memory_order_seq_cst);
      while (pool->generation_.load(std::memory_order_seq_cst) == seen) futex_wait(&pool->generation_, seen);
      pool->sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
    if (pool->stopping_.load()) return nullptr;
    seen = pool->generation_.load(std::memory_order_acquire);
    pool->claim_and_run(uint32_t(seen), INT64_MAX, false);
  }
}

int Pool::take_participants() {
  const int count = most_participants_;
  most_participants_ = 0;
  return count < 1 ? 1 : count;
}

void* Pool::scratch(int slot, size_t bytes) {
  Scratch& s = scratch_[size_t(thread_index) * kSlots + slot];
  if (s.bytes < bytes) {
    release_block(s.block, s.bytes);
    s.bytes = bytes < 4096 ? 4096 : bytes + bytes / 4;
    s.block = allocate_block(s.bytes);
    if (!s.block) s.bytes = 0;
  }
  return s.block;
}

void Pool::free_scratch() {
  for (Scratch& s : scratch_) release_block(s.block, s.bytes);
  scratch_.clear();
}

}  // namespace layerwise
