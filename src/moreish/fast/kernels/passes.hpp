// The passes between products that are made outside: the steps of GRU, LSTM and Transformer in moreish.fast call them
// one by one. A suffix says what an operand is: float32, bfloat16 (all else in float32) or float64.
#pragma once
#include "recurrent.hpp"
#include "tokens.hpp"

#define CELL(name, suffix, T, O)                                                                                       \
  EXPORT void moreish_##name##_forward_##suffix(i64 t, i64 rows, i64 size, const i64 *ids, const T *input,             \
                                                const O *product, const T *bias, T *h, O *operand, const T *mask,      \
                                                T *out, T *first, T *second, T *third) {                               \
    name##_forward<T, O>({t, rows, size, ids}, input, product, bias, h, operand, mask, out, first, second, third);     \
  }                                                                                                                    \
  EXPORT void moreish_##name##_backward_##suffix(                                                                      \
      i64 t, i64 rows, i64 size, const i64 *ids, const O *dout, const T *mask, const O *dproduct, T *carried,          \
      const T *h, const T *first, const T *second, const T *third, O *dgates, T *dinput, T *dcandidate) {              \
    name##_backward<T, O>({t, rows, size, ids}, dout, mask, dproduct, carried, h, first, second, third, dgates,        \
                          dinput, dcandidate);                                                                         \
  }
#define PASSES(suffix, T, O) CELL(gru, suffix, T, O) CELL(lstm, suffix, T, O) TOKENS(suffix, T, O)

PASSES(float32, float, float)
PASSES(bfloat16, float, bfloat16)
PASSES(float64, double, double)
