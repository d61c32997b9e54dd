// Vectors of the level that this is compiled for, in the compiler's own extensions.
//
// Vec<T> holds LANES<T> numbers: 64 bytes with AVX-512, 32 with AVX2, 16 elsewhere (SSE2, NEON). Memory is dense and
// may lie at any address. The last few numbers of a row are read and written with a count, so that nothing outside of
// a buffer is ever touched.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX2__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif

#define INLINE inline __attribute__((always_inline))

using i64 = int64_t;
using i32 = int32_t;
using u32 = uint32_t;

template <class T> struct Vectors {
  typedef T vec __attribute__((vector_size(BYTES)));
  typedef T anywhere __attribute__((vector_size(BYTES), aligned(alignof(T)), may_alias));
};
template <class T> using Vec = typename Vectors<T>::vec;
template <class T> constexpr i64 LANES = BYTES / (i64)sizeof(T);

template <class T> INLINE Vec<T> load(const T *p) { return *(const typename Vectors<T>::anywhere *)p; }
template <class T> INLINE void store(T *p, Vec<T> v) { *(typename Vectors<T>::anywhere *)p = v; }
template <class T> INLINE Vec<T> all(T x) { return Vec<T>{} + x; }

// The first `count` numbers, 0 < count <= LANES; zeros behind them.
template <class T> INLINE Vec<T> load_some(const T *p, i64 count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>)
    return (Vec<T>)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (Vec<T>)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes));
  }
#endif
  Vec<T> v = {};
  for (i64 i = 0; i < count; i++) v[i] = p[i];
  return v;
}
template <class T> INLINE void store_some(T *p, Vec<T> v, i64 count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>)
    return _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lanes), (__m256)v);
  }
#endif
  for (i64 i = 0; i < count; i++) p[i] = v[i];
}

template <class T> INLINE T sum(Vec<T> v) {
  T s = 0;
  for (i64 i = 0; i < LANES<T>; i++) s += v[i];
  return s;
}

// f(place, load, store) for every vector of a dense buffer of n numbers: `in(p)` reads and `out(p, v)` writes there,
// whole vectors or, at the end, as many lanes as are left.
template <class T> struct Whole {
  INLINE Vec<T> in(const T *p) const { return load(p); }
  INLINE void out(T *p, Vec<T> v) const { store(p, v); }
};
template <class T> struct Some {
  i64 count;
  INLINE Vec<T> in(const T *p) const { return load_some(p, count); }
  INLINE void out(T *p, Vec<T> v) const { store_some(p, v, count); }
};
template <class T, class F> INLINE void each(i64 n, F f) {
  i64 i = 0;
  for (; i + LANES<T> <= n; i += LANES<T>) f(i, Whole<T>{});
  if (i < n) f(i, Some<T>{n - i});
}

// What the compiler must not reorder across, though it may reorder sums elsewhere.
template <class V> INLINE V keep(V v) {
#if defined(__x86_64__)
  __asm__("" : "+x"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#endif
  return v;
}

template <class M, class V> INLINE V choose(M mask, V yes, V no) { return mask ? yes : no; }

// e^x to within 2 units in the last place (Cephes' polynomial on [-ln 2 / 2, ln 2 / 2]); 0 below -87, inf never.
template <class T> INLINE Vec<T> exp(Vec<T> x) {
  if constexpr (sizeof(T) == 8) {
    Vec<T> y;
    for (i64 i = 0; i < LANES<T>; i++) y[i] = std::exp(x[i]);
    return y;
  } else {
    typedef i32 ints __attribute__((vector_size(BYTES)));
    const Vec<T> low = all<T>(-87.3f), high = all<T>(88.3f);
    const auto vanishes = x < low;
    x = choose(x < low, low, x);
    x = choose(x > high, high, x);
    Vec<T> t = x * 1.44269504f;
    const ints n = __builtin_convertvector(t + choose(t < 0, all<T>(-0.5f), all<T>(0.5f)), ints);
    const Vec<T> whole = __builtin_convertvector(n, Vec<T>);
    const Vec<T> r = keep(x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Vec<T> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const Vec<T> scaled = p * (Vec<T>)((n + 127) << 23);
    return choose(vanishes, Vec<T>{}, scaled);
  }
}

template <class T> INLINE Vec<T> tanh(Vec<T> x) {
  if constexpr (sizeof(T) == 8) {
    Vec<T> y;
    for (i64 i = 0; i < LANES<T>; i++) y[i] = std::tanh(x[i]);
    return y;
  } else {
    const Vec<T> size = choose(x < 0, -x, x);
    const Vec<T> square = x * x;
    Vec<T> p = square * -5.70498872745e-3f + 2.06390887954e-2f;  // Cephes, below 0.625
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    const Vec<T> near = p * square * x + x;
    const Vec<T> e = exp<T>(choose(size > 20, all<T>(40.0f), size + size));
    const Vec<T> far = 1.0f - 2.0f / (e + 1.0f);
    return choose(size < 0.625f, near, choose(x < 0, -far, far));
  }
}

template <class T> INLINE Vec<T> sigmoid(Vec<T> x) { return (T)1 / ((T)1 + exp<T>(-x)); }
