// Plain memory: copies and zeros, by the driver's own engines. And what orders streams, which computes nothing.
#include "../engine.h"

namespace layerwise {

// dst src bytes
LAUNCHER(copy_bytes) {
  void* to = args.pointer();
  const void* from = args.pointer();
  context.copy(to, from, size_t(args.integer()));
}

// dst bytes
LAUNCHER(fill_zero) {
  void* to = args.pointer();
  context.fill(to, 0, size_t(args.integer()));
}

// number: what follows goes to this stream
LAUNCHER(stream_use) { static_cast<Engine&>(context).use_stream(int(args.integer())); }

// number: recorded on the current stream
LAUNCHER(event_record) { static_cast<Engine&>(context).record_event(int(args.integer())); }

// number: what follows on the current stream waits for it
LAUNCHER(event_wait) { static_cast<Engine&>(context).wait_event(int(args.integer())); }

}  // namespace layerwise
