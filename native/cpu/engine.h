// The engine: executes the command stream of one JavaScript thread, on its own thread or on the thread that waits.
// It knows kernels by number only and checks nothing about their arguments.
#pragma once
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <string>
#include <vector>

#include "kernel.h"
#include "pool.h"

namespace layerwise {

// The kernels of one instruction set in alphabetical order after `skip`; the index is the kernel's id.
struct KernelTable {
  int isa;
  std::vector<const KernelEntry*> entries;  // entries[0] is null: skip
};
const KernelTable& kernel_table();

// How many threads this process may use: the processors of its affinity mask.
int usable_processors();

struct Event {
  double command, start_us, duration_us, threads;
};

class Engine {
 public:
  // Indices into `control`; native/README.md says who writes what.
  enum Control { kTail, kSubmitted, kHead, kDone, kAsleep, kRecord, kCancel, kError, kControls };

  // ring_words is a power of two.
  Engine(const double* ring, int64_t ring_words, int32_t* control, int threads);
  // Ends the current command as soon as it allows, executes none of the rest, joins all threads.
  ~Engine();
  Engine(const Engine&) = delete;

  void wake();
  // Until `command` is done, executing commands on this thread when nobody else does. False when cancelled or failed.
  bool wait(uint32_t command);
  // Waits for the command that is being executed.
  void set_threads(int threads);
  int threads() const { return pool_.threads(); }
  bool take_error(std::string* text);
  size_t take_events(Event* target, size_t capacity);

 private:
  struct Running : Context {
    Engine* owner;
  };

  static void* thread_main(void* engine);
  static void run_parallel(Context*, int64_t n, int64_t grain, ChunkBody body, void* capture);
  static void* give_scratch(Context*, int slot, size_t bytes);
  static void take_failure(Context*, const char* text);
  static void call_helper(void* engine);

  void loop();
  void start_thread();
  bool has_work() const;
  bool try_lock();
  void unlock();
  // Executes commands until `command` is done (every command when `all`). The caller holds the lock.
  void drain(uint32_t command, bool all);
  void execute(const double* command, uint32_t number);
  void record(uint32_t number, double start_us, double end_us);
  void corrupt(const char* what);
  bool is_done(uint32_t command) const;
  bool is_fine() const;

  const double* ring_;
  int64_t ring_words_;
  std::atomic<int32_t>* control_;
  const KernelTable& kernels_;
  Pool pool_;
  Running context_;
  int64_t head_ = 0;  // position in the ring
  uint32_t done_ = 0;
  std::atomic<int32_t> stopping_{0};
  std::atomic<int32_t> lock_{0};
  std::atomic<int32_t> waiter_{0};  // 1 while the JavaScript thread sleeps until command awaited_ is done
  std::atomic<uint32_t> awaited_{0};
  bool has_thread_ = false;
  pthread_t thread_;

  std::atomic<int32_t> notes_lock_{0};  // guards the two below
  std::vector<Event> events_;
  std::string error_;
};

}  // namespace layerwise
