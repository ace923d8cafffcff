// The engine of one GPU: takes commands off the ring that JavaScript fills and enqueues their launches, on its own
// thread or on the thread that waits. It knows launchers by number only and checks nothing about their arguments.
#pragma once
#include <pthread.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../cpu/program.h"
#include "cupti.h"
#include "driver.h"
#include "graphs.h"
#include "launcher.h"
#include "pointwise_compiler.h"
#include "report.h"
#include "staging.h"

namespace layerwise {

// The launchers in alphabetical order after `skip`; the index is the kernel's id. entries[0] is null: skip.
const std::vector<const LauncherEntry*>& launcher_table();

// A pointwise program as `define` returns it.
struct DeviceProgram {
  PointwiseProgram program;
  CuPointer code = 0;  // its instructions on the device
  CompiledVariants compiled;
};

struct KernelEvent {
  double command, start_us, duration_us, threads;
};

class Engine : public Context {
 public:
  // Indices into `control`; native/README.md says who writes what.
  enum Control { kTail, kSubmitted, kHead, kDone, kAsleep, kRecord, kCancel, kError, kControls };

  // Null and a sentence when the device cannot be opened.
  static std::unique_ptr<Engine> open(int device, const double* ring, int64_t ring_words, int32_t* control,
                                      std::string* why);
  ~Engine();
  Engine(const Engine&) = delete;

  void wake();
  // Enqueue everything up to `command`, without waiting for the GPU. False when cancelled.
  bool issue(uint32_t command);
  // Until `command` is finished on the GPU. False when cancelled or failed.
  bool wait(uint32_t command);
  bool take_error(std::string* text);
  size_t take_events(KernelEvent* target, size_t capacity);
  // From now on CUPTI tells when work ran. False, and one sentence, where it cannot: events around launches remain.
  bool start_activities(std::string* why);
  void stop_activities();
  // Records so far, null when none are made.
  ActivityLog* activities() { return activities_.get(); }

  // Null when the GPU has no more.
  void* allocate(size_t bytes);
  void release(void* block);
  void memory_info(size_t* available, size_t* total);
  // Pinned memory of the host.
  void* allocate_host(size_t bytes);
  void release_host(void* block);
  // Copies in stream order, behind everything submitted: upload returns as soon as the source may be overwritten (with
  // `is_pinned` the copy itself comes later), download when the bytes are there (with `is_pinned` they come later).
  bool upload(void* to, const void* from, size_t bytes, bool is_pinned);
  bool download(void* to, const void* from, size_t bytes, bool is_pinned);

  // A second stream; 0 is the one that everything else uses. Commands of the family "streams" choose.
  int create_stream(int priority);
  int create_event();
  void destroy_event(int event);
  bool query_stream(int stream);
  bool synchronize_stream(int stream);
  bool query_event(int event);
  bool synchronize_event(int event);
  // Negative when the two have not both been recorded and reached.
  double elapsed_ms(int start, int end);

  DeviceProgram* define(const double* words, size_t count, const char** error);

  PointwiseCompiler& pointwise_compiler() { return *pointwise_compiler_; }
  // Launches what was compiled while running.
  void launch_compiled(CuFunction function, Grid grid, Grid block, const void* const* addresses);

  // For launchers
  void* scratch(int slot, size_t bytes) override;
  void copy(void* to, const void* from, size_t bytes) override;
  void fill(void* to, uint8_t value, size_t bytes) override;
  const void* upload_table(const void* data, size_t bytes) override;
  void* report() const override { return (void*)report_device_; }
  void fail(const char* text) override;
  bool is_capturing() const override { return capturing_ != nullptr; }
  void use_stream(int stream);
  void record_event(int event);
  void wait_event(int event);
  void begin_graph(int number);
  void end_graph();
  void launch_graph(int number);
  void forget_graph(int number);

 private:
  struct Entry {
    CuFunction function = nullptr;
    size_t shared_bytes = 48 << 10;  // allowed so far
  };
  struct Timed {
    uint32_t command;
    CuEvent start, end;
  };
  Engine(int device, const double* ring, int64_t ring_words, int32_t* control);
  void launch_entry(const char* name, const char* suffix, Grid grid, Grid block, size_t shared_bytes,
                    const void* const* addresses, const size_t* sizes, size_t count) override;
  static void* thread_main(void* engine);
  void loop();
  void start_thread();
  bool has_work() const;
  bool try_lock();
  void lock();
  void unlock();
  void drain(uint32_t command, bool all);
  void execute(const double* command, uint32_t number);
  void corrupt(const char* what);
  bool is_issued(uint32_t command) const;
  bool is_fine() const;
  // Until everything that was issued is finished; false when cancelled or failed.
  bool synchronize();
  void read_report();
  bool check(CuResult result, const char* what);
  const Entry* find_entry(const char* name, const char* suffix, const size_t* sizes, size_t count);
  CuModule module_of(const char* family);
  LaunchGraph* graph_of(int number);
  void forget_graphs();
  // True, and an error, while a graph is captured.
  bool refuse_while_capturing();
  CuPointer graph_memory(size_t bytes);
  CuPointer captured_table(const void* data, size_t bytes);
  CuEvent timing_event();
  void begin_recording();

  const Driver& driver_;
  const double* ring_;
  const int64_t ring_words_;
  std::atomic<int32_t>* control_;
  const std::vector<const LauncherEntry*>& launchers_;
  CuDevice device_ = 0;
  CuContext context_ = nullptr;
  std::vector<CuStream> streams_;
  CuStream setup_stream_ = nullptr;  // for what must be on the GPU at once, also while a graph is captured
  int current_stream_ = 0;
  std::vector<CuEvent> events_;
  std::vector<int> free_events_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<PointwiseCompiler> pointwise_compiler_;
  std::unordered_map<std::string_view, CuModule> modules_;
  std::unordered_map<std::string, Entry> entries_;
  std::string entry_name_;  // kept, so that looking up allocates nothing
  std::vector<ScratchBlock> scratch_;
  std::vector<std::unique_ptr<DeviceProgram>> programs_;
  std::vector<std::unique_ptr<LaunchGraph>> graphs_;
  LaunchGraph* capturing_ = nullptr;
  int capturing_stream_ = 0;
  Report* report_host_ = nullptr;
  CuPointer report_device_ = 0;

  int64_t head_ = 0;  // position in the ring
  std::atomic<uint32_t> issued_{0};
  std::atomic<int32_t> stopping_{0};
  std::atomic<int32_t> lock_{0};
  bool has_thread_ = false;
  pthread_t thread_;

  std::unique_ptr<ActivityLog> activities_;
  std::vector<Timed> timed_;
  std::vector<CuEvent> timing_pool_;
  CuEvent base_event_ = nullptr;
  double base_us_ = 0;

  std::atomic<int32_t> notes_lock_{0};
  std::string error_;
};

}  // namespace layerwise
