// gru, lstm: all of one step of time but its product with the recurrent matrix, in one pass each way.
//
// Time comes first: T steps, B rows, H units, G = 3 H or 4 H gates, V symbols. An operand is what the products outside
// take and give, T itself or bfloat16. What is not said otherwise is dense.
//
//   ids         (T, B)         the row of `input` that each place reads, or null: place (t, b) reads row t B + b
//   input       (V, G)         the input's share of the gates, bias_ih included; (T B, G) without ids
//   product     (B, G)         h U^T, an operand; zeros where the memory is blank
//   bias        (G)            bias_hh
//   h           (T + 1, B, H)  h[t + 1] = h' is the memory after step t; `operand` is the same as an operand
//   mask        (T, B, H)      what a dropout leaves of h', factor included, or null
//   out         (T, B, H)      h' mask; untouched without a mask
//   dout        (T, B, H)      gradient at `out`, at h' without a mask, an operand
//   dproduct    (B, H)         dgates[t + 1] U, an operand; zeros at the last step
//   carried     (B, H)         what else comes back from step t + 1, and then goes back from step t
//   dgates      (T, B, G)      gradient at `product`, an operand
//   dinput      like input     the gradient there is added to what stands in it
//   dcandidate  (H)            of a GRU, likewise: at c; the gradients of the other biases are sums of dinput
//
// dx is the gradient of the loss with respect to x.
#pragma once
#include "operands.hpp"

struct Step {
  i64 t, rows, size;
  const i64 *ids;
  INLINE i64 row(i64 b) const { return t * rows + b; }
  INLINE i64 input_row(i64 b) const { return ids ? ids[row(b)] : row(b); }
};

// r, z = sigmoid(input + product + bias), c = product + bias, n = tanh(input + r c), h' = (1 - z) n + z h
//   rz (T, B, 2 H), n (T, B, H), c (T, B, H)
template <class T, class O>
void gru_forward(const Step step, const T *input, const O *product, const T *bias, T *h, O *operand, const T *mask,
                 T *out, T *rz, T *n, T *c) {
  const i64 size = step.size;
  for (i64 b = 0; b < step.rows; b++) {
    const i64 at = step.row(b) * size, next = at + step.rows * size;
    const T *in = input + step.input_row(b) * 3 * size;
    const O *p = product + b * 3 * size;
    each<T>(size, [&](i64 j, auto lanes) {
      const auto sum = [&](i64 k) { return operand_in(lanes, p + k) + lanes.in(bias + k); };
      const Vec<T> r = logistic<T>(lanes.in(in + j) + sum(j));
      const Vec<T> z = logistic<T>(lanes.in(in + size + j) + sum(size + j));
      const Vec<T> candidate = sum(2 * size + j);
      const Vec<T> new_ = logistic_tanh<T>(lanes.in(in + 2 * size + j) + r * candidate);
      const Vec<T> memory = new_ + z * (lanes.in(h + at + j) - new_);
      lanes.out(rz + 2 * at + j, r);
      lanes.out(rz + 2 * at + size + j, z);
      lanes.out(n + at + j, new_);
      lanes.out(c + at + j, candidate);
      lanes.out(h + next + j, memory);
      operand_out(lanes, operand + next + j, memory);
      if (mask) lanes.out(out + at + j, memory * lanes.in(mask + at + j));
    });
  }
}

// dn = dh (1 - z) (1 - n^2)     dc = dn r     dr = dc c (1 - r)     dz = dh z (1 - z) (h - n)
// dh at the step before = dh z, which is carried, + [dr, dz, dc] U; the gradient at the input is [dr, dz, dn]
template <class T, class O>
void gru_backward(const Step step, const O *dout, const T *mask, const O *dproduct, T *carried, const T *h, const T *rz,
                  const T *n, const T *c, O *dgates, T *dinput, T *dcandidate) {
  const i64 size = step.size;
  for (i64 b = 0; b < step.rows; b++) {
    const i64 at = step.row(b) * size;
    T *kept = carried + b * size, *din = dinput + step.input_row(b) * 3 * size;
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> dh = operand_in(lanes, dout + at + j);
      if (mask) dh *= lanes.in(mask + at + j);
      dh += operand_in(lanes, dproduct + b * size + j) + lanes.in(kept + j);
      const Vec<T> r = lanes.in(rz + 2 * at + j), z = lanes.in(rz + 2 * at + size + j), new_ = lanes.in(n + at + j);
      const Vec<T> stays = dh * z;
      const Vec<T> dn = (dh - stays) * ((T)1 - new_ * new_);
      const Vec<T> dc = dn * r;
      const Vec<T> dr = dc * lanes.in(c + at + j) * ((T)1 - r);
      const Vec<T> dz = stays * ((T)1 - z) * (lanes.in(h + at + j) - new_);
      lanes.out(kept + j, stays);
      operand_out(lanes, dgates + 3 * at + j, dr);
      operand_out(lanes, dgates + 3 * at + size + j, dz);
      operand_out(lanes, dgates + 3 * at + 2 * size + j, dc);
      lanes.out(din + j, lanes.in(din + j) + dr);
      lanes.out(din + size + j, lanes.in(din + size + j) + dz);
      lanes.out(din + 2 * size + j, lanes.in(din + 2 * size + j) + dn);
      lanes.out(dcandidate + j, lanes.in(dcandidate + j) + dc);
    });
  }
}

// i, f, o = sigmoid(input + product + bias), g = tanh(the same), c' = f c + i g, h' = o tanh(c')
//   c (T + 1, B, H), tanh_c (T, B, H), gates (T, B, 4 H) are [i, f, g, o]
template <class T, class O>
void lstm_forward(const Step step, const T *input, const O *product, const T *bias, T *h, O *operand, const T *mask,
                  T *out, T *c, T *tanh_c, T *gates) {
  const i64 size = step.size;
  for (i64 b = 0; b < step.rows; b++) {
    const i64 at = step.row(b) * size, next = at + step.rows * size;
    const T *in = input + step.input_row(b) * 4 * size;
    const O *p = product + b * 4 * size;
    T *kept = gates + 4 * at;
    each<T>(size, [&](i64 j, auto lanes) {
      const auto sum = [&](i64 k) { return lanes.in(in + k) + operand_in(lanes, p + k) + lanes.in(bias + k); };
      const Vec<T> i = logistic<T>(sum(j)), f = logistic<T>(sum(size + j));
      const Vec<T> g = logistic_tanh<T>(sum(2 * size + j)), o = logistic<T>(sum(3 * size + j));
      const Vec<T> cell = f * lanes.in(c + at + j) + i * g;
      const Vec<T> squashed = logistic_tanh<T>(cell);
      const Vec<T> memory = o * squashed;
      lanes.out(kept + j, i);
      lanes.out(kept + size + j, f);
      lanes.out(kept + 2 * size + j, g);
      lanes.out(kept + 3 * size + j, o);
      lanes.out(c + next + j, cell);
      lanes.out(tanh_c + at + j, squashed);
      lanes.out(h + next + j, memory);
      operand_out(lanes, operand + next + j, memory);
      if (mask) lanes.out(out + at + j, memory * lanes.in(mask + at + j));
    });
  }
}

// do = dh tanh(c') o (1 - o)     dc' = carried + dh o (1 - tanh(c')^2)
// di = dc' g i (1 - i)     df = dc' c f (1 - f)     dg = dc' i (1 - g^2)     dc = dc' f, which is carried
// dh at the step before = [di, df, dg, do] U
template <class T, class O>
void lstm_backward(const Step step, const O *dout, const T *mask, const O *dproduct, T *carried, const T *, const T *c,
                   const T *tanh_c, const T *gates, O *dgates, T *dinput, T *) {
  const i64 size = step.size;
  for (i64 b = 0; b < step.rows; b++) {
    const i64 at = step.row(b) * size;
    const T *kept = gates + 4 * at;
    T *dcell = carried + b * size, *din = dinput + step.input_row(b) * 4 * size;
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> dh = operand_in(lanes, dout + at + j);
      if (mask) dh *= lanes.in(mask + at + j);
      dh += operand_in(lanes, dproduct + b * size + j);
      const Vec<T> i = lanes.in(kept + j), f = lanes.in(kept + size + j), g = lanes.in(kept + 2 * size + j);
      const Vec<T> o = lanes.in(kept + 3 * size + j), squashed = lanes.in(tanh_c + at + j);
      const Vec<T> through = dh * o;
      const Vec<T> dnew = lanes.in(dcell + j) + through * ((T)1 - squashed * squashed);
      const Vec<T> stays = dnew * f;
      const auto give = [&](i64 k, Vec<T> d) {
        operand_out(lanes, dgates + 4 * at + k, d);
        lanes.out(din + k, lanes.in(din + k) + d);
      };
      give(j, dnew * g * i * ((T)1 - i));
      give(size + j, stays * lanes.in(c + at + j) * ((T)1 - f));
      give(2 * size + j, dnew * i * ((T)1 - g * g));
      give(3 * size + j, through * squashed * ((T)1 - o));
      lanes.out(dcell + j, stays);
    });
  }
}
