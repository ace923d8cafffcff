// The sum of exp(x - largest) while the largest element is still being found, for softmax and cross entropy.
#pragma once
#include "vectors.h"

// The largest of what was seen and the sum of exp(x - largest).
template <class W> struct Running {
  W largest, sum;
};

template <class W> DEVICE Running<W> join_running(const Running<W>& a, const Running<W>& b) {
  const W largest = a.largest > b.largest ? a.largest : b.largest;
  // What holds nothing yet must not be scaled: -inf - -inf is NaN.
  const W of_a = a.largest < largest ? a.sum * exp_of(a.largest - largest) : a.sum;
  const W of_b = b.largest < largest ? b.sum * exp_of(b.largest - largest) : b.sum;
  return {largest, of_a + of_b};
}

template <class W, int V> DEVICE void take_running(Running<W>& s, const W (&x)[V]) {
  W top = s.largest;
  UNROLL for (int i = 0; i < V; i++) top = x[i] > top ? x[i] : top;
  if (top > s.largest) {
    s.sum = s.largest == minus_infinity<W>() ? s.sum : s.sum * exp_of(s.largest - top);
    s.largest = top;
  }
  UNROLL for (int i = 0; i < V; i++) s.sum += x[i] == minus_infinity<W>() ? W(0) : exp_of(x[i] - top);
}

// As in PyTorch a row whose largest element is infinite has no softmax: everything is NaN.
template <class W> DEVICE Running<W> finished(Running<W> s) {
  if (s.largest - s.largest != 0) s.sum = W(not_a_number());
  return s;
}
