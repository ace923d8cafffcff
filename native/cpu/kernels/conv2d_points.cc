// conv2d by 1 x 1 straight from planes of pixels (conv_points.h), and the packing of its weight. float32 alone.
#include "conv_points.h"

namespace layerwise::NS {
namespace {

void run(Context* context, Args args, Epilogue epilogue = {}) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  float* out = args.pointer<float>();
  const float *x = args.pointer<float>(), *weight = args.pointer<float>(), *bias = args.pointer<float>();
  const float* kept = args.pointer<float>();
  const ConvShape s = ConvShape::read(args);
  if (dtype != kFloat32 || !suits_points(s)) {
    return context->fail(context, "[conv2d_points] expected float32 and one tap without padding in one group");
  }
  if (!epilogue.prepare(context, out, s.O)) return;
  if (!kept) {
    float* room = (float*)context->scratch(context, 1, size_t(point_weights(s)) * sizeof(float));
    if (!room) return context->fail(context, "[conv2d] out of memory for the packed weights");
    pack_points(context, room, s, weight);
    kept = room;
  }
  convolve_points(context, s, out, x, kept, bias, epilogue);
}

}  // namespace

KERNEL(conv2d_points) { run(context, args); }
KERNEL(conv2d_points_epilogue) {
  const Epilogue epilogue = Epilogue::read(args);
  run(context, args, epilogue);
}
KERNEL(pack_conv2d_points) {
  args.dtype();
  float* out = args.pointer<float>();
  const float* weight = args.pointer<float>();
  pack_points(context, out, ConvShape::read(args), weight);
}

}  // namespace layerwise::NS
