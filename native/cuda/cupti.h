// When kernels, copies and fills ran on the GPU, by NVIDIA's CUPTI where it is found: true starts and ends, with nothing
// put between the launches. Asks for activity records alone, never for hardware counters.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "driver.h"

namespace layerwise {

enum class ActivityKind : int { kKernel, kFill, kToDevice, kFromDevice, kOnDevice };

// One record, as JavaScript gets it: doubles alone.
struct Activity {
  // What launched it; 0 for copies that no command asked for.
  double command;
  // On the clock of now_us().
  double start_us, duration_us;
  double bytes;
  double kind;
  // The engine's number of the stream.
  double stream;
  // Index into activity_names(); -1 where there is none.
  double name;
};

// Work with a known outcome: what CUPTI tells of it decides whether the rest is believed.
struct ActivityTrial {
  bool is_emulated;
  size_t fill_bytes;
  uint32_t fill_value;
  const char* kernel;
  // Fills and launches, and returns when the GPU is done; false when that failed.
  std::function<bool()> run;
};

// The records of one engine, from its making until its end. One thread at a time enters; any thread takes.
class ActivityLog {
 public:
  // Null, and one sentence why, where CUPTI is missing, refuses, or tells something else than what was done.
  static std::unique_ptr<ActivityLog> start(const ActivityTrial& trial, std::string* why);
  ~ActivityLog();
  ActivityLog(const ActivityLog&) = delete;

  // What this thread asks of the driver in between belongs to `command` and `stream`.
  void enter(uint32_t command, int stream);
  void leave();

  // Records of finished work, in no order. Those of everything that somebody has waited for are among them, unless
  // there is no room: then the next call gives them.
  size_t take(Activity* target, size_t capacity);

 private:
  explicit ActivityLog(int tag) : tag_(tag) {}
  const int tag_;
};

// Marks what is done in a scope; a null log is no scope.
class ActivityScope {
 public:
  ActivityScope(ActivityLog* log, uint32_t command, int stream) : log_(log) {
    if (log_) log_->enter(command, stream);
  }
  ~ActivityScope() {
    if (log_) log_->leave();
  }
  ActivityScope(const ActivityScope&) = delete;

 private:
  ActivityLog* const log_;
};

// The GPU's own names of kernels seen so far, readable; positions never change.
std::vector<std::string> activity_names();

}  // namespace layerwise
