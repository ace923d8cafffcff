// copy_bytes and fill_zero: contiguous memory, on the pool when there is enough of it.
#include "../kernel.h"

namespace layerwise::NS {

constexpr int64_t kGrainBytes = 256 << 10;

KERNEL(copy_bytes) {
  char* dst = args.pointer<char>();
  const char* src = args.pointer<const char>();
  const int64_t bytes = args.integer();
  context->cancellable = true;
  parallel_for(context, bytes, kGrainBytes,
               [=](int64_t begin, int64_t end) { memcpy(dst + begin, src + begin, size_t(end - begin)); });
}

KERNEL(fill_zero) {
  char* dst = args.pointer<char>();
  const int64_t bytes = args.integer();
  context->cancellable = true;
  parallel_for(context, bytes, kGrainBytes,
               [=](int64_t begin, int64_t end) { memset(dst + begin, 0, size_t(end - begin)); });
}

}  // namespace layerwise::NS
