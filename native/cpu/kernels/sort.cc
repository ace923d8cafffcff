// sort and topk along the last dimension. Elements become unsigned keys in their order, with NaN largest; short lines
// are merged, long ones sorted by digits. Always stable, so `stable` is met whatever it says.
#include "lanes.h"

namespace layerwise::NS {
namespace {

// Key<T>::of(x): unsigned integers that compare as the elements do. All NaN are one key, and so are 0 and -0.
template <class T> struct Key {
  using type = uint32_t;
  static uint32_t of(const T* p) { return (uint32_t)((int32_t)*p) ^ 0x80000000u; }
};
template <> struct Key<int64_t> {
  using type = uint64_t;
  static uint64_t of(const int64_t* p) { return (uint64_t)*p ^ (1ull << 63); }
};
template <> struct Key<double> {
  using type = uint64_t;
  static uint64_t of(const double* p) {
    double x = *p + 0.0;
    if (x != x) return ~0ull;
    uint64_t bits;
    memcpy(&bits, &x, 8);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
  }
};
template <> struct Key<float> {
  using type = uint32_t;
  static uint32_t of_value(float x) {
    x += 0.0f;
    if (x != x) return ~0u;
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits >> 31 ? ~bits : bits | 1u << 31;
  }
  static uint32_t of(const float* p) { return of_value(*p); }
};
template <> struct Key<Half> {
  using type = uint32_t;
  static uint32_t of(const Half* p) { return Key<float>::of_value(get(p)); }
};
template <> struct Key<Brain> {
  using type = uint32_t;
  static uint32_t of(const Brain* p) { return Key<float>::of_value(get(p)); }
};

template <class K> struct Item {
  K key;
  uint32_t index;  // lines of 2^32 elements and more are refused
};

template <class K> void insertion_sort(Item<K>* a, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    Item<K> item = a[i];
    int64_t j = i;
    for (; j > 0 && item.key < a[j - 1].key; j--) a[j] = a[j - 1];
    a[j] = item;
  }
}

// Stable; the result may end in either buffer and is returned.
template <class K> Item<K>* merge_sort(Item<K>* a, Item<K>* b, int64_t n) {
  constexpr int64_t start = 16;
  for (int64_t i = 0; i < n; i += start) insertion_sort(a + i, smaller(start, n - i));
  for (int64_t width = start; width < n; width *= 2) {
    for (int64_t i = 0; i < n; i += 2 * width) {
      int64_t left = i, middle = smaller(i + width, n), right = middle, end = smaller(i + 2 * width, n);
      for (int64_t o = i; o < end; o++) {
        bool from_left = left < middle && (right >= end || !(a[right].key < a[left].key));
        b[o] = a[from_left ? left++ : right++];
      }
    }
    Item<K>* t = a;
    a = b;
    b = t;
  }
  return a;
}

// Least significant digit first; digits that all elements share are passed over.
template <int bits, class K> Item<K>* radix_sort(Item<K>* a, Item<K>* b, int64_t n) {
  constexpr int digits = (sizeof(K) * 8 + bits - 1) / bits, buckets = 1 << bits;
  uint32_t counts[digits][buckets];
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < n; i++) {
    for (int d = 0; d < digits; d++) counts[d][a[i].key >> (d * bits) & (buckets - 1)]++;
  }
  for (int d = 0; d < digits; d++) {
    uint32_t* count = counts[d];
    if (count[a[0].key >> (d * bits) & (buckets - 1)] == n) continue;
    uint32_t at = 0;
    for (int i = 0; i < buckets; i++) {
      uint32_t c = count[i];
      count[i] = at;
      at += c;
    }
    for (int64_t i = 0; i < n; i++) b[count[a[i].key >> (d * bits) & (buckets - 1)]++] = a[i];
    Item<K>* t = a;
    a = b;
    b = t;
  }
  return a;
}

template <class K> Item<K>* sort_items(Item<K>* a, Item<K>* b, int64_t n) {
  if (n < 128) return merge_sort(a, b, n);
  return n < 8192 ? radix_sort<8>(a, b, n) : radix_sort<11>(a, b, n);
}

template <class T>
Item<typename Key<T>::type>* read_items(Item<typename Key<T>::type>* items, const T* in, int64_t n, bool descending) {
  using K = typename Key<T>::type;
  K flip = descending ? ~(K)0 : 0;
  for (int64_t i = 0; i < n; i++) items[i] = {(K)(Key<T>::of(in + i) ^ flip), (uint32_t)i};
  return items;
}

template <class T>
void sort(Context* context, T* values, int64_t* indices, const T* in, int64_t outer, int64_t n, bool descending) {
  using K = typename Key<T>::type;
  if (n == 0) return;
  parallel_for(context, outer, larger(1, 1024 / n), [&](int64_t begin, int64_t end) {
    auto* items = (Item<K>*)context->scratch(context, 0, 2 * n * sizeof(Item<K>));
    if (!items) return context->fail(context, "[sort] out of memory for keys");
    for (int64_t o = begin; o < end; o++) {
      const T* line = in + o * n;
      read_items(items, line, n, descending);
      Item<K>* sorted = sort_items(items, items + n, n);
      for (int64_t i = 0; i < n; i++) {
        values[o * n + i] = line[sorted[i].index];
        indices[o * n + i] = sorted[i].index;
      }
    }
  });
}

// Order of the chosen: by key, then by index.
template <class K> LW_STATIC bool before(const Item<K>& a, const Item<K>& b) {
  return a.key != b.key ? a.key < b.key : a.index < b.index;
}

// Keeps the k first items in heap[0..k), the last of them on top.
template <class K> void sift_down(Item<K>* heap, int64_t k, int64_t at) {
  for (;;) {
    int64_t child = 2 * at + 1;
    if (child >= k) return;
    if (child + 1 < k && before(heap[child], heap[child + 1])) child++;
    if (!before(heap[at], heap[child])) return;
    Item<K> t = heap[at];
    heap[at] = heap[child];
    heap[child] = t;
    at = child;
  }
}

template <class T> void topk(Context* context, T* values, int64_t* indices, const T* in, int64_t outer, int64_t n,
                             int64_t k, bool largest) {
  using K = typename Key<T>::type;
  if (k == 0) return;
  parallel_for(context, outer, larger(1, 4096 / n), [&](int64_t begin, int64_t end) {
    auto* items = (Item<K>*)context->scratch(context, 0, 2 * n * sizeof(Item<K>));
    if (!items) return context->fail(context, "[topk] out of memory for keys");
    for (int64_t o = begin; o < end; o++) {
      const T* line = in + o * n;
      Item<K>* best = items;
      if (k * 8 < n) {
        K flip = largest ? ~(K)0 : 0;
        read_items(items, line, k, largest);
        for (int64_t i = k / 2 - 1; i >= 0; i--) sift_down(items, k, i);
        for (int64_t i = k; i < n; i++) {
          K key = (K)(Key<T>::of(line + i) ^ flip);
          if (key >= items[0].key) continue;  // an equal one further on does not replace
          items[0] = {key, (uint32_t)i};
          sift_down(items, k, 0);
        }
        for (int64_t last = k - 1; last > 0; last--) {
          Item<K> worst = items[0];
          items[0] = items[last];
          items[last] = worst;
          sift_down(items, last, 0);
        }
      } else {
        read_items(items, line, n, largest);
        best = sort_items(items, items + n, n);
      }
      for (int64_t i = 0; i < k; i++) {
        values[o * k + i] = line[best[i].index];
        indices[o * k + i] = best[i].index;
      }
    }
  });
}

KERNEL(sort) {
  Dtype dtype = args.dtype();
  void *values = args.pointer(), *indices = args.pointer(), *in = args.pointer();
  int64_t outer = args.integer(), n = args.integer();
  bool descending = args.integer() != 0;
  if (n > 0xffffffffll) return context->fail(context, "[sort] a line of 2^32 elements or more");
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    sort(context, (T*)values, (int64_t*)indices, (const T*)in, outer, n, descending);
  });
}

KERNEL(topk) {
  Dtype dtype = args.dtype();
  void *values = args.pointer(), *indices = args.pointer(), *in = args.pointer();
  int64_t outer = args.integer(), n = args.integer(), k = args.integer();
  bool largest = args.integer() != 0;
  if (n > 0xffffffffll) return context->fail(context, "[topk] a line of 2^32 elements or more");
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    topk(context, (T*)values, (int64_t*)indices, (const T*)in, outer, n, k, largest);
  });
}

}  // namespace
}  // namespace layerwise::NS
