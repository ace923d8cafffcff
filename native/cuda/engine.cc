// Draining the ring into the driver. At most one thread drains at a time (the lock), so launches keep their order; the
// GPU keeps it from there.
#include "engine.h"

#include <string.h>
#include <time.h>

#include <algorithm>

#include "../common/futex.h"
#include "modules.h"

namespace layerwise {
namespace {

// Polling a busy GPU: how long without sleeping, and how long the sleeps in between are then.
constexpr double kPollUs = 200;
constexpr long kSleepNs = 30000;

class SpinGuard {
 public:
  explicit SpinGuard(std::atomic<int32_t>& lock) : lock_(lock) {
    while (lock_.exchange(1, std::memory_order_acquire)) cpu_relax();
  }
  ~SpinGuard() { lock_.store(0, std::memory_order_release); }

 private:
  std::atomic<int32_t>& lock_;
};

void sleep_briefly() {
  const timespec time = {0, kSleepNs};
  nanosleep(&time, nullptr);
}

std::vector<const LauncherEntry*>& registered() {
  static std::vector<const LauncherEntry*> entries;
  return entries;
}

}  // namespace

LauncherRegistration::LauncherRegistration(const LauncherEntry& entry) {
  registered().push_back(new LauncherEntry(entry));
}

const std::vector<const LauncherEntry*>& launcher_table() {
  static const std::vector<const LauncherEntry*> table = [] {
    std::vector<const LauncherEntry*> entries = registered();
    std::sort(entries.begin(), entries.end(),
              [](const LauncherEntry* a, const LauncherEntry* b) { return strcmp(a->name, b->name) < 0; });
    entries.insert(entries.begin(), nullptr);
    return entries;
  }();
  return table;
}

Engine::Engine(int device, const double* ring, int64_t ring_words, int32_t* control)
    : driver_(driver()),
      ring_(ring),
      ring_words_(ring_words),
      control_((std::atomic<int32_t>*)control),
      launchers_(launcher_table()) {
  device_index_ = device;
  control_[kAsleep].store(1);  // the thread starts at the first wake()
}

std::unique_ptr<Engine> Engine::open(int device, const double* ring, int64_t ring_words, int32_t* control,
                                     std::string* why) {
  const Driver& driver = layerwise::driver();
  if (!driver.available) return *why = driver.reason, nullptr;
  if (!driver.is_emulated && !has_images()) {
    return *why = "this build has no GPU code: it was made without nvcc", nullptr;
  }
  std::unique_ptr<Engine> engine(new Engine(device, ring, ring_words, control));
  Engine& e = *engine;
  auto attribute = [&](int which) {
    int value = 0;
    driver.device_attribute(&value, which, e.device_);
    return value;
  };
  CuStream stream = nullptr;
  if (!e.check(driver.device_get(&e.device_, device), "opening the device") ||
      !e.check(driver.retain_context(&e.context_, e.device_), "making a context") ||
      !e.check(driver.set_context(e.context_), "entering the context") ||
      !e.check(driver.create_stream(&stream, kCuStreamNonBlocking, 0), "making a stream") ||
      !e.check(driver.create_stream(&e.setup_stream_, kCuStreamNonBlocking, 0), "making a stream") ||
      !e.check(driver.host_allocate((void**)&e.report_host_, sizeof(Report), kCuHostAllocMapped), "pinning memory") ||
      !e.check(driver.host_device_pointer(&e.report_device_, e.report_host_, 0), "mapping memory")) {
    e.take_error(why);
    return nullptr;
  }
  memset(e.report_host_, 0, sizeof(Report));
  e.streams_.push_back(stream);
  e.stream_ = stream;
  e.staging_ = std::make_unique<Staging>(driver);
  e.facts_ = {attribute(kCuMajor),          attribute(kCuMinor),   attribute(kCuMultiprocessors),
              attribute(kCuMaxSharedOptIn), attribute(kCuL2Bytes),
              attribute(kCuMaxThreadsPerMultiprocessor), driver.is_emulated};
  e.pointwise_compiler_ = std::make_unique<PointwiseCompiler>(driver, e.context_, e.facts_.major, e.facts_.minor);
  return engine;
}

Engine::~Engine() {
  stopping_.store(1);
  control_[kCancel].store(1);
  wake();
  if (has_thread_) pthread_join(thread_, nullptr);
  activities_.reset();
  if (!context_) return;
  driver_.set_context(context_);
  driver_.synchronize_context();
  forget_graphs();
  pointwise_compiler_.reset();
  staging_.reset();
  for (const auto& program : programs_) driver_.release(program->code);
  for (const ScratchBlock& scratch : scratch_) {
    if (scratch.memory) driver_.release(scratch.memory);
  }
  for (const Timed& timed : timed_) {
    driver_.destroy_event(timed.start);
    driver_.destroy_event(timed.end);
  }
  for (CuEvent event : timing_pool_) driver_.destroy_event(event);
  if (base_event_) driver_.destroy_event(base_event_);
  for (CuEvent event : events_) {
    if (event) driver_.destroy_event(event);
  }
  if (report_host_) driver_.host_release(report_host_);
  for (CuStream stream : streams_) driver_.destroy_stream(stream);
  if (setup_stream_) driver_.destroy_stream(setup_stream_);
  for (const auto& [family, module] : modules_) {
    if (module) driver_.unload_module(module);
  }
  driver_.release_context(device_);
}

// Errors

void Engine::fail(const char* text) {
  SpinGuard guard(notes_lock_);
  if (!error_.empty()) return;
  error_ = text;
  control_[kError].store(int32_t(issued_.load() + 1));
}

bool Engine::check(CuResult result, const char* what) {
  if (!result) return true;
  fail(("CUDA error: " + driver_.explain(result) + " (while " + what + ")").c_str());
  return false;
}

bool Engine::take_error(std::string* text) {
  SpinGuard guard(notes_lock_);
  if (error_.empty()) return false;
  text->swap(error_);
  error_.clear();
  control_[kError].store(0);
  return true;
}

void Engine::read_report() {
  volatile Report* report = report_host_;
  const int32_t kind = report->kind;
  if (kind == kNothing) return;
  char text[160];
  switch (kind) {
    case kIndexOutOfBounds:
      snprintf(text, sizeof text, "IndexError: index %lld is out of bounds: expected %lld <= index < %lld",
               (long long)report->value, (long long)report->low, (long long)report->high);
      break;
    case kNoSuchTarget:
      snprintf(text, sizeof text, "IndexError: Target %lld is out of bounds.", (long long)report->value);
      break;
    case kNegativeRate:
      snprintf(text, sizeof text, "invalid Poisson rate, expected rate to be non-negative");
      break;
    case kBadProbabilities:
      snprintf(text, sizeof text, "probability tensor contains either `inf`, `nan` or element < 0");
      break;
    default: snprintf(text, sizeof text, "ZeroDivisionError");
  }
  memset((void*)report_host_, 0, sizeof(Report));
  fail(text);
}

// The ring

bool Engine::try_lock() {
  return !lock_.load(std::memory_order_relaxed) && !lock_.exchange(1, std::memory_order_acquire);
}
void Engine::lock() {
  while (!try_lock()) {
    if (!spin_until([&] { return !lock_.load(); })) sleep_briefly();
  }
}
void Engine::unlock() { lock_.store(0, std::memory_order_seq_cst); }

bool Engine::has_work() const {
  return control_[kTail].load(std::memory_order_seq_cst) != control_[kHead].load(std::memory_order_relaxed);
}

bool Engine::is_issued(uint32_t command) const { return int32_t(issued_.load() - command) >= 0; }

bool Engine::is_fine() const { return !control_[kCancel].load() && !control_[kError].load(); }

void Engine::corrupt(const char* what) {
  fail(what);
  // What follows cannot be told apart any more: give all of it up, so that nobody waits for it.
  control_[kHead].store(control_[kTail].load());
  head_ = uint32_t(control_[kHead].load()) & (ring_words_ - 1);
  issued_.store(uint32_t(control_[kSubmitted].load()));
}

CuEvent Engine::timing_event() {
  CuEvent event = nullptr;
  if (!timing_pool_.empty()) {
    event = timing_pool_.back();
    timing_pool_.pop_back();
  } else {
    check(driver_.create_event(&event, kCuEventDefault), "making an event");
  }
  return event;
}

// Ties the GPU's clock to ours.
void Engine::begin_recording() {
  if (!base_event_) driver_.create_event(&base_event_, kCuEventDefault);
  driver_.synchronize_context();
  driver_.record_event(base_event_, streams_[0]);
  driver_.synchronize_event(base_event_);
  base_us_ = now_us();
}

void Engine::execute(const double* command, uint32_t number) {
  const LauncherEntry& launcher = *launchers_[size_t(command[0])];
  family_ = launcher.family;
  if (activities_) {
    const ActivityScope scope(activities_.get(), number, current_stream_);
    launcher.run(*this, Args{command + 2});
    return;
  }
  // What is captured runs at no time of its own.
  if (!control_[kRecord].load(std::memory_order_relaxed) || capturing_) {
    launcher.run(*this, Args{command + 2});
    return;
  }
  if (base_us_ == 0) begin_recording();
  const Timed timed = {number, timing_event(), timing_event()};
  driver_.record_event(timed.start, streams_[current_stream_]);
  launcher.run(*this, Args{command + 2});
  SpinGuard guard(notes_lock_);
  if (capturing_) {
    // It began a capture, in which the second event would mark no moment.
    timing_pool_.push_back(timed.start);
    timing_pool_.push_back(timed.end);
    return;
  }
  driver_.record_event(timed.end, streams_[current_stream_]);
  timed_.push_back(timed);
}

size_t Engine::take_events(KernelEvent* target, size_t capacity) {
  driver_.set_context(context_);
  SpinGuard guard(notes_lock_);
  size_t count = 0;
  for (; count < timed_.size() && count < capacity; count++) {
    const Timed& timed = timed_[count];
    float start_ms = 0, duration_ms = 0;
    // Commands finish in order: behind the first that is not done, none is.
    if (driver_.query_event(timed.end)) break;
    driver_.elapsed_ms(&start_ms, base_event_, timed.start);
    driver_.elapsed_ms(&duration_ms, timed.start, timed.end);
    target[count] = {double(timed.command), base_us_ + start_ms * 1e3, duration_ms * 1e3, 1};
    timing_pool_.push_back(timed.start);
    timing_pool_.push_back(timed.end);
  }
  timed_.erase(timed_.begin(), timed_.begin() + long(count));
  // A float counts milliseconds since the base: after a pause a fresh one keeps the digits.
  if (timed_.empty() && !control_[kRecord].load()) base_us_ = 0;
  return count;
}

void Engine::drain(uint32_t command, bool all) {
  const int known = int(launchers_.size());
  driver_.set_context(context_);
  uint32_t head = uint32_t(control_[kHead].load(std::memory_order_relaxed));
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!all && is_issued(command)) return;
    const uint32_t ready = uint32_t(control_[kTail].load(std::memory_order_acquire)) - head;
    if (!ready) return;
    const double* at = ring_ + head_;
    const int64_t to_end = ring_words_ - head_;
    const int id = int(at[0]);
    // A single word before the end has no room for its length: it is a skip of one word.
    const int64_t words = to_end == 1 ? 1 : int64_t(at[1]);
    if (words < 1 || words > to_end || words > ready)
      return corrupt("[cuda] the length of a command is wrong: the ring is corrupt");
    if (id < 0 || id >= known)
      return corrupt("[cuda] a command names a kernel that does not exist: the ring is corrupt");
    if (id != 0 && !control_[kCancel].load(std::memory_order_relaxed)) execute(at, issued_.load() + 1);
    head_ += words;
    if (head_ == ring_words_) head_ = 0;
    head += uint32_t(words);
    control_[kHead].store(int32_t(head), std::memory_order_release);
    issued_.fetch_add(1);
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
    auto called = [&] { return stopping_.load() || (has_work() && !lock_.load()); };
    if (spin_until(called)) continue;
    control_[kAsleep].store(1, std::memory_order_seq_cst);
    while (!called() && control_[kAsleep].load()) futex_wait(&control_[kAsleep], 1);
    control_[kAsleep].store(0);
  }
}

bool Engine::issue(uint32_t command) {
  while (!is_issued(command)) {
    if (try_lock()) {
      drain(command, false);
      unlock();
      if (is_issued(command)) break;
      fail("[cuda] wait for a command that was never submitted");
      return false;
    }
    if (!spin_until([&] { return is_issued(command) || !lock_.load(); })) sleep_briefly();
    if (control_[kCancel].load()) return false;
  }
  return true;
}

bool Engine::wait(uint32_t command) {
  if (!issue(command)) return false;
  return synchronize();
}

bool Engine::synchronize() {
  if (refuse_while_capturing()) return false;
  driver_.set_context(context_);
  const uint32_t issued = issued_.load();
  const double start = now_us();
  for (size_t i = 0; i < streams_.size(); i++) {
    for (;;) {
      const CuResult result = driver_.query_stream(streams_[i]);
      if (result != kCuNotReady) {
        if (!check(result, "waiting for the GPU")) return false;
        break;
      }
      if (control_[kCancel].load()) return false;
      if (now_us() - start > kPollUs) sleep_briefly();
    }
  }
  read_report();
  if (int32_t(issued - uint32_t(control_[kDone].load())) > 0) control_[kDone].store(int32_t(issued));
  return is_fine();
}

}  // namespace layerwise
