// Streams, events and graphs of the emulated driver. While deferring, work happens when somebody synchronises with its
// stream, or when another stream that must wait for it goes on.
#include "streams.h"

#include <stdlib.h>
#include <time.h>

#include "observed.h"

namespace emulation {

using namespace layerwise;

size_t number_from(const char* name, size_t otherwise) {
  const char* text = getenv(name);
  return text && *text ? size_t(strtoull(text, nullptr, 10)) : otherwise;
}

State& state() {
  static State* state = new State;
  return *state;
}

namespace {

// 1: the work of every stream waits; 2: only that of the stream that was made first, and the others run ahead of it.
bool defers(const Stream& stream) {
  static const size_t mode = number_from("LAYERWISE_EMULATION_DEFER", 0);
  return mode == 1 || (mode == 2 && !state().streams.empty() && &stream == state().streams[0]);
}

double now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

}  // namespace

Stream& stream_of(CuStream stream) { return stream ? *(Stream*)stream : state().legacy; }

// One order for all streams while deferring: whatever waits runs first come, first served within its stream.
void finish(Stream& stream) {
  while (!stream.waiting.empty()) {
    Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    work();
  }
}

// As much as a stream must have done before the recording is reached, and no more.
void finish(Recording& recording) {
  while (!recording.is_done && !recording.stream->waiting.empty()) {
    Work work = std::move(recording.stream->waiting.front());
    recording.stream->waiting.pop_front();
    work();
  }
}

CuResult refuse(Stream& stream) {
  if (!stream.capture) return kCuSuccess;
  stream.capture->is_broken = true;
  return kCaptureUnsupported;
}

void finish_all() {
  finish(state().legacy);
  for (Stream* stream : state().streams) finish(*stream);
}

CuResult enqueue(CuStream stream, Work work) {
  Stream& s = stream_of(stream);
  if (s.capture) {
    s.capture->work.push_back(std::move(work));
    s.captured++;
    s.is_open = true;
  } else if (defers(s)) {
    s.waiting.push_back(std::move(work));
  } else {
    work();
  }
  return kCuSuccess;
}

}  // namespace emulation

using namespace layerwise;
using namespace emulation;

EXPORT CuResult cuStreamCreateWithPriority(CuStream* stream, unsigned, int) {
  Guard guard;
  Stream* made = new Stream;
  state().streams.push_back(made);
  *stream = (CuStream)made;
  return kCuSuccess;
}
EXPORT CuResult cuStreamDestroy_v2(CuStream stream) {
  Guard guard;
  finish(stream_of(stream));
  std::erase(state().streams, (Stream*)stream);
  delete (Stream*)stream;
  return kCuSuccess;
}
EXPORT CuResult cuStreamSynchronize(CuStream stream) {
  Guard guard;
  if (const CuResult result = refuse(stream_of(stream))) return result;
  finish(stream_of(stream));
  return kCuSuccess;
}
EXPORT CuResult cuStreamQuery(CuStream stream) {
  Guard guard;
  // Whoever asks again and again must see an end: one piece of work per question.
  Stream& s = stream_of(stream);
  if (const CuResult result = refuse(s)) return result;
  if (s.waiting.empty()) return kCuSuccess;
  Work work = std::move(s.waiting.front());
  s.waiting.pop_front();
  work();
  return s.waiting.empty() ? kCuSuccess : kCuNotReady;
}
EXPORT CuResult cuEventCreate(CuEvent* event, unsigned) { return *event = (CuEvent) new Event, kCuSuccess; }
EXPORT CuResult cuEventDestroy_v2(CuEvent event) {
  Guard guard;
  delete (Event*)event;
  return kCuSuccess;
}
EXPORT CuResult cuEventRecord(CuEvent event, CuStream stream) {
  Guard guard;
  auto recording = std::make_shared<Recording>();
  Stream& s = stream_of(stream);
  recording->stream = &s;
  recording->capture = s.capture;
  recording->captured = s.captured;
  ((Event*)event)->last = recording;
  if (s.capture) return kCuSuccess;
  return enqueue(stream, [recording] {
    recording->ms = now_ms();
    recording->is_done = true;
  });
}
EXPORT CuResult cuEventQuery(CuEvent event) {
  Guard guard;
  const Recording* last = ((Event*)event)->last.get();
  if (last && last->capture) return kCapturedEvent;
  return !last || last->is_done ? kCuSuccess : kCuNotReady;
}
EXPORT CuResult cuEventSynchronize(CuEvent event) {
  Guard guard;
  Recording* last = ((Event*)event)->last.get();
  if (last && last->capture) return kCapturedEvent;
  if (last) finish(*last);
  return kCuSuccess;
}
EXPORT CuResult cuStreamWaitEvent(CuStream stream, CuEvent event, unsigned) {
  Guard guard;
  Stream& s = stream_of(stream);
  const std::shared_ptr<Recording> recording = ((Event*)event)->last;
  if (!recording) return kCuSuccess;
  if (!recording->capture && !s.capture) {
    return enqueue(stream, [recording] { finish(*recording); });
  }
  // A stream that waits for what is captured takes part from now on; one that takes part waits for nothing else.
  if (recording->capture && (!s.capture || s.capture == recording->capture)) {
    if (!recording->stream->capture) return kCapturedEvent;
    s.capture = recording->capture;
    s.is_open = true;
    if (recording->captured == recording->stream->captured) recording->stream->is_open = false;
    return kCuSuccess;
  }
  if (s.capture) s.capture->is_broken = true;
  return kCaptureIsolation;
}
EXPORT CuResult cuEventElapsedTime(float* ms, CuEvent start, CuEvent end) {
  Guard guard;
  const Recording* a = ((Event*)start)->last.get();
  const Recording* b = ((Event*)end)->last.get();
  if (!a || !b || a->capture || b->capture) return kInvalidHandle;
  if (!a->is_done || !b->is_done) return kCuNotReady;
  *ms = float(b->ms - a->ms);
  return kCuSuccess;
}

// Graphs: a list of what was asked for, run again in order.
EXPORT CuResult cuStreamBeginCapture_v2(CuStream stream, int) {
  Guard guard;
  Stream& s = stream_of(stream);
  if (s.capture) return kCuInvalidValue;
  s.capture = new Capture{{}, &s};
  return kCuSuccess;
}
EXPORT CuResult cuStreamEndCapture(CuStream stream, CuGraph* graph) {
  Guard guard;
  Capture* capture = stream_of(stream).capture;
  *graph = nullptr;
  if (!capture) return kCuInvalidValue;
  if (capture->origin != &stream_of(stream)) return kCaptureUnmatched;
  CuResult result = capture->is_broken ? CuResult(kCaptureInvalidated) : CuResult(kCuSuccess);
  for (Stream* s : state().streams) {
    if (s->capture != capture) continue;
    if (!result && s->is_open && s != capture->origin) result = kCaptureUnjoined;
    s->capture = nullptr;
    s->is_open = false;
  }
  if (!result) *graph = (CuGraph) new std::vector<Work>(capture->work);
  delete capture;
  return result;
}
EXPORT CuResult cuGraphInstantiateWithFlags(CuGraphExec* made, CuGraph graph, unsigned long long) {
  *made = (CuGraphExec) new std::vector<Work>(*(std::vector<Work>*)graph);
  return kCuSuccess;
}
EXPORT CuResult cuGraphLaunch(CuGraphExec graph, CuStream stream) {
  Guard guard;
  const uint32_t call = emulation::observed_call();
  for (const Work& work : *(std::vector<Work>*)graph) enqueue(stream, emulation::replayed(work, call));
  return kCuSuccess;
}
EXPORT CuResult cuGraphDestroy(CuGraph graph) {
  delete (std::vector<Work>*)graph;
  return kCuSuccess;
}
EXPORT CuResult cuGraphExecDestroy(CuGraphExec graph) {
  delete (std::vector<Work>*)graph;
  return kCuSuccess;
}
