// Work that tells whoever listens (observe.h) when it runs. The driver wraps what it enqueues; a graph that runs captured
// work again tells of it under its own call, as CUPTI does.
#pragma once
#include "../driver.h"
#include "observe.h"
#include "streams.h"

namespace emulation {

Observed about(WorkKind kind, size_t bytes, uint32_t value = 0);
// The call is told now, the work each time it has run.
Work observed(Observed about, layerwise::CuStream stream, Work work);
// The call is told now; the work inside is told as part of it.
Work replayed(Work work, uint32_t correlation);
// A call that launches what was captured: its number, for `replayed`.
uint32_t observed_call();

}  // namespace emulation
