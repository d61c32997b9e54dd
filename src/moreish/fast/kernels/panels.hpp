// Products of few rows with one matrix, again and again: C (M, N) = A (M, K) B (K, N).
//
//   panels  (N' / P, K, P)   B, P = PANEL columns at a time and the last of them filled up with zeros: laid out once, a
//                            product reads it from its beginning to its end, where a stride of N would meet another page
//                            of memory with every number
#pragma once
#include "products.hpp"

template <class T> constexpr i64 PANEL = WIDE * LANES<T>;

template <class T> i64 panel_numbers(i64 depth, i64 n) { return (n + PANEL<T> - 1) / PANEL<T> * PANEL<T> * depth; }

// B(k, j) = b[k * row + j * column], read along the shorter of its strides.
template <class T> void lay_out(i64 depth, i64 n, const T *b, i64 row, i64 column, T *panels) {
  const auto put = [&](i64 j, i64 k, i64 l) { panels[k * PANEL<T> + l] = j + l < n ? b[k * row + (j + l) * column] : 0; };
  for (i64 j = 0; j < n; j += PANEL<T>, panels += PANEL<T> * depth)
    if (row < column)
      for (i64 l = 0; l < PANEL<T>; l++)
        for (i64 k = 0; k < depth; k++) put(j, k, l);
    else
      for (i64 k = 0; k < depth; k++)
        for (i64 l = 0; l < PANEL<T>; l++) put(j, k, l);
}

// C starts from zeros, or from what it holds.
template <class T> void by_panels(i64 m, i64 depth, i64 n, const T *a, const T *panels, T *c, Start start) {
  constexpr i64 lanes = LANES<T>;
  for (i64 j = 0; j < n; j += PANEL<T>, panels += PANEL<T> * depth)
    for (i64 k0 = 0; k0 < depth; k0 += DEPTH) {
      const i64 k1 = k0 + DEPTH < depth ? k0 + DEPTH : depth, left = n - j;
      const Product<T> product = {a, depth, 1, panels, PANEL<T>, c + j, n, nullptr};
      const Start from = k0 ? ADD : start;
      if (left >= PANEL<T>) columns<T, WIDE, true>(product, m, 0, k0, k1, lanes, from);
      else if (left > lanes) columns<T, 2, false>(product, m, 0, k0, k1, left - lanes, from);
      else if (left == lanes) columns<T, 1, true>(product, m, 0, k0, k1, lanes, from);
      else columns<T, 1, false>(product, m, 0, k0, k1, left, from);
    }
}
