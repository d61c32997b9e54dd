// Activations, in place: what they need on the way back is what they leave, y.
//
//   tanh        dx = dy (1 - y^2)
//   sigmoid     dx = dy y (1 - y)
//   relu        dx = dy where y > 0
//   leaky_relu  dx = dy where y > 0, else slope dy
//   elu         dx = dy where y > 0, else dy (y + alpha)
//   gelu        y = x P(x), P the normal distribution function; dx = dy (P(x) + x p(x)), which is kept
//   dropout     y = x mask, dx = dy mask; the mask is 0 or 1 / (1 - share), drawn anew for each step
//
//   p: y, dy, kept (gelu: slopes, dropout: mask; like y)
//   n: places, channels, number of the op
//   x: slope, alpha or share
#pragma once
#include "rules.hpp"

// One pass over (y) or over (y, dy).
template <class T, class F> INLINE void forward_in_place(const Op &op, const Batch &batch, F f) {
  T *y = (T *)op.p[0];
  each_shared<T>(batch.team, places(op, batch) * op.n[1], 8, [&](i64 i, auto lanes) { lanes.out(y + i, f(lanes.in(y + i))); });
}
template <class T, class F> INLINE void backward_in_place(const Op &op, const Batch &batch, F f) {
  const T *y = (const T *)op.p[0];
  T *dy = (T *)op.p[1];
  each_shared<T>(batch.team, places(op, batch) * op.n[1], 4,
                 [&](i64 i, auto lanes) { lanes.out(dy + i, f(lanes.in(y + i), lanes.in(dy + i))); });
}

template <class T> void tanh_forward(const Op &op, Batch &batch) {
  forward_in_place<T>(op, batch, [](Vec<T> x) { return tanh<T>(x); });
}
template <class T> void tanh_backward(const Op &op, Batch &batch) {
  backward_in_place<T>(op, batch, [](Vec<T> y, Vec<T> dy) { return dy * ((T)1 - y * y); });
}
template <class T> void sigmoid_forward(const Op &op, Batch &batch) {
  forward_in_place<T>(op, batch, [](Vec<T> x) { return sigmoid<T>(x); });
}
template <class T> void sigmoid_backward(const Op &op, Batch &batch) {
  backward_in_place<T>(op, batch, [](Vec<T> y, Vec<T> dy) { return dy * y * ((T)1 - y); });
}
template <class T> void leaky_relu_forward(const Op &op, Batch &batch) {
  const T slope = (T)op.x[0];
  forward_in_place<T>(op, batch, [=](Vec<T> x) { return choose(x > 0, x, x * slope); });
}
template <class T> void leaky_relu_backward(const Op &op, Batch &batch) {
  const T slope = (T)op.x[0];
  backward_in_place<T>(op, batch, [=](Vec<T> y, Vec<T> dy) { return choose(y > 0, dy, dy * slope); });
}
template <class T> void elu_forward(const Op &op, Batch &batch) {
  const T alpha = (T)op.x[0];
  forward_in_place<T>(op, batch, [=](Vec<T> x) { return choose(x > 0, x, alpha * (exp<T>(x) - (T)1)); });
}
template <class T> void elu_backward(const Op &op, Batch &batch) {
  const T alpha = (T)op.x[0];
  backward_in_place<T>(op, batch, [=](Vec<T> y, Vec<T> dy) { return choose(y > 0, dy, dy * (y + alpha)); });
}

template <class T> void gelu_forward(const Op &op, Batch &batch) {
  T *y = (T *)op.p[0], *slopes = (T *)op.p[2];
  each_shared<T>(batch.team, places(op, batch) * op.n[1], 8, [&](i64 i, auto lanes) {
    const Vec<T> x = lanes.in(y + i);
    Vec<T> share;
    for (i64 l = 0; l < LANES<T>; l++) share[l] = (T)0.5 * ((T)1 + std::erf(x[l] * (T)0.70710678118654752));
    const Vec<T> density = (T)0.39894228040143268 * exp<T>((T)-0.5 * x * x);
    lanes.out(slopes + i, share + x * density);
    lanes.out(y + i, x * share);
  });
}
template <class T> void times_kept(T *y, const T *kept, i64 n) {
  each<T>(n, [&](i64 i, auto lanes) { lanes.out(y + i, lanes.in(y + i) * lanes.in(kept + i)); });
}
template <class T> void gelu_backward(const Op &op, Batch &batch) {
  times_kept((T *)op.p[1], (const T *)op.p[2], places(op, batch) * op.n[1]);
}

// A hash of 32 bits whose outputs look independent (Wellons' triple32): the draw at a place of a step.
INLINE u32 draw(u32 x) {
  x = (x ^ (x >> 17)) * 0xed5ad4bbu;
  x = (x ^ (x >> 11)) * 0xac4c1b51u;
  x = (x ^ (x >> 15)) * 0x31848babu;
  return x ^ (x >> 14);
}

// A mask of n places: 0 for the share that is left out, 1 / (1 - share) elsewhere.
template <class T> void draw_mask(T *mask, i64 n, i64 number_of_op, double share, const Batch &batch) {
  const u32 key = draw(batch.noise ^ draw((u32)number_of_op * 0x9e3779b9u + 1));
  const u32 limit = (u32)(share * 4294967296.0);  // dropped below it
  const T kept = (T)(1 / (1 - share));
  for (i64 i = 0; i < n; i++) mask[i] = draw(key + (u32)i * 0x9e3779b9u) < limit ? (T)0 : kept;
}

template <class T> void dropout_forward(const Op &op, Batch &batch) {
  if (!batch.training) return;
  T *y = (T *)op.p[0], *mask = (T *)op.p[2];
  const i64 n = places(op, batch) * op.n[1];
  draw_mask(mask, n, op.n[2], op.x[0], batch);
  times_kept(y, mask, n);
}
template <class T> void dropout_backward(const Op &op, Batch &batch) {
  times_kept((T *)op.p[1], (const T *)op.p[2], places(op, batch) * op.n[1]);
}
