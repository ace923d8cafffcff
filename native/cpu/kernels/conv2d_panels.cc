// conv2d by panels of filters, as rows (conv_rows.h) or by Winograd's way (conv_winograd.h), and the packing of weights
// for both: of plain ones, which callers may keep packed, and of those of few bits, which are spelled out panel by panel
// for each call. Which way suits a geometry is the caller's choice. Sums are in single precision: no float64.
#include "conv_rows.h"
#include "conv_winograd.h"
#include "low_bit.h"

namespace layerwise::NS {
namespace {

enum Way : int { kRows, kWinograd };

// Readers hand out a panel's taps in the order [channel][tap][kPanelFilters], zeros behind the last filter.
template <class S> struct PlainReader {
  const S* weight;
  int64_t filters, channels, taps;  // of a group

  void operator()(Context*, float* to, int64_t group, int64_t panel, int64_t first, int64_t count) const {
    const int64_t filter = panel * kPanelFilters;
    pack_panel(to, int(kPanelFilters), int(smaller(kPanelFilters, filters - filter)),
               weight + ((group * filters + filter) * channels + first) * taps, channels * taps, 1, count * taps);
  }
};

struct LowBitReader {
  LowBitWeights w;
  int64_t filters, channels, taps;  // of a group

  void operator()(Context* context, float* to, int64_t group, int64_t panel, int64_t first, int64_t count) const {
    const int64_t filter = panel * kPanelFilters, depth = count * taps;
    const int some = int(smaller(kPanelFilters, filters - filter));
    float* stage = (float*)context->scratch(context, 3, size_t(some * depth) * sizeof(float));
    if (!stage) return context->fail(context, "[conv2d] out of memory for the spelled weights");
    for (int j = 0; j < some; j++) spell_run(stage + j * depth, w, group * filters + filter + j, first * taps, depth);
    pack_panel(to, int(kPanelFilters), some, (const float*)stage, depth, 1, depth);
  }
};

template <class Reader> void pack(Context* context, Way way, float* out, const ConvShape& s, const Reader& reader) {
  if (way == kRows) return pack_rows(context, out, s, reader);
  pack_winograd(context, out, s.O, s.C, reader);
}

LW_STATIC int64_t packed_numbers(Way way, const ConvShape& s) {
  return way == kRows ? row_weights(s) : winograd_weights(s.O, s.C);
}

// The reader's weights in scratch slot 1; null when there is no memory for them.
template <class Reader> float* packed_here(Context* context, Way way, const ConvShape& s, const Reader& reader) {
  float* room = (float*)context->scratch(context, 1, size_t(packed_numbers(way, s)) * sizeof(float));
  if (room) pack(context, way, room, s, reader);
  else context->fail(context, "[conv2d] out of memory for the packed weights");
  return room;
}

// `kept`: the packed weight, or null.
template <class S, class Reader>
void convolve(Context* context, Way way, const ConvShape& whole, S* out, const S* x, const float* kept, const S* bias,
              const Reader& reader, Epilogue epilogue = {}) {
  if (!epilogue.prepare(context, out, whole.O)) return;
  const float* packed = kept ? kept : packed_here(context, way, whole, reader);
  if (!packed) return;
  const int64_t channels = ceil_div(whole.C, kLanesOf) * kLanesOf;
  const int64_t bytes = channels * (whole.H + 2 * whole.ph + 2) * (whole.W + 2 * whole.pw + 2) * int64_t(sizeof(float));
  const int64_t chunk = images_at_once(whole.N, bytes);
  ConvShape s = whole;
  for (int64_t n = 0; n < whole.N; n += chunk) {
    s.N = smaller(chunk, whole.N - n);
    S* to = out + n * s.O * s.oh * s.ow;
    const S* from = x + n * s.C * s.H * s.W;
    if (way == kWinograd) {
      const Finite found = convolve_winograd(context, s, to, from, packed, bias, epilogue);
      if (found == kFailed) return;
      if (found == kFinite) continue;
      way = kRows;  // for what is left, too: where a weight is not finite nothing is
      packed = packed_here(context, way, s, reader);
      if (!packed) return;
    }
    convolve_rows(context, s, to, from, packed, bias, epilogue);
  }
}

template <class F> void with_single(Context* context, Dtype dtype, F f) {
  const bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (!is_same<S, double>) f(tag);
  });
  if (!known || dtype == kFloat64) context->fail(context, "[conv2d] expected float32, float16 or bfloat16");
}

void run(Context* context, Args args, Way way, const Epilogue& epilogue = {}) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer(), *weight = args.pointer(), *bias = args.pointer();
  const float* kept = args.pointer<float>();
  const ConvShape s = ConvShape::read(args);
  with_single(context, dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    const PlainReader<S> reader = {(const S*)weight, s.Og, s.Cg, s.kh * s.kw};
    convolve(context, way, s, (S*)out, (const S*)x, kept, (const S*)bias, reader, epilogue);
  });
}

void run_pack(Context* context, Args args, Way way) {
  const Dtype dtype = args.dtype();
  float* out = args.pointer<float>();
  void* weight = args.pointer();
  const ConvShape s = ConvShape::read(args);
  with_single(context, dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    pack(context, way, out, s, PlainReader<S>{(const S*)weight, s.Og, s.Cg, s.kh * s.kw});
  });
}

// format weight_dtype weight scale zero table group, then sizes.
LowBitReader read_low_bit(Args& args, ConvShape* s) {
  LowBitWeights w;
  w.format = (WeightFormat)args.integer();
  w.dtype = int(args.integer());
  w.data = args.pointer<uint8_t>();
  w.scale = args.pointer<float>();
  w.zero = args.pointer<uint8_t>();
  w.table = args.pointer<float>();
  w.group = args.integer();
  *s = ConvShape::read(args);
  w.k = s->Cg * s->kh * s->kw;
  w.measure();
  return {w, s->Og, s->Cg, s->kh * s->kw};
}

void run_low_bit(Context* context, Args args, Way way) {
  context->cancellable = true;
  float* out = args.pointer<float>();
  const float *x = args.pointer<float>(), *bias = args.pointer<float>(), *kept = args.pointer<float>();
  ConvShape s;
  const LowBitReader reader = read_low_bit(args, &s);
  convolve(context, way, s, out, x, kept, bias, reader);
}

void run_pack_low_bit(Context* context, Args args, Way way) {
  float* out = args.pointer<float>();
  ConvShape s;
  const LowBitReader reader = read_low_bit(args, &s);
  pack(context, way, out, s, reader);
}

}  // namespace

KERNEL(conv2d_rows) { run(context, args, kRows); }
KERNEL(conv2d_winograd) { run(context, args, kWinograd); }
KERNEL(conv2d_rows_epilogue) {
  const Epilogue epilogue = Epilogue::read(args);
  run(context, args, kRows, epilogue);
}
KERNEL(conv2d_winograd_epilogue) {
  const Epilogue epilogue = Epilogue::read(args);
  run(context, args, kWinograd, epilogue);
}
KERNEL(pack_conv2d_rows) { run_pack(context, args, kRows); }
KERNEL(pack_conv2d_winograd) { run_pack(context, args, kWinograd); }
KERNEL(low_bit_conv2d_rows) { run_low_bit(context, args, kRows); }
KERNEL(low_bit_conv2d_winograd) { run_low_bit(context, args, kWinograd); }
KERNEL(pack_low_bit_conv2d_rows) { run_pack_low_bit(context, args, kRows); }
KERNEL(pack_low_bit_conv2d_winograd) { run_pack_low_bit(context, args, kWinograd); }

}  // namespace layerwise::NS
