// Operands of products that are made outside, by torch: T itself or bfloat16, the upper half of a float, rounded to
// nearest even as torch rounds. And the fast logistic function of the gates.
#pragma once
#include "vectors.hpp"

enum bfloat16 : uint16_t {};

typedef uint16_t halves __attribute__((vector_size(BYTES / 2)));
typedef u32 words __attribute__((vector_size(BYTES)));

INLINE Vec<float> widened(halves h) { return (Vec<float>)(__builtin_convertvector(h, words) << 16); }
INLINE halves narrowed(Vec<float> v) {
  const words bits = (words)v;
  return __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, halves);
}

INLINE float number(float x) { return x; }
INLINE double number(double x) { return x; }
INLINE float number(bfloat16 x) {
  const u32 bits = (u32)x << 16;
  float y;
  std::memcpy(&y, &bits, sizeof y);
  return y;
}

// The lanes that are there, zeros in the others.
template <class T> INLINE Vec<T> only(Whole<T>, Vec<T> v) { return v; }
template <class T> INLINE Vec<T> only(Some<T> lanes, Vec<T> v) {
  T there[LANES<T>] = {};
  lanes.out(there, v);
  return load(there);
}

template <class T> INLINE Vec<T> operand_in(Whole<T>, const T *p) { return load(p); }
template <class T> INLINE Vec<T> operand_in(Some<T> lanes, const T *p) { return lanes.in(p); }
INLINE Vec<float> operand_in(Whole<float>, const bfloat16 *p) {
  halves h;
  std::memcpy(&h, p, sizeof h);
  return widened(h);
}
INLINE Vec<float> operand_in(Some<float> lanes, const bfloat16 *p) {
  halves h = {};
  std::memcpy(&h, p, (size_t)lanes.count * sizeof *p);
  return widened(h);
}
template <class T> INLINE void operand_out(Whole<T>, T *p, Vec<T> v) { store(p, v); }
template <class T> INLINE void operand_out(Some<T> lanes, T *p, Vec<T> v) { lanes.out(p, v); }
INLINE void operand_out(Whole<float>, bfloat16 *p, Vec<float> v) {
  const halves h = narrowed(v);
  std::memcpy(p, &h, sizeof h);
}
INLINE void operand_out(Some<float> lanes, bfloat16 *p, Vec<float> v) {
  const halves h = narrowed(v);
  std::memcpy(p, &h, (size_t)lanes.count * sizeof *p);
}

INLINE Vec<float> clamp(Vec<float> x, float bound) {
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_max_ps(_mm512_set1_ps(-bound), _mm512_min_ps(_mm512_set1_ps(bound), (__m512)x));  // keeps nan
#else
  x = choose(x > bound, all(bound), x);
  return choose(x < -bound, all(-bound), x);
#endif
}

// 1 / (1 + e^-x) within 2e-7. As in exp, e^y = 2^n e^r, but to add 3 * 2^22 leaves n, rounded, in the lowest bits of
// the sum, and the error of n ln 2 as one number is small where y is, and meets an e^y that is all or nothing elsewhere.
template <class T> INLINE Vec<T> logistic(Vec<T> x) {
  if constexpr (sizeof(T) == 8) {
    return sigmoid<T>(x);
  } else {
    typedef i32 ints __attribute__((vector_size(BYTES)));
    const Vec<T> y = clamp(-x, 87.0f), shift = all<T>(12582912.0f);
    const words bits = (words)(y * 1.44269504f + shift);
    const Vec<T> r = y - __builtin_convertvector((ints)(bits - (words)shift), Vec<T>) * 0.69314718f;
    Vec<T> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + (r + 1.0f);
    return 1.0f / (1.0f + (Vec<T>)((words)p + (bits << 23)));
  }
}

// tanh(x) = 2 / (1 + e^-2x) - 1, within 2e-7 of it, not relative to it.
template <class T> INLINE Vec<T> logistic_tanh(Vec<T> x) { return (T)2 * logistic<T>((T)2 * x) - (T)1; }
