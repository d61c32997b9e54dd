// The passes between products that are made outside: the steps of GRU, LSTM and Transformer in moreish.fast call them
// one by one. A suffix says what an operand is: float32, bfloat16 (all else in float32) or float64.
#pragma once
#include "attention.hpp"
#include "blocks.hpp"
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
#define BLOCKS(suffix, T, O)                                                                                           \
  EXPORT void moreish_embed_forward_##suffix(i64 rows, i64 steps, i64 size, const i64 *ids, const T *wte,              \
                                             const T *wpe, const T *mask, T *x) {                                      \
    embed_forward<T>(rows, steps, size, ids, wte, wpe, mask, x);                                                       \
  }                                                                                                                    \
  EXPORT void moreish_embed_backward_##suffix(i64 rows, i64 steps, i64 size, const i64 *ids, const T *dx,              \
                                              const T *mask, T *dwte, T *dwpe) {                                       \
    embed_backward<T>(rows, steps, size, ids, dx, mask, dwte, dwpe);                                                   \
  }                                                                                                                    \
  EXPORT void moreish_add_norm_forward_##suffix(i64 places, i64 size, const T *x, const O *branch, const T *bias,      \
                                                const T *mask, T *total, const T *gain, const T *shift, double eps,    \
                                                O *y, T *stats) {                                                      \
    add_norm_forward<T, O>(places, size, x, branch, bias, mask, total, gain, shift, eps, y, stats);                    \
  }                                                                                                                    \
  EXPORT void moreish_add_norm_backward_##suffix(i64 places, i64 size, const O *dy, const T *total, const T *stats,    \
                                                 const T *gain, T *dsum, T *dgain, T *dshift, const T *mask,           \
                                                 O *dbranch, T *dbias) {                                               \
    add_norm_backward<T, O>(places, size, dy, total, stats, gain, dsum, dgain, dshift, mask, dbranch, dbias);          \
  }                                                                                                                    \
  EXPORT void moreish_tanh_gelu_forward_##suffix(i64 places, i64 size, const O *product, const T *bias, O *y,          \
                                                 T *slopes) {                                                          \
    tanh_gelu_forward<T, O>(places, size, product, bias, y, slopes);                                                   \
  }                                                                                                                    \
  EXPORT void moreish_tanh_gelu_backward_##suffix(i64 places, i64 size, const O *dy, const T *slopes, O *dproduct,     \
                                                  T *dbias) {                                                          \
    tanh_gelu_backward<T, O>(places, size, dy, slopes, dproduct, dbias);                                               \
  }                                                                                                                    \
  EXPORT void moreish_causal_attention_forward_##suffix(i64 rows, i64 steps, i64 heads, i64 size, const O *product,    \
                                                        const T *bias, T *qkv, T *shares, const T *mask, O *out,       \
                                                        T *scratch) {                                                  \
    causal_attention_forward<T, O>({rows, steps, heads, size}, product, bias, qkv, shares, mask, out, scratch);        \
  }                                                                                                                    \
  EXPORT void moreish_causal_attention_backward_##suffix(i64 rows, i64 steps, i64 heads, i64 size, const O *dout,      \
                                                         const T *qkv, const T *shares, const T *mask, O *dproduct,    \
                                                         T *dbias, T *scratch) {                                       \
    attention_backward<T, O>({rows, steps, heads, size}, dout, qkv, shares, mask, dproduct, dbias, scratch);    \
  }
#define PASSES(suffix, T, O) CELL(gru, suffix, T, O) CELL(lstm, suffix, T, O) TOKENS(suffix, T, O) BLOCKS(suffix, T, O)

PASSES(float32, float, float)
PASSES(bfloat16, float, bfloat16)
PASSES(float64, double, double)
