// Draining the ring. At most one thread drains at a time (the lock), so kernels see commands strictly in order.
#include "engine.h"

#include <sched.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>

#include "../common/cpuid.h"
#include "../common/futex.h"

// The linker's names for the borders of the section that KERNEL fills.
extern "C" {
extern const layerwise::KernelEntry* const __start_layerwise_kernels[] __attribute__((visibility("hidden")));
extern const layerwise::KernelEntry* const __stop_layerwise_kernels[] __attribute__((visibility("hidden")));
}

namespace layerwise {
namespace {

// Events kept for JavaScript before the oldest are given up: 32 MiB.
constexpr size_t kMostEvents = size_t(1) << 20;
// How long a sleeping waiter may miss a cancel that came from another JavaScript thread.
constexpr int64_t kCancelPollUs = 5000;

class SpinGuard {
 public:
  explicit SpinGuard(std::atomic<int32_t>& lock) : lock_(lock) {
    while (lock_.exchange(1, std::memory_order_acquire)) cpu_relax();
  }
  ~SpinGuard() { lock_.store(0, std::memory_order_release); }

 private:
  std::atomic<int32_t>& lock_;
};

KernelTable make_table() {
  KernelTable table;
  table.isa = cpu_level();
  if (const char* forced = getenv("LAYERWISE_ISA")) table.isa = std::clamp(atoi(forced), 2, table.isa);
  table.entries.push_back(nullptr);
  for (auto entry = __start_layerwise_kernels; entry != __stop_layerwise_kernels; entry++) {
    if ((*entry)->isa == table.isa) table.entries.push_back(*entry);
  }
  std::sort(table.entries.begin() + 1, table.entries.end(),
            [](const KernelEntry* a, const KernelEntry* b) { return strcmp(a->name, b->name) < 0; });
  return table;
}

}  // namespace

const KernelTable& kernel_table() {
  static const KernelTable table = make_table();
  return table;
}

int usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  return std::max(1, CPU_COUNT(&set));
}

Engine::Engine(const double* ring, int64_t ring_words, int32_t* control, int threads)
    : ring_(ring),
      ring_words_(ring_words),
      control_((std::atomic<int32_t>*)control),
      kernels_(kernel_table()),
      pool_(threads, call_helper, this) {
  context_.parallel = run_parallel;
  context_.scratch = give_scratch;
  context_.fail = take_failure;
  context_.engine = this;
  context_.owner = this;
  control_[kAsleep].store(1);  // the thread starts at the first wake()
}

Engine::~Engine() {
  stopping_.store(1);
  control_[kCancel].store(1);  // kernels see one flag only
  wake();
  if (has_thread_) pthread_join(thread_, nullptr);
}

void Engine::run_parallel(Context* context, int64_t n, int64_t grain, ChunkBody body, void* capture) {
  Engine* engine = ((Running*)context)->owner;
  engine->pool_.run(n, grain, body, capture, context->cancellable ? &engine->control_[kCancel] : nullptr);
}

void* Engine::give_scratch(Context* context, int slot, size_t bytes) {
  return ((Running*)context)->owner->pool_.scratch(slot, bytes);
}

void Engine::take_failure(Context* context, const char* text) {
  Engine* engine = ((Running*)context)->owner;
  SpinGuard guard(engine->notes_lock_);
  if (!engine->error_.empty()) return;
  engine->error_ = text;
  engine->control_[kError].store(int32_t(engine->done_ + 1));
}

// Of the two threads that execute commands, one sleeps while the other has long work.
void Engine::call_helper(void* self) {
  Engine* engine = (Engine*)self;
  if (engine->waiter_.load(std::memory_order_relaxed)) {
    engine->waiter_.store(0);
    futex_wake(&engine->waiter_, 1);
  } else if (engine->control_[kAsleep].load(std::memory_order_relaxed)) {
    engine->wake();
  }
}

bool Engine::take_error(std::string* text) {
  SpinGuard guard(notes_lock_);
  if (error_.empty()) return false;
  text->swap(error_);
  error_.clear();
  control_[kError].store(0);
  return true;
}

size_t Engine::take_events(Event* target, size_t capacity) {
  SpinGuard guard(notes_lock_);
  const size_t count = std::min(capacity, events_.size());
  std::copy_n(events_.begin(), count, target);
  events_.erase(events_.begin(), events_.begin() + count);
  return count;
}

void Engine::record(uint32_t number, double start_us, double end_us) {
  SpinGuard guard(notes_lock_);
  if (events_.size() == kMostEvents) events_.erase(events_.begin(), events_.begin() + kMostEvents / 2);
  events_.push_back({double(number), start_us, end_us - start_us, double(pool_.take_participants())});
}

bool Engine::try_lock() {
  return !lock_.load(std::memory_order_relaxed) && !lock_.exchange(1, std::memory_order_acquire);
}

void Engine::unlock() { lock_.store(0, std::memory_order_seq_cst); }

bool Engine::has_work() const {
  return control_[kTail].load(std::memory_order_seq_cst) != control_[kHead].load(std::memory_order_relaxed);
}

bool Engine::is_done(uint32_t command) const {
  return int32_t(uint32_t(control_[kDone].load(std::memory_order_acquire)) - command) >= 0;
}

bool Engine::is_fine() const { return !control_[kCancel].load() && !control_[kError].load(); }

void Engine::corrupt(const char* what) {
  take_failure(&context_, what);
  // What follows cannot be told apart any more: give all of it up, so that nobody waits for it.
  control_[kHead].store(control_[kTail].load());
  head_ = uint32_t(control_[kHead].load()) & (ring_words_ - 1);
  done_ = uint32_t(control_[kSubmitted].load());
  control_[kDone].store(int32_t(done_));
}

void Engine::execute(const double* command, uint32_t number) {
  const int id = int(command[0]);
  context_.cancellable = false;
  context_.threads = pool_.threads();
  if (!control_[kRecord].load(std::memory_order_relaxed))
    return kernels_.entries[id]->run(&context_, Args{command + 2});
  pool_.take_participants();
  const double start_us = now_us();
  kernels_.entries[id]->run(&context_, Args{command + 2});
  record(number, start_us, now_us());
}

void Engine::drain(uint32_t command, bool all) {
  const int known = int(kernels_.entries.size());
  uint32_t head = uint32_t(control_[kHead].load(std::memory_order_relaxed));
  while (!stopping_.load(std::memory_order_relaxed)) {
    const uint32_t ready = uint32_t(control_[kTail].load(std::memory_order_acquire)) - head;
    if (!ready) return;
    const double* at = ring_ + head_;
    const int64_t to_end = ring_words_ - head_;
    const int id = int(at[0]);
    // A single word before the end has no room for its length: it is a skip of one word.
    const int64_t words = to_end == 1 ? 1 : int64_t(at[1]);
    if (words < 1 || words > to_end || words > ready)
      return corrupt("[engine] the length of a command is wrong: the ring is corrupt");
    if (id < 0 || id >= known)
      return corrupt("[engine] a command names a kernel that does not exist: the ring is corrupt");
    if (id != 0 && !control_[kCancel].load(std::memory_order_relaxed)) execute(at, done_ + 1);
    head_ += words;
    if (head_ == ring_words_) head_ = 0;
    head += uint32_t(words);
    done_++;
    control_[kHead].store(int32_t(head), std::memory_order_release);
    if (all) {
      // Only here can somebody wait; the order of this store and that load matters.
      control_[kDone].store(int32_t(done_), std::memory_order_seq_cst);
      if (waiter_.load(std::memory_order_seq_cst) && int32_t(done_ - awaited_.load(std::memory_order_relaxed)) >= 0) {
        waiter_.store(0);
        futex_wake(&waiter_, 1);
      }
    } else {
      control_[kDone].store(int32_t(done_), std::memory_order_release);
      if (int32_t(done_ - command) >= 0) return;
    }
  }
}

void Engine::wake() {
  if (!has_thread_) {
    if (stopping_.load()) return;
    start_thread();
    return;
  }
  if (control_[kAsleep].exchange(0)) futex_wake(&control_[kAsleep], 1);
}

void Engine::start_thread() {
  control_[kAsleep].store(0);
  has_thread_ = !pthread_create(&thread_, nullptr, thread_main, this);
  if (!has_thread_) control_[kAsleep].store(1);  // wait() will do the work
}

bool Engine::wait(uint32_t command) {
  while (!is_done(command)) {
    if (try_lock()) {
      drain(command, false);
      unlock();
      if (has_work()) wake();
      if (is_done(command)) break;
      SpinGuard guard(notes_lock_);
      if (error_.empty()) error_ = "[engine] wait for a command that was never submitted";
      return false;
    }
    // The engine's thread is at it: help. A finished drain without this command is caught by the next round.
    auto settled = [&] { return is_done(command) || !lock_.load() || control_[kCancel].load(); };
    if (!pool_.help_until(settled)) {
      awaited_.store(command, std::memory_order_relaxed);
      waiter_.store(1, std::memory_order_seq_cst);
      const bool sleeps = lock_.load(std::memory_order_seq_cst) && !is_done(command);
      if (sleeps) futex_wait(&waiter_, 1, kCancelPollUs);
      waiter_.store(0, std::memory_order_seq_cst);
    }
    if (control_[kCancel].load()) return false;
  }
  return is_fine();
}

void Engine::set_threads(int threads) {
  while (!try_lock()) spin_until([&] { return !lock_.load(); });
  pool_.resize(threads);
  unlock();
  if (has_work()) wake();
}

void* Engine::thread_main(void* engine) {
  ((Engine*)engine)->loop();
  return nullptr;
}

void Engine::loop() {
  while (!stopping_.load()) {
    if (has_work() && try_lock()) {
      drain(0, true);
      unlock();
      continue;
    }
    // While the JavaScript thread executes commands, this one helps.
    auto called = [&] { return stopping_.load() || (has_work() && !lock_.load()); };
    if (pool_.help_until(called)) continue;
    control_[kAsleep].store(1, std::memory_order_seq_cst);
    while (!called() && control_[kAsleep].load()) futex_wait(&control_[kAsleep], 1);
    control_[kAsleep].store(0);
  }
}

}  // namespace layerwise
