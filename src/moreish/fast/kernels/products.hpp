// Small matrix products, C (M, N) = A (M, K) B (K, N), with the rows of B and C contiguous and A read number by number.
//
//   A(i, k) = a[i * row + k * column]     so that A may be the transpose of what lies in memory
//   C starts from zeros, from a bias (N) in every row, or from what it holds
//
// A tile of ROWS x WIDE vectors of C stays in registers while k runs over a stretch of DEPTH, short enough for the
// rows of B that are used again and again to stay in the first cache.
#pragma once
#include "vectors.hpp"

#if defined(__AVX512F__)
constexpr int ROWS = 8, WIDE = 2;
#else
constexpr int ROWS = 4, WIDE = 2;
#endif
constexpr i64 DEPTH = 512;

enum Start { ZERO, BIAS, ADD };

template <class T> struct Product {
  const T *a;
  i64 row, column;
  const T *b;
  i64 b_row;
  T *c;
  i64 c_row;
  const T *bias;
};

template <class T, int R, int W, bool WHOLE>
INLINE void tile(const Product<T> &p, i64 i, i64 j, i64 k0, i64 k1, i64 last, Start start) {
  Vec<T> sums[R][W];
  auto in = [&](const T *at, int w) { return WHOLE || w < W - 1 ? load(at + w * LANES<T>) : load_some(at + w * LANES<T>, last); };
  for (int w = 0; w < W; w++) {
    const Vec<T> first = start == BIAS ? in(p.bias + j, w) : Vec<T>{};
    for (int r = 0; r < R; r++) sums[r][w] = start == ADD ? in(p.c + (i + r) * p.c_row + j, w) : first;
  }
  const T *a = p.a + i * p.row + k0 * p.column, *b = p.b + k0 * p.b_row + j;
  for (i64 k = k0; k < k1; k++, a += p.column, b += p.b_row) {
    Vec<T> from_b[W];
    for (int w = 0; w < W; w++) from_b[w] = in(b, w);
    for (int r = 0; r < R; r++) {
      const T x = a[r * p.row];
      for (int w = 0; w < W; w++) sums[r][w] += x * from_b[w];
    }
  }
  for (int r = 0; r < R; r++)
    for (int w = 0; w < W; w++) {
      T *at = p.c + (i + r) * p.c_row + j + w * LANES<T>;
      if (WHOLE || w < W - 1) store(at, sums[r][w]);
      else store_some(at, sums[r][w], last);
    }
}

template <class T, int W, bool WHOLE>
void columns(const Product<T> &p, i64 m, i64 j, i64 k0, i64 k1, i64 last, Start start) {
  i64 i = 0;
  for (; i + ROWS <= m; i += ROWS) tile<T, ROWS, W, WHOLE>(p, i, j, k0, k1, last, start);
  if (ROWS > 4 && m - i >= 4) tile<T, 4, W, WHOLE>(p, i, j, k0, k1, last, start), i += 4;
  if (m - i >= 2) tile<T, 2, W, WHOLE>(p, i, j, k0, k1, last, start), i += 2;
  if (m - i >= 1) tile<T, 1, W, WHOLE>(p, i, j, k0, k1, last, start);
}

template <class T> void multiply(const Product<T> &p, i64 m, i64 n, i64 depth, Start start) {
  constexpr i64 lanes = LANES<T>;
  if (depth == 0 && start != ADD) columns<T, 1, false>(p, 0, 0, 0, 0, 1, start);
  for (i64 k0 = 0; k0 < depth; k0 += DEPTH) {
    const i64 k1 = k0 + DEPTH < depth ? k0 + DEPTH : depth;
    const Start from = k0 ? ADD : start;
    i64 j = 0;
    for (; j + WIDE * lanes <= n; j += WIDE * lanes) columns<T, WIDE, true>(p, m, j, k0, k1, lanes, from);
    const i64 left = n - j;
    if (left > lanes) columns<T, 2, false>(p, m, j, k0, k1, left - lanes, from);
    else if (left == lanes) columns<T, 1, true>(p, m, j, k0, k1, lanes, from);
    else if (left > 0) columns<T, 1, false>(p, m, j, k0, k1, left, from);
  }
}

// out (N, M) = transpose of x (M, N): blocks of 4 by 4 in registers, the rest number by number.
template <class T> struct Four {
  typedef T vec __attribute__((vector_size(4 * sizeof(T))));
  typedef T anywhere __attribute__((vector_size(4 * sizeof(T)), aligned(alignof(T)), may_alias));
};

template <class T> INLINE void transpose_block(const T *x, T *out, i64 m, i64 n) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
  typename Four<T>::vec row[4];
  for (int i = 0; i < 4; i++) row[i] = *(const typename Four<T>::anywhere *)(x + i * n);
  const auto a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5), b = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const auto c = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5), d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  auto put = [&](i64 j) -> auto & { return *(typename Four<T>::anywhere *)(out + j * m); };
  put(0) = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  put(1) = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  put(2) = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  put(3) = __builtin_shufflevector(b, d, 2, 3, 6, 7);
  return;
#endif
#endif
  for (i64 i = 0; i < 4; i++)
    for (i64 j = 0; j < 4; j++) out[j * m + i] = x[i * n + j];
}

template <class T> void transpose(const T *x, T *out, i64 m, i64 n) {
  const i64 rows = m & ~(i64)3, columns = n & ~(i64)3;
  for (i64 i = 0; i < rows; i += 4)
    for (i64 j = 0; j < columns; j += 4) transpose_block(x + i * n + j, out + j * m + i, m, n);
  for (i64 i = 0; i < m; i++)
    for (i64 j = i < rows ? columns : 0; j < n; j++) out[j * m + i] = x[i * n + j];
}
