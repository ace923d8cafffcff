// The engine's work as CUPTI tells it: switching that on and off, and the trial that comes first.
#include "engine.h"

namespace layerwise {

bool Engine::start_activities(std::string* why) {
  if (activities_) return true;
  constexpr size_t kBytes = 1536;
  constexpr uint8_t kValue = 1;
  const char* kernel = "check_indices_int64";
  auto run = [&] {
    void* memory = scratch(0, kBytes);
    if (!memory) return false;
    fill(memory, kValue, kBytes);
    const char* before = use_family("check_indices");
    const int64_t n = 1, low = 0, high = int64_t(1) << 60;
    launch(kernel, {1}, {32}, 0, report(), (const void*)memory, n, low, high);
    use_family(before);
    return check(driver_.synchronize_stream(streams_[size_t(current_stream_)]), "trying CUPTI");
  };
  lock();
  driver_.set_context(context_);
  drain(0, true);
  activities_ = ActivityLog::start({driver_.is_emulated, kBytes, kValue, kernel, run}, why);
  unlock();
  return activities_ != nullptr;
}

void Engine::stop_activities() {
  lock();
  std::unique_ptr<ActivityLog> ended = std::move(activities_);
  unlock();
}

}  // namespace layerwise
