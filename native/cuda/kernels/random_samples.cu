// Samples that take an unknown number of draws each: gamma, Poisson, binomial. Every element has a Philox sequence of its
// own, so that nothing depends on the grid. The methods are those of the CPU's kernels, computed in double precision; the
// numbers are not PyTorch's.
#include "vectors.h"

#include "../report.h"
#include "random_job.h"
#include "random_philox.h"

namespace {

class Source {
 public:
  DEVICE Source(const RandomJob& job, int64_t element)
      : philox_(job.state ? job.state[0] : job.seed, uint64_t(element), job.offset + (job.state ? job.state[1] : 0)) {}

  // In (0, 1].
  DEVICE double unit() {
    if (left_ == 0) {
      words_ = philox_.next();
      left_ = 2;
    }
    left_--;
    return left_ == 1 ? unit_double(words_.x, words_.y) : unit_double(words_.z, words_.w);
  }

  DEVICE double normal() {
    double first, second;
    normal_doubles(philox_.next(), &first, &second);
    return first;
  }

 private:
  Philox philox_;
  Words words_ = {};
  int left_ = 0;
};

// Marsaglia and Tsang 2000. A shape below one is raised by one and the sample scaled down.
DEVICE double standard_gamma(Source& source, double alpha) {
  double scale = 1;
  if (alpha < 1) {
    if (alpha == 0) return 0;
    scale = pow(source.unit(), 1 / alpha);
    alpha += 1;
  }
  const double d = alpha - 1.0 / 3;
  const double c = 1 / sqrt(9 * d);
  // What is not a number would never be accepted.
  if (!(d > 0)) return d;
  for (;;) {
    double x, y;
    do {
      x = source.normal();
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y;
    const double u = source.unit();
    const double square = x * x;
    if (u < 1 - 0.0331 * square * square) return scale * d * v;
    if (log(u) < 0.5 * square + d * (1 - v + log(v))) return scale * d * v;
  }
}

// Small rates count uniform factors until their product falls below exp(-rate); from 10 on the transformed rejection
// PTRS of Hoermann 1993.
DEVICE double poisson(Source& source, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = exp(-rate);
    double count = 0, product = 1;
    for (;;) {
      product *= source.unit();
      if (!(product > limit)) return count;
      count += 1;
    }
  }
  if (isinf(rate)) return rate;
  const double log_rate = log(rate);
  const double b = 0.931 + 2.53 * sqrt(rate);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = source.unit() - 0.5;
    const double v = source.unit();
    const double us = 0.5 - fabs(u);
    const double k = floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = log(v) + log(inverse_alpha) - log(a / (us * us) + b);
    if (left <= -rate + k * log_rate - lgamma(k + 1)) return k;
  }
}

// log(k!) minus Stirling's formula for it.
DEVICE double stirling_tail(double k) { return lgamma(k + 1) - ((k + 0.5) * log(k + 1) - (k + 1) + 0.91893853320467274); }

// Hoermann 1993, BTRS: for count * prob of at least 10.
DEVICE double binomial_rejection(Source& source, double count, double prob) {
  const double deviation = sqrt(count * prob * (1 - prob));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * prob;
  const double c = count * prob + 0.5;
  const double v_r = 0.92 - 4.2 / b;
  const double r = prob / (1 - prob);
  const double alpha = (2.83 + 5.1 / b) * deviation;
  const double m = floor((count + 1) * prob);
  for (;;) {
    const double u = source.unit() - 0.5;
    const double v = source.unit();
    const double us = 0.5 - fabs(u);
    const double k = floor((2 * a / us + b) * u + c);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= v_r) return k;
    const double bound = (m + 0.5) * log((m + 1) / (r * (count - m + 1))) +
                         (count + 1) * log((count - m + 1) / (count - k + 1)) +
                         (k + 0.5) * log(r * (count - k + 1) / (k + 1)) + stirling_tail(m) + stirling_tail(count - m) -
                         stirling_tail(k) - stirling_tail(count - k);
    if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}

// Waiting times between successes, added up.
DEVICE double binomial_by_waiting(Source& source, double count, double prob) {
  const double log_miss = log1p(-prob);
  double waited = 0, hits = 0;
  for (;;) {
    waited += ceil(log(source.unit()) / log_miss);
    if (waited > count) return hits;
    hits += 1;
  }
}

DEVICE double binomial(Source& source, double count, double prob) {
  if (count != count || prob != prob) return count + prob;
  if (count <= 0 || prob <= 0) return 0;
  if (prob >= 1) return count;
  const double rarer = prob <= 0.5 ? prob : 1 - prob;
  const double hits = count * rarer >= 10 ? binomial_rejection(source, count, rarer)
                                          : binomial_by_waiting(source, count, rarer);
  return prob <= 0.5 ? hits : count - hits;
}

// The smallest normal number: a gamma sample is never 0.
DEVICE double smallest_of(int dtype) {
  if (dtype == kFloat64) return 2.2250738585072014e-308;
  return dtype == kFloat16 ? 6.103515625e-05 : 1.1754943508222875e-38;
}

DEVICE void report_rate(void* to) {
  auto* report = (layerwise::Report*)to;
  if (atomicCAS(&report->taken, 0, 1) != 0) return;
  __threadfence_system();
  report->kind = layerwise::kNegativeRate;
}

}  // namespace

// `probabilities` are the numbers of trials for the binomial distribution alone; `parameter` is what each sample is of.
KERNEL(random_samples, (GRID_CONSTANT RandomJob job, const void* parameter, void* report)) {
  for (int64_t i = thread_index(); i < job.n; i += thread_count()) {
    Source source(job, i);
    const double given = load_as<double>(parameter, job.dtype, i);
    double sample = 0;
    if (job.kind == kGamma) {
      sample = standard_gamma(source, given);
      if (sample < smallest_of(job.dtype)) sample = smallest_of(job.dtype);
    } else if (job.kind == kPoisson) {
      if (given >= 0) sample = poisson(source, given);
      else report_rate(report);
    } else {
      sample = binomial(source, load_as<double>(job.probabilities, job.dtype, i), given);
    }
    store_as(job.out, job.dtype, i, sample);
  }
}
