// One thread, one queue. Modules are never unloaded before the context ends.
#include "pointwise_compiler.h"

#include <stdlib.h>
#include <string.h>

#include "../common/futex.h"
#include "compiler.h"

namespace layerwise {

PointwiseCompiler::PointwiseCompiler(const Driver& driver, CuContext context, int major, int minor)
    : driver_(driver), context_(context), major_(major), minor_(minor) {
  const char* when = getenv("LAYERWISE_CUDA_COMPILE");
  at_once_ = when && !strcmp(when, "now");
  const bool is_off = when && !strcmp(when, "off");
  // The emulated driver runs what the host's compiler made, which takes half a second each: only where it is asked for.
  is_useful_ = !is_off && (at_once_ || !driver.is_emulated) && can_compile();
}

PointwiseCompiler::~PointwiseCompiler() {
  stopping_.store(true);
  if (!has_thread_) return;
  calls_.fetch_add(1);
  futex_wake(&calls_, 1);
  pthread_join(thread_, nullptr);
}

CuFunction PointwiseCompiler::find(const PointwiseProgram& program, const PointwiseLayout& layout,
                                   CompiledVariants& variants) {
  std::unique_ptr<CompiledPointwise>& variant = variants[layout.key()];
  if (variant) return variant->function.load(std::memory_order_acquire);
  variant = std::make_unique<CompiledPointwise>();
  Job job = {pointwise_source(program, layout), variant.get()};
  if (at_once_) {
    compile(job);
    return variant->function.load();
  }
  {
    std::lock_guard<std::mutex> guard(lock_);
    jobs_.push_back(std::move(job));
  }
  if (!has_thread_) has_thread_ = !pthread_create(&thread_, nullptr, thread_main, this);
  calls_.fetch_add(1);
  futex_wake(&calls_, 1);
  return nullptr;
}

std::string PointwiseCompiler::failure() {
  std::lock_guard<std::mutex> guard(lock_);
  return failure_;
}

void PointwiseCompiler::compile(const Job& job) {
  std::string image, log;
  CuModule module = nullptr;
  CuFunction function = nullptr;
  if (compile_source(job.source, major_, minor_, &image, &log)) {
    driver_.set_context(context_);
    CuResult result = driver_.load_module(&module, image.c_str());
    if (!result) result = driver_.get_function(&function, module, "pointwise");
    if (result) log = driver_.explain(result);
  }
  if (!function) {
    std::lock_guard<std::mutex> guard(lock_);
    failure_ = log.empty() ? "no reason was given" : log;
  } else {
    ready_.fetch_add(1);
  }
  job.result->function.store(function, std::memory_order_release);
}

void* PointwiseCompiler::thread_main(void* self) {
  ((PointwiseCompiler*)self)->loop();
  return nullptr;
}

void PointwiseCompiler::loop() {
  while (!stopping_.load()) {
    const int32_t seen = calls_.load();
    Job job = {"", nullptr};
    {
      std::lock_guard<std::mutex> guard(lock_);
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
    }
    if (job.result) compile(job);
    else futex_wait(&calls_, seen);
  }
}

}  // namespace layerwise
