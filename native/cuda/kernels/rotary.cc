// The launcher of rotary embedding; its gradient is the inverse turn.
#include "rotary.h"

#include "rows.h"

namespace layerwise {
namespace {

// dtype out x cos sin angle_dtype  B H T D turned  x: batch head row strides, out: the same, cos and sin: batch row
// strides, interleaved inverse
LAUNCHER(rotary) {
  RotaryJob job = {};
  const Dtype dtype = args.dtype();
  job.out = args.pointer();
  job.x = args.pointer();
  job.cosine = args.pointer();
  job.sine = args.pointer();
  job.angle_dtype = args.dtype();
  int64_t* const numbers[] = {&job.B,     &job.H,         &job.T,        &job.D,       &job.turned,      &job.x_batch, &job.x_head,
                              &job.x_row, &job.out_batch, &job.out_head, &job.out_row, &job.angle_batch, &job.angle_row};
  for (int64_t* number : numbers) *number = args.integer();
  job.interleaved = args.flag();
  job.inverse = args.flag();
  if (!is_float(dtype)) return context.fail("[rotary] expected a floating dtype");
  const int64_t size = job.B * job.H * job.T * (job.D - job.turned / 2);
  if (size == 0) return;
  context.launch_typed("rotary", dtype, context.grid_for(size, 256), {256}, 0, job);
}

}  // namespace
}  // namespace layerwise
