// attention: every place asks those before it and itself which of them matter, head by head.
//
//   q, k, v = product + bias        P = softmax(q k^T / sqrt(S)) over the places up to its own        y = (P mask) v
//   dv = (P mask)^T dy        dP = dy v^T mask        dscores = P (dP - sum of P dP over a row)
//   dq = dscores k / sqrt(S)        dk = dscores^T q / sqrt(S)
//
// B rows of T steps, M heads of S numbers, C = M S. Of a row of P nothing beyond the diagonal is read or written.
//
//   product  (B, T, 3 C)      queries, keys and values of all heads side by side, an operand; bias (3 C)
//   qkv      (B, T, 3 C)      the same with the bias, kept
//   shares   (B, M, T, T)     P, kept; mask (like it) is what a dropout leaves of it, factor included, or null
//   out      (B, T, C)        an operand; dout is the gradient there, an operand
//   dproduct (B, T, 3 C)      an operand; dbias (3 C): its sums over the places are added to what stands there
//   scratch  (S + 2 T, P)     P is T, rounded up to whole vectors
// The rule has qkv and its gradient in place of the products, and draws its mask itself:
//   p: qkv, dqkv, y, dy, shares, mask or null, scratch
//   n: places, C, M, number of the op
//   x: share that is left out
#pragma once
#include "activations.hpp"
#include "operands.hpp"

struct Heads {
  i64 rows, steps, heads, size;
  INLINE i64 width() const { return heads * size; }
};

template <class T> INLINE i64 padded(i64 n) { return (n + LANES<T> - 1) / LANES<T> * LANES<T>; }

// columns (S, P) = x (T, S) transposed, whose rows are `stride` apart; zeros behind the last step.
template <class T> INLINE void columns_of(const T *x, i64 stride, const Heads of, T *columns) {
  const i64 pitch = padded<T>(of.steps);
  for (i64 d = 0; d < of.size; d++) {
    for (i64 s = 0; s < of.steps; s++) columns[d * pitch + s] = x[s * stride + d];
    for (i64 s = of.steps; s < pitch; s++) columns[d * pitch + s] = 0;
  }
}

// Entries of x (S) columns (S, P) from the vector at s on.
template <class T> INLINE Vec<T> against(const T *x, const T *columns, i64 size, i64 pitch, i64 s) {
  Vec<T> even = {}, odd = {};
  i64 d = 0;
  for (; d + 1 < size; d += 2) {
    even += x[d] * load(columns + d * pitch + s);
    odd += x[d + 1] * load(columns + (d + 1) * pitch + s);
  }
  if (d < size) even += x[d] * load(columns + d * pitch + s);
  return even + odd;
}

template <class T, class O>
void attention_forward(const Heads of, const T *qkv, T *shares, const T *mask, O *out, T *scratch) {
  const i64 steps = of.steps, width = of.width(), stride = 3 * width, pitch = padded<T>(steps);
  const T scale = (T)(1 / std::sqrt((double)of.size));
  T *keys = scratch, *dropped = scratch + of.size * pitch;
  for (i64 b = 0; b < of.rows; b++) {
    const T *all_heads = qkv + b * steps * stride;
    for (i64 head = 0; head < of.heads; head++) {
      const T *q = all_heads + head * of.size, *v = q + 2 * width;
      const i64 first = (b * of.heads + head) * steps * steps;
      columns_of(q + width, stride, of, keys);
      for (i64 t = 0; t < steps; t++) {
        T *row = shares + first + t * steps;
        T largest = -INFINITY, total = 0;
        each<T>(t + 1, [&](i64 s, auto lanes) {
          lanes.out(row + s, scale * against(q + t * stride, keys, of.size, pitch, s));
        });
        for (i64 s = 0; s <= t; s++) largest = row[s] > largest ? row[s] : largest;
        each<T>(t + 1, [&](i64 s, auto lanes) { lanes.out(row + s, exp<T>(lanes.in(row + s) - largest)); });
        for (i64 s = 0; s <= t; s++) total += row[s];
        each<T>(t + 1, [&](i64 s, auto lanes) {
          const Vec<T> share = lanes.in(row + s) / total;
          lanes.out(row + s, share);
          store(dropped + s, mask ? share * lanes.in(mask + first + t * steps + s) : share);
        });
        O *y = out + (b * steps + t) * width + head * of.size;
        each<T>(of.size, [&](i64 j, auto lanes) {
          Vec<T> sum = {};
          for (i64 s = 0; s <= t; s++) sum += dropped[s] * lanes.in(v + s * stride + j);
          operand_out(lanes, y + j, sum);
        });
      }
    }
  }
}

template <class T, class O>
void attention_backward(const Heads of, const O *dout, const T *qkv, const T *shares, const T *mask, O *dproduct,
                               T *dbias, T *scratch) {
  const i64 steps = of.steps, width = of.width(), stride = 3 * width, pitch = padded<T>(steps);
  const T scale = (T)(1 / std::sqrt((double)of.size));
  T *values = scratch, *dscores = values + of.size * pitch, *dropped = dscores + steps * pitch;
  for (i64 b = 0; b < of.rows; b++)
    for (i64 head = 0; head < of.heads; head++) {
      const T *q = qkv + b * steps * stride + head * of.size, *k = q + width;
      const O *dy = dout + b * steps * width + head * of.size;
      const i64 first = (b * of.heads + head) * steps * steps;
      columns_of(k + width, stride, of, values);
      for (i64 t = 0; t < steps; t++) {
        const T *row = shares + first + t * steps;
        Vec<T> along = {};
        each<T>(t + 1, [&](i64 s, auto lanes) {
          Vec<T> dshare = {};
          for (i64 d = 0; d < of.size; d++) dshare += number(dy[t * width + d]) * load(values + d * pitch + s);
          const Vec<T> share = lanes.in(row + s);
          Vec<T> kept = share;
          if (mask) {
            const Vec<T> m = lanes.in(mask + first + t * steps + s);
            dshare *= m;
            kept *= m;
          }
          along += share * dshare;
          store(dscores + t * pitch + s, dshare);
          store(dropped + t * pitch + s, kept);
        });
        const T total = sum<T>(along);
        each<T>(t + 1, [&](i64 s, auto lanes) {
          store(dscores + t * pitch + s, lanes.in(row + s) * (load(dscores + t * pitch + s) - total) * scale);
        });
      }
      O *d = dproduct + b * steps * stride + head * of.size;
      T *sums = dbias ? dbias + head * of.size : nullptr;
      for (i64 s = 0; s < steps; s++)
        each<T>(of.size, [&](i64 j, auto lanes) {
          Vec<T> dq = {}, dk = {}, dv = {};
          for (i64 r = 0; r <= s; r++) dq += dscores[s * pitch + r] * lanes.in(k + r * stride + j);
          for (i64 t = s; t < steps; t++) {
            dk += dscores[t * pitch + s] * lanes.in(q + t * stride + j);
            dv += dropped[t * pitch + s] * operand_in(lanes, dy + t * width + j);
          }
          const auto give = [&](i64 at, Vec<T> g) {
            operand_out(lanes, d + s * stride + at, g);
            if (dbias) lanes.out(sums + at, lanes.in(sums + at) + g);
          };
          give(j, dq);
          give(width + j, dk);
          give(2 * width + j, dv);
        });
    }
}

template <class T, class O>
void causal_attention_forward(const Heads of, const O *product, const T *bias, T *qkv, T *shares, const T *mask, O *out,
                              T *scratch) {
  const i64 stride = 3 * of.width();
  for (i64 n = 0; n < of.rows * of.steps; n++)
    each<T>(stride, [&](i64 j, auto lanes) {
      lanes.out(qkv + n * stride + j, operand_in(lanes, product + n * stride + j) + lanes.in(bias + j));
    });
  attention_forward<T, O>(of, qkv, shares, mask, out, scratch);
}

INLINE Heads heads_of(const Op &op, const Batch &batch) {
  return {batch.rows, op.n[0] ? op.n[0] : batch.steps, op.n[2], op.n[1] / op.n[2]};
}

// The same without gradients for places that each come after another; scratch (longest item).
template <class T> void attention_along_paths(const Heads of, const Batch &batch, const T *qkv, T *out, T *scratch) {
  const i64 width = of.width(), stride = 3 * width;
  const T scale = (T)(1 / std::sqrt((double)of.size));
  for (i64 i = 0; i < of.rows; i++) {
    const i64 count = path_to(batch, i);
    for (i64 head = 0; head < of.heads; head++) {
      const T *q = qkv + i * stride + head * of.size, *k = qkv + width + head * of.size, *v = k + width;
      T largest = -INFINITY, total = 0;
      for (i64 s = 0; s < count; s++) {
        const T *key = k + batch.path[s] * stride;
        Vec<T> products = {};
        each<T>(of.size, [&](i64 j, auto lanes) { products += lanes.in(q + j) * lanes.in(key + j); });
        scratch[s] = scale * sum<T>(products);
        largest = scratch[s] > largest ? scratch[s] : largest;
      }
      each<T>(count, [&](i64 s, auto lanes) { lanes.out(scratch + s, exp<T>(lanes.in(scratch + s) - largest)); });
      for (i64 s = 0; s < count; s++) total += scratch[s];
      each<T>(of.size, [&](i64 j, auto lanes) {
        Vec<T> y = {};
        for (i64 s = 0; s < count; s++) y += scratch[s] * lanes.in(v + batch.path[s] * stride + j);
        lanes.out(out + i * width + head * of.size + j, y / total);
      });
    }
  }
}

template <class T> void attention_forward(const Op &op, Batch &batch) {
  const Heads of = heads_of(op, batch);
  if (batch.before) return attention_along_paths<T>(of, batch, (const T *)op.p[0], (T *)op.p[2], (T *)op.p[6]);
  T *mask = batch.training ? (T *)op.p[5] : nullptr;
  if (mask) draw_mask(mask, of.rows * of.heads * of.steps * of.steps, op.n[3], op.x[0], batch);
  attention_forward<T, T>(of, (const T *)op.p[0], (T *)op.p[4], mask, (T *)op.p[2], (T *)op.p[6]);
}
template <class T> void attention_backward(const Op &op, Batch &batch) {
  attention_backward<T, T>(heads_of(op, batch), (const T *)op.p[3], (const T *)op.p[0], (const T *)op.p[4],
                           (const T *)op.p[5], (T *)op.p[1], nullptr, (T *)op.p[6]);
}
