// What the steps of all nets of sequences share: cross-entropy of their logits, and dropout masks.
#pragma once
#include "vectors.hpp"

// logits (V, N), places side by side, become (softmax - target) weight / N, target = (1 - s) onehot + s / V; gives the
// mean of -sum target log softmax over the N places.
template <class T>
double token_cross_entropy(i64 size, i64 places, T *logits, const i64 *targets, double smoothing, double weight) {
  const T s = (T)smoothing, even = s / (T)size, scale = (T)(weight / (double)places);
  double loss = 0;
  each<T>(places, [&](i64 begin, auto lanes) {
    T *column = logits + begin;
    Vec<T> largest = lanes.in(column), sum = {}, total = {};
    for (i64 v = 1; v < size; v++) {
      const Vec<T> x = lanes.in(column + v * places);
      largest = choose(x > largest, x, largest);
    }
    const i64 count = places - begin < LANES<T> ? places - begin : LANES<T>;
    for (i64 l = 0; l < count; l++) loss -= (1 - smoothing) * (double)(column[targets[begin + l] * places + l] - largest[l]);
    for (i64 v = 0; v < size; v++) {
      const Vec<T> x = lanes.in(column + v * places) - largest, e = exp<T>(x);
      lanes.out(column + v * places, e);
      total += x;
      sum += e;
    }
    for (i64 l = 0; l < count; l++) {
      loss += std::log((double)sum[l]);
      if (s > 0) loss -= (double)(even * total[l]);
    }
    const Vec<T> each_ = (T)1 / sum;
    for (i64 v = 0; v < size; v++)
      lanes.out(column + v * places, (lanes.in(column + v * places) * each_ - even) * scale);
    for (i64 l = 0; l < count; l++) column[targets[begin + l] * places + l] -= ((T)1 - s) * scale;
  });
  return loss / (double)places;
}

// factor where the 16 bits of a unit are at least `dropped`, 0 elsewhere
template <class T> void dropout_mask(i64 size, const uint16_t *bits, i64 dropped, T factor, T *mask) {
  const i32 least = (i32)dropped;
  for (i64 i = 0; i < size; i++) mask[i] = (i32)bits[i] >= least ? factor : (T)0;
}

#define TOKENS(suffix, T, O)                                                                                           \
  EXPORT double moreish_token_cross_entropy_##suffix(i64 size, i64 places, T *logits, const i64 *targets,              \
                                                     double smoothing, double weight) {                                \
    return token_cross_entropy<T>(size, places, logits, targets, smoothing, weight);                                   \
  }                                                                                                                    \
  EXPORT void moreish_dropout_mask_##suffix(i64 size, const uint16_t *bits, i64 dropped, double factor, T *mask) {     \
    dropout_mask<T>(size, bits, dropped, (T)factor, mask);                                                             \
  }
