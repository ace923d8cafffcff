// The steps of a recurrent layer's sequences, and how threads share them. Sequences are sorted by length, as packed ones are,
// so that each step has the first rows of the step before. Knows nothing of what a step computes.
#pragma once
#include <sched.h>

#include "lanes.h"

namespace layerwise::NS {

// ---- steps ----------------------------------------------------------------------------------------------------------

// Which rows belong to which step. A layer that runs backwards walks from the last step to the first.
struct Steps {
  int64_t count, most;    // how many, and the rows of the largest
  const int64_t* sizes;   // how many rows each has
  const int64_t* firsts;  // where the first of them stands among all rows
  int64_t apart;          // and how far behind it the next
  bool reverse;

  int64_t size(int64_t t) const { return sizes[t]; }
  int64_t place(int64_t t, int64_t i) const { return firsts[t] + i * apart; }
  // The k-th step of the walk.
  int64_t at(int64_t k) const { return reverse ? count - 1 - k : k; }
  // The steps that the walk takes just before and just after; -1 where there is none.
  int64_t before(int64_t t) const { return reverse ? (t + 1 < count ? t + 1 : -1) : t - 1; }
  int64_t after(int64_t t) const { return reverse ? t - 1 : (t + 1 < count ? t + 1 : -1); }
  // Rows of a step that another one, -1 for none, has too.
  int64_t shared(int64_t t, int64_t other) const { return other < 0 ? 0 : smaller(sizes[t], sizes[other]); }
  // Where row i of step t was a step earlier: in `all`, or at the start, whose rows may lie otherwise apart.
  template <class T>
  const T* earlier(const T* all, const T* start, int64_t t, int64_t i, int64_t width, int64_t start_width) const {
    const int64_t from = before(t);
    return i < shared(t, from) ? all + place(from, i) * width : start + i * start_width;
  }
  template <class T> const T* earlier(const T* all, const T* start, int64_t t, int64_t i, int64_t width) const {
    return earlier(all, start, t, i, width, width);
  }
  // f(row, place among all rows) for the step in which each row ends, or begins.
  template <class F> void each_end(bool begins, F f) const {
    if (reverse != begins) {
      for (int64_t i = 0; i < most; i++) f(i, place(0, i));
      return;
    }
    for (int64_t t = 0; t < count; t++) {
      for (int64_t i = t + 1 < count ? sizes[t + 1] : 0; i < sizes[t]; i++) f(i, place(t, i));
    }
  }

  // From a command: how many runs, and of each its steps and their rows; whether walked from the end; whether the rows of
  // a sequence stand together and not those of a step. The tables take slot 0.
  static bool read(Context* context, Args& args, Steps* steps) {
    Args runs = args;
    const int64_t n_runs = args.integer();
    steps->count = 0;
    for (int64_t r = 0; r < n_runs; r++) {
      steps->count += args.integer();
      args.integer();
    }
    steps->reverse = args.integer() != 0;
    const bool by_sequence = args.integer() != 0;
    int64_t* sizes = (int64_t*)context->scratch(context, 0, size_t(2 * steps->count) * 8);
    if (!sizes) context->fail(context, "[recurrent] out of memory for the table of steps");
    if (!sizes) return false;
    int64_t* firsts = sizes + steps->count;
    runs.integer();
    int64_t t = 0, row = 0;
    for (int64_t r = 0; r < n_runs; r++) {
      const int64_t length = runs.integer(), size = runs.integer();
      for (int64_t s = 0; s < length; s++, t++, row += size) {
        sizes[t] = size;
        firsts[t] = by_sequence ? t : row;
      }
    }
    steps->sizes = sizes;
    steps->firsts = firsts;
    steps->apart = by_sequence ? steps->count : 1;
    steps->most = sizes[0];
    return true;
  }
};

// ---- threads --------------------------------------------------------------------------------------------------------

// Steps of a few tasks each, every step needing all of the one before, on as many threads as come: tasks are claimed, so
// a thread that comes late or never holds up nobody. Each thread claims from a share of its own first, whose weights its
// cache then keeps; every other step takes them from the end, so that it begins with those that were read last. begin(k,
// state) runs once per thread and step before its first task, work(k, task, state) is a task.
constexpr int64_t kMostShares = 16;

template <class State, class Begin, class Work>
static void in_steps(Context* context, int64_t steps, int64_t tasks, bool is_worth, Begin begin, Work work) {
  const int64_t shares = is_worth ? smaller(smaller(context->threads, tasks), kMostShares) : 1;
  if (shares <= 1) {
    State state;
    for (int64_t k = 0; k < steps; k++) {
      begin(k, state);
      for (int64_t task = 0; task < tasks; task++) work(k, k % 2 ? tasks - 1 - task : task, state);
    }
    return;
  }
  struct alignas(64) Line {
    int64_t n;
  };
  Line claimed[kMostShares] = {}, done = {};
  parallel_for(context, shares, 1, [&](int64_t own, int64_t) {
    State state;
    for (int64_t k = 0; k < steps; k++) {
      for (int spins = 0; __atomic_load_n(&done.n, __ATOMIC_ACQUIRE) < k * tasks; spins++) {
        // Whoever holds the last task may be waiting for this very processor.
        if (spins < 4000) __builtin_ia32_pause();
        else sched_yield();
      }
      bool has_begun = false;
      for (int64_t s = 0; s < shares; s++) {
        const int64_t share = (own + s) % shares;
        const int64_t first = tasks * share / shares, size = tasks * (share + 1) / shares - first;
        int64_t* counter = &claimed[share].n;
        int64_t n = __atomic_load_n(counter, __ATOMIC_RELAXED);
        while (n < (k + 1) * size) {
          if (!__atomic_compare_exchange_n(counter, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
          if (!has_begun) begin(k, state);
          has_begun = true;
          const int64_t task = n - k * size;
          work(k, first + (k % 2 ? size - 1 - task : task), state);
          __atomic_fetch_add(&done.n, 1, __ATOMIC_RELEASE);
          n = __atomic_load_n(counter, __ATOMIC_RELAXED);
        }
      }
    }
  });
}

}  // namespace layerwise::NS
