// What stands between products of eight-bit integers: sums and products of two tensors, a factor for each channel, functions
// by a table, maxima and averages over windows. Rounds where PyTorch's kernels for the CPU round, as ours do there.
#include "int8_maps.h"
#include "vectors.h"

namespace {

constexpr int kFour = 4;  // codes of a thread

DEVICE int code_of(uint32_t byte, int is_signed) { return is_signed ? int(int8_t(byte)) : int(byte & 255); }

// Up to four neighbours, `count` of them, at once where they lie so.
DEVICE void load_four(int (&out)[kFour], const uint8_t* from, int count, int is_signed) {
  if (count == kFour && uintptr_t(from) % kFour == 0) {
    const uint32_t word = *(const uint32_t*)from;
    UNROLL for (int i = 0; i < kFour; i++) out[i] = code_of(word >> 8 * i, is_signed);
    return;
  }
  UNROLL for (int i = 0; i < kFour; i++) out[i] = i < count ? code_of(from[i], is_signed) : 0;
}
DEVICE void store_four(uint8_t* to, const int (&codes)[kFour], int count) {
  if (count == kFour && uintptr_t(to) % kFour == 0) {
    uint32_t word = 0;
    UNROLL for (int i = 0; i < kFour; i++) word |= uint32_t(codes[i] & 255) << 8 * i;
    *(uint32_t*)to = word;
    return;
  }
  UNROLL for (int i = 0; i < kFour; i++) {
    if (i < count) to[i] = uint8_t(codes[i]);
  }
}

DEVICE int least_code(int is_signed) { return is_signed ? -128 : 0; }
DEVICE int held(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

// Steps of the result as its code; far ones are held back from overflowing.
DEVICE int code_of_steps(float steps, int zero, int is_signed, int relu) {
  constexpr float far = 0x1p24f;
  steps = steps < far ? steps : far;
  const int least = least_code(is_signed), most = least + 255;
  const int low = relu ? held(zero, least, most) : least;
  return held(__float2int_rn(steps > -far ? steps : -far) + zero, low, most);
}

DEVICE int sum_of_codes(const Int8Add& job, int a, int b, bool is_at_once) {
  const int least = least_code(job.is_signed), most = least + 255;
  if (is_at_once) {
    const float x = __fmaf_rn(float(a), job.a_scale, -__fmul_rn(job.a_scale, float(job.a_zero)));
    const float y = __fmaf_rn(float(b), job.b_scale, -__fmul_rn(job.b_scale, float(job.b_zero)));
    float sum = __fadd_rn(x, y);
    if (job.relu) sum = sum > 0 ? sum : 0;
    const float low = float(least - job.zero), high = float(most - job.zero);
    float steps = __fmul_rn(sum, job.inverse);
    steps = steps > low ? steps : low;
    return __float2int_rn(steps < high ? steps : high) + job.zero;
  }
  const float x = __fmul_rn(float(a - job.a_zero), job.a_scale), y = __fmul_rn(float(b - job.b_zero), job.b_scale);
  float sum = __fadd_rn(x, y);
  if (job.relu && sum < 0) sum = 0;
  const float steps = __fadd_rn(__fmul_rn(sum, job.inverse), float(job.zero));
  return __float2int_rn(steps < float(least) ? float(least) : steps > float(most) ? float(most) : steps);
}

// The elements of a window, [top, bottom) x [left, right) by steps, and what an average divides by.
struct Span {
  int64_t top, bottom, left, right, down, across, divisor;

  static DEVICE Span of(const Int8Pool& p, int64_t oy, int64_t ox) {
    if (p.kind == kInt8Adaptive) {
      Span s = {quotient(oy * p.H, p.oh), quotient((oy + 1) * p.H + p.oh - 1, p.oh), quotient(ox * p.W, p.ow),
                quotient((ox + 1) * p.W + p.ow - 1, p.ow), 1, 1, 0};
      s.divisor = (s.bottom - s.top) * (s.right - s.left);
      return s;
    }
    const int64_t y = oy * p.sh - p.ph, x = ox * p.sw - p.pw;
    // The first tap inside, and the end of those that are.
    const int64_t above = y < 0 ? quotient(p.dh - 1 - y, p.dh) : 0, before = x < 0 ? quotient(p.dw - 1 - x, p.dw) : 0;
    Span s = {y + above * p.dh, smaller(y + p.kh * p.dh, p.H), x + before * p.dw, smaller(x + p.kw * p.dw, p.W), p.dh,
              p.dw, 1};
    if (p.kind == kInt8Largest) return s;
    s.bottom = larger(s.top, s.bottom), s.right = larger(s.left, s.right);
    const int64_t padded = (smaller(y + p.kh, p.H + p.ph) - y) * (smaller(x + p.kw, p.W + p.pw) - x);
    const int64_t inside = (s.bottom - s.top) * (s.right - s.left);
    s.divisor = larger(1, p.divisor ? p.divisor : p.includes_padding ? padded : inside);
    return s;
  }
};

// The average of `count` codes that add up to `sum`; how it rounds hangs on the channel's place.
DEVICE int average_of(const Int8Pool& p, int sum, const Span& s, int64_t channel) {
  const int count = int((s.bottom - s.top) * (s.right - s.left));
  const float total = float(sum - p.zero * count), zero = float(p.zero);
  const int least = least_code(p.is_signed);
  int q;
  if (p.C == 1) {
    q = __float2int_rn(__fadd_rn(__fdiv_rn(total, float(s.divisor)), zero));
  } else {
    const float inverse = __fdiv_rn(1, float(s.divisor));
    if (channel >= p.C / kInt8Together * kInt8Together) q = __float2int_rn(__fadd_rn(__fmul_rn(total, inverse), zero));
    else if (p.kind == kInt8Adaptive) q = __float2int_rn(__fmaf_rn(total, inverse, zero));
    else q = __float2int_rn(__fmul_rn(total, inverse)) + p.zero;
  }
  return held(q, least, least + 255);
}

}  // namespace

KERNEL(int8_add, (GRID_CONSTANT Int8Add job)) {
  for (int64_t at = thread_index() * kFour; at < job.n; at += thread_count() * kFour) {
    const int count = int(smaller(kFour, job.n - at));
    int a[kFour], b[kFour];
    load_four(a, job.a + at, count, job.is_signed);
    load_four(b, job.b + at, count, job.is_signed);
    const bool is_at_once = at < job.n / kInt8AtOnce * kInt8AtOnce;
    UNROLL for (int i = 0; i < kFour; i++) a[i] = sum_of_codes(job, a[i], b[i], is_at_once);
    store_four(job.out + at, a, count);
  }
}

KERNEL(int8_mul, (GRID_CONSTANT Int8Mul job)) {
  const int64_t fours = (job.channels + kFour - 1) / kFour;
  for (int64_t i = thread_index(); i < job.images * job.pixels * fours; i += thread_count()) {
    const int64_t pixel = quotient(i, fours), c = (i - pixel * fours) * kFour;
    const int count = int(smaller(kFour, job.channels - c));
    int a[kFour], b[kFour];
    load_four(a, job.a + pixel * job.channels + c, count, job.is_signed);
    load_four(b, job.b + quotient(pixel, job.pixels) * job.channels + c, count, job.is_signed);
    UNROLL for (int k = 0; k < kFour; k++) {
      // Of nine bits each: their product is exact.
      const float steps = __fmul_rn(float((a[k] - job.a_zero) * (b[k] - job.b_zero)), job.factor);
      a[k] = code_of_steps(steps, job.zero, job.is_signed, job.relu);
    }
    store_four(job.out + pixel * job.channels + c, a, count);
  }
}

// One part per row of blocks.
KERNEL(int8_affine, (GRID_CONSTANT Int8Affine job)) {
  const Int8Part part = job.parts[blockIdx.y];
  const int64_t fours = (part.channels + kFour - 1) / kFour;
  for (int64_t i = thread_index(); i < job.pixels * fours; i += thread_count()) {
    const int64_t pixel = quotient(i, fours), c = (i - pixel * fours) * kFour;
    const int count = int(smaller(kFour, part.channels - c));
    int codes[kFour];
    load_four(codes, part.x + pixel * part.channels + c, count, job.is_signed);
    UNROLL for (int k = 0; k < kFour; k++) {
      const int64_t channel = part.first + c + (k < count ? k : 0);
      const float steps = __fadd_rn(__fmul_rn(float(codes[k]), job.factor[channel]), job.addend[channel]);
      codes[k] = code_of_steps(steps, job.zero, job.is_signed, job.relu);
    }
    store_four(job.out + pixel * job.channels + part.first + c, codes, count);
  }
}

// `rows` runs of bytes, each replaced by what the table says at its place.
KERNEL(int8_map, (uint8_t* out, int64_t stride, const uint8_t* in, int64_t rows, int64_t run, const uint8_t* table)) {
  __shared__ uint8_t known[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) known[i] = table ? table[i] : uint8_t(i);
  __syncthreads();
  const int64_t fours = (run + kFour - 1) / kFour;
  for (int64_t i = thread_index(); i < rows * fours; i += thread_count()) {
    const int64_t row = quotient(i, fours), at = (i - row * fours) * kFour;
    const int count = int(smaller(kFour, run - at));
    int bytes[kFour];
    load_four(bytes, in + row * run + at, count, 0);
    UNROLL for (int k = 0; k < kFour; k++) bytes[k] = known[bytes[k]];
    store_four(out + row * stride + at, bytes, count);
  }
}

KERNEL(int8_pool, (GRID_CONSTANT Int8Pool job)) {
  const int64_t fours = (job.C + kFour - 1) / kFour, total = job.N * job.oh * job.ow * fours;
  for (int64_t i = thread_index(); i < total; i += thread_count()) {
    const int64_t pixel = quotient(i, fours), c = (i - pixel * fours) * kFour;
    const int64_t line = quotient(pixel, job.ow), image = quotient(line, job.oh);
    const int count = int(smaller(kFour, job.C - c));
    const Span s = Span::of(job, line - image * job.oh, pixel - line * job.ow);
    int found[kFour];
    UNROLL for (int k = 0; k < kFour; k++) found[k] = job.kind == kInt8Largest ? least_code(job.is_signed) : 0;
    for (int64_t y = s.top; y < s.bottom; y += s.down) {
      for (int64_t x = s.left; x < s.right; x += s.across) {
        int codes[kFour];
        load_four(codes, job.x + ((image * job.H + y) * job.W + x) * job.C + c, count, job.is_signed);
        UNROLL for (int k = 0; k < kFour; k++) {
          found[k] = job.kind != kInt8Largest ? found[k] + codes[k] : codes[k] > found[k] ? codes[k] : found[k];
        }
      }
    }
    if (job.kind != kInt8Largest) {
      UNROLL for (int k = 0; k < kFour; k++) found[k] = average_of(job, found[k], s, c + k);
    }
    store_four(job.out + pixel * job.C + c, found, count);
  }
}

// A block per image and 128 channels; pixels by rows of threads, whose sums meet in shared memory.
KERNEL(int8_mean, (GRID_CONSTANT Int8Mean job)) {
  __shared__ int sums[kInt8MeanRows][kInt8MeanLanes][kFour];
  const int lane = threadIdx.x, row = threadIdx.y;
  const int64_t blocks = (job.channels + kInt8MeanLanes * kFour - 1) / (kInt8MeanLanes * kFour);
  const int64_t image = quotient(blockIdx.x, blocks);
  const int64_t c = ((blockIdx.x - image * blocks) * kInt8MeanLanes + lane) * kFour;
  const int count = int(smaller(kFour, job.channels - c));
  int sum[kFour] = {};
  for (int64_t pixel = row; pixel < job.pixels && count > 0; pixel += kInt8MeanRows) {
    int codes[kFour];
    load_four(codes, job.x + (image * job.pixels + pixel) * job.channels + c, count, job.is_signed);
    UNROLL for (int k = 0; k < kFour; k++) sum[k] += codes[k];
  }
  UNROLL for (int k = 0; k < kFour; k++) sums[row][lane][k] = sum[k];
  __syncthreads();
  if (row != 0) return;
  const int least = least_code(job.is_signed);
  for (int k = 0; k < count; k++) {
    int64_t total = -int64_t(job.zero) * job.pixels;
    for (int r = 0; r < kInt8MeanRows; r++) total += sums[r][lane][k];
    const float mean = __fmul_rn(float(total), job.factor);
    const int64_t at = image * job.channels + c + k;
    if (job.inverse == 0) ((float*)job.out)[at] = mean;
    else ((uint8_t*)job.out)[at] = uint8_t(held(__float2int_rn(__fmul_rn(mean, job.inverse)) + job.out_zero, least, least + 255));
  }
}
