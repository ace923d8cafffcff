// CUPTI by dlopen. Its callbacks are the process's, so there is one session for all engines: every launch carries its
// engine's tag, its stream and its command as an external id, by which records find their way back.
#include "cupti.h"

#include <cxxabi.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "../common/futex.h"
#include "cupti_records.h"
#include "libraries.h"

namespace layerwise {
namespace {

constexpr size_t kBufferBytes = size_t(1) << 20;
constexpr size_t kMostNameLength = 160;
constexpr int kMostLogs = 256;
constexpr size_t kMostUnplaced = 1 << 16;
constexpr int kTrialTag = 0;
constexpr uint32_t kTrialCommand = 0x7A11;

struct Functions {
#define LW_MEMBER(member, its_symbol, arguments) int(*member) arguments = nullptr;
  LW_CUPTI_FUNCTIONS(LW_MEMBER)
#undef LW_MEMBER
  // Why there is no CUPTI to ask, one sentence.
  std::string reason;
};

// Read by us: CUPTI of CUDA 12 and 13. What comes later may have other records.
bool is_known(uint32_t version) { return (version >= 18 && version <= 99) || (version >= 130000 && version < 140000); }

Functions find_functions(bool is_emulated) {
  Functions f;
  // For comparisons: events around launches even where CUPTI is.
  const char* choice = getenv("LAYERWISE_CUDA_TIMES");
  if (choice && !strcmp(choice, "events")) {
    f.reason = "events were asked for";
    return f;
  }
  const Library& from = library(kCupti);
  if (!from.handle) {
    f.reason = "CUPTI was " + from.reason;
    return f;
  }
  // The real library sees nothing of the emulation's launches.
  if (is_emulated && !from.symbol("layerwise_emulated_library")) {
    f.reason = "CUPTI cannot see the emulated GPU";
    return f;
  }
#define LW_FIND(member, its_symbol, arguments) \
  f.member = (int(*) arguments)from.symbol(#its_symbol); \
  if (!f.member) { \
    f.reason = "CUPTI has no " #its_symbol; \
    return f; \
  }
  LW_CUPTI_FUNCTIONS(LW_FIND)
#undef LW_FIND
  uint32_t version = 0;
  if (f.version(&version) || !is_known(version)) {
    f.reason = "CUPTI's version " + std::to_string(version) + " is newer than what is known here";
  }
  return f;
}

uint64_t external_id(int tag, int stream, uint32_t command) {
  return uint64_t(tag) << 48 | uint64_t(stream & 0xFF) << 32 | command;
}

struct Record {
  Activity activity;
  uint32_t correlation;
  uint32_t value;
};

struct Session {
  std::mutex lock;
  const Functions* f = nullptr;
  int users = 0;
  bool is_in_use[kMostLogs] = {};
  std::unordered_map<uint32_t, uint64_t> external;
  std::vector<Record> unplaced;
  std::unordered_map<int, std::vector<Record>> placed;
  std::unordered_map<std::string, int> name_numbers;
  std::vector<std::string> names;
  // What CUPTI's nanoseconds are on our clock.
  double offset_us = 0;

  int name_number(const char* name) {
    if (!name || !*name) return -1;
    auto [known, is_new] = name_numbers.try_emplace(name, int(names.size()));
    if (is_new) {
      int status = 0;
      char* readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
      names.push_back(std::string(status == 0 && readable ? readable : name).substr(0, kMostNameLength));
      free(readable);
    }
    return known->second;
  }
};

// Never destroyed: CUPTI's own thread may call at any time.
Session& session() {
  static Session* session = new Session;
  return *session;
}

// CUPTI's callbacks

void give_buffer(uint8_t** buffer, size_t* bytes, size_t* most_records) {
  *buffer = (uint8_t*)aligned_alloc(8, kBufferBytes);
  *bytes = *buffer ? kBufferBytes : 0;
  *most_records = 0;
}

template <class Told> Record timed(const Told& told, ActivityKind kind, double offset_us) {
  Record record = {};
  record.activity.start_us = double(told.start) * 1e-3 + offset_us;
  record.activity.duration_us = told.end >= told.start ? double(told.end - told.start) * 1e-3 : 0;
  record.activity.kind = double(int(kind));
  record.activity.name = -1;
  record.correlation = told.correlation;
  return record;
}

ActivityKind kind_of_copy(uint8_t kind) {
  if (kind == kCuptiToDevice) return ActivityKind::kToDevice;
  return kind == kCuptiFromDevice ? ActivityKind::kFromDevice : ActivityKind::kOnDevice;
}

void read_record(Session& s, const void* told) {
  switch (*(const uint32_t*)told) {
    case kCuptiExternal: {
      const auto& external = *(const CuptiExternalRecord*)told;
      if (external.external_kind == kCuptiCustom0) s.external[external.correlation] = external.external_id;
      return;
    }
    case kCuptiKernel: {
      const auto& kernel = *(const CuptiKernelRecord*)told;
      Record record = timed(kernel, ActivityKind::kKernel, s.offset_us);
      record.activity.name = s.name_number(kernel.name);
      s.unplaced.push_back(record);
      return;
    }
    case kCuptiMemcpy: {
      const auto& copy = *(const CuptiCopyRecord*)told;
      Record record = timed(copy, kind_of_copy(copy.copy_kind), s.offset_us);
      record.activity.bytes = double(copy.bytes);
      s.unplaced.push_back(record);
      return;
    }
    case kCuptiPeerCopy: {
      const auto& copy = *(const CuptiPeerCopyRecord*)told;
      Record record = timed(copy, ActivityKind::kOnDevice, s.offset_us);
      record.activity.bytes = double(copy.bytes);
      s.unplaced.push_back(record);
      return;
    }
    case kCuptiMemset: {
      const auto& fill = *(const CuptiFillRecord*)told;
      Record record = timed(fill, ActivityKind::kFill, s.offset_us);
      record.activity.bytes = double(fill.bytes);
      record.value = fill.value;
      s.unplaced.push_back(record);
      return;
    }
    default: return;
  }
}

void take_buffer(void*, uint32_t, uint8_t* buffer, size_t, size_t bytes) {
  Session& s = session();
  {
    std::lock_guard<std::mutex> guard(s.lock);
    void* record = nullptr;
    while (s.f && bytes && !s.f->next_record(buffer, bytes, &record)) read_record(s, record);
  }
  free(buffer);
}

// With the lock held: records whose launch is known go to its log. The others' correlation comes in a later buffer, or
// they are somebody else's.
void place(Session& s) {
  std::vector<Record> rest;
  for (Record& record : s.unplaced) {
    const auto known = s.external.find(record.correlation);
    if (known == s.external.end()) {
      rest.push_back(record);
      continue;
    }
    record.activity.command = double(uint32_t(known->second));
    record.activity.stream = double(known->second >> 32 & 0xFF);
    const int tag = int(known->second >> 48);
    if (tag == kTrialTag || s.is_in_use[tag]) s.placed[tag].push_back(record);
  }
  const size_t kept = std::min(rest.size(), kMostUnplaced);
  s.unplaced.assign(rest.end() - long(kept), rest.end());
}

// The clock of the records against ours: of a few looks the one that took least.
double clock_offset(const Functions& f) {
  double best_us = 1e9, offset_us = 0;
  for (int i = 0; i < 8; i++) {
    uint64_t ns = 0;
    const double before = now_us();
    f.timestamp(&ns);
    const double after = now_us();
    if (after - before >= best_us) continue;
    best_us = after - before;
    offset_us = (before + after) / 2 - double(ns) * 1e-3;
  }
  return offset_us;
}

const uint32_t kWork[] = {kCuptiExternal, kCuptiKernel, kCuptiMemcpy, kCuptiPeerCopy, kCuptiMemset};
// Records of calls are only needed where external ids do not come without them.
const uint32_t kCalls[] = {kCuptiDriverApi, kCuptiRuntimeApi};

std::string words_for(const Functions& f, int result) {
  switch (result) {
    case kCuptiInsufficientPrivileges:
    case kCuptiVirtualPrivileges:
      return "this user may not profile the GPU (NVIDIA's driver option NVreg_RestrictProfilingToAdminUsers, "
             "or the hypervisor)";
    case kCuptiMultipleSubscribers: return "another profiler uses it already";
    default: break;
  }
  const char* text = nullptr;
  f.result_text(result, &text);
  return text ? text : "error " + std::to_string(result);
}

void disable_all(const Functions& f) {
  for (uint32_t kind : kWork) f.disable(kind);
  for (uint32_t kind : kCalls) f.disable(kind);
}

// What came of the trial: "" when all of it was told, at the right times, under its id.
std::string judge(const ActivityTrial& trial, const std::vector<Record>& told, double began_us, double ended_us) {
  bool has_fill = false, has_kernel = false;
  // A little apart: two clocks are compared.
  const double slack_us = 2000;
  for (const Record& record : told) {
    const Activity& a = record.activity;
    const bool is_then = a.start_us > began_us - slack_us && a.start_us + a.duration_us < ended_us + slack_us;
    if (!is_then || uint32_t(a.command) != kTrialCommand) continue;
    if (ActivityKind(int(a.kind)) == ActivityKind::kFill) {
      has_fill = has_fill || (size_t(a.bytes) == trial.fill_bytes && (record.value & 0xFF) == trial.fill_value);
    } else if (ActivityKind(int(a.kind)) == ActivityKind::kKernel && a.name >= 0) {
      has_kernel = has_kernel || session().names[size_t(a.name)] == trial.kernel;
    }
  }
  if (has_fill && has_kernel) return "";
  return told.empty() ? "it told nothing of a kernel that ran" : "what it told of a kernel that ran is not what ran";
}

// Enables, does the trial and reads what is told of it. With `calls` the driver's calls are recorded too.
std::string enable_and_try(Session& s, const Functions& f, const ActivityTrial& trial, bool with_calls) {
  for (uint32_t kind : kWork) {
    if (const int result = f.enable(kind)) return words_for(f, result);
  }
  for (uint32_t kind : kCalls) {
    if (!with_calls) break;
    if (const int result = f.enable(kind)) return words_for(f, result);
  }
  {
    std::lock_guard<std::mutex> guard(s.lock);
    s.offset_us = clock_offset(f);
  }
  const double began_us = now_us();
  f.push_external(kCuptiCustom0, external_id(kTrialTag, 0, kTrialCommand));
  const bool has_run = trial.run();
  f.pop_external(kCuptiCustom0, nullptr);
  const double ended_us = now_us();
  if (!has_run) return "the GPU did not run what was to be timed";
  f.flush(0);
  std::lock_guard<std::mutex> guard(s.lock);
  place(s);
  const std::string failure = judge(trial, s.placed[kTrialTag], began_us, ended_us);
  s.placed.erase(kTrialTag);
  s.external.clear();
  s.unplaced.clear();
  return failure;
}

std::string begin_session(Session& s, const Functions& f, const ActivityTrial& trial) {
  {
    std::lock_guard<std::mutex> guard(s.lock);
    const bool is_first = !s.f;
    s.f = &f;
    if (is_first) {
      if (const int result = f.register_callbacks(give_buffer, take_buffer)) {
        s.f = nullptr;
        return words_for(f, result);
      }
    }
  }
  std::string failure;
  for (const bool with_calls : {false, true}) {
    failure = enable_and_try(s, f, trial, with_calls);
    if (failure.empty()) return "";
    disable_all(f);
  }
  return failure;
}

std::mutex session_lock;  // beginning and ending, which call CUPTI and so must not hold the session's own lock

}  // namespace

std::unique_ptr<ActivityLog> ActivityLog::start(const ActivityTrial& trial, std::string* why) {
  static const Functions f = find_functions(trial.is_emulated);
  if (!f.reason.empty()) return *why = f.reason, nullptr;
  std::lock_guard<std::mutex> one_at_a_time(session_lock);
  Session& s = session();
  int tag = kTrialTag + 1;
  while (tag < kMostLogs && s.is_in_use[tag]) tag++;
  if (tag == kMostLogs) return *why = "too many GPUs are traced at once", nullptr;
  if (s.users == 0) {
    const std::string failure = begin_session(s, f, trial);
    if (!failure.empty()) return *why = "CUPTI refused: " + failure, nullptr;
  }
  s.users++;
  s.is_in_use[tag] = true;
  return std::unique_ptr<ActivityLog>(new ActivityLog(tag));
}

ActivityLog::~ActivityLog() {
  std::lock_guard<std::mutex> one_at_a_time(session_lock);
  Session& s = session();
  s.is_in_use[tag_] = false;
  if (--s.users == 0) {
    disable_all(*s.f);
    s.f->flush(kCuptiFlushForced);
  }
  std::lock_guard<std::mutex> guard(s.lock);
  s.placed.erase(tag_);
  if (s.users == 0) {
    s.external.clear();
    s.unplaced.clear();
  }
}

void ActivityLog::enter(uint32_t command, int stream) {
  session().f->push_external(kCuptiCustom0, external_id(tag_, stream, command));
}

void ActivityLog::leave() { session().f->pop_external(kCuptiCustom0, nullptr); }

size_t ActivityLog::take(Activity* target, size_t capacity) {
  Session& s = session();
  s.f->flush(0);
  std::lock_guard<std::mutex> guard(s.lock);
  place(s);
  std::vector<Record>& mine = s.placed[tag_];
  const size_t count = std::min(capacity, mine.size());
  for (size_t i = 0; i < count; i++) target[i] = mine[i].activity;
  mine.erase(mine.begin(), mine.begin() + long(count));
  return count;
}

std::vector<std::string> activity_names() {
  std::lock_guard<std::mutex> guard(session().lock);
  return session().names;
}

}  // namespace layerwise
