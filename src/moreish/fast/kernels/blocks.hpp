// What stands between the products of a Transformer's blocks. N = B T places of C channels, place n = b T + t.
//
// embed:       x = (wte[ids] + wpe[t]) mask
// add_norm:    sum = x + (branch + bias) mask,  y = gain z + shift,  z = (sum - mean) / sqrt(var + eps) of each place
//              dsum += (g - mean g - z mean(g z)) / sqrt(var + eps),  g = dy gain;  dgain += dy z,  dshift += dy
//              dbranch = dsum mask,  dbias += dbranch
// gelu:        x = product + bias,  y = x s with s = sigmoid(u),  u = 2 sqrt(2/pi) (x + 0.044715 x^3)
//              slope = s + s (1 - s) x u',  x u' = 3 u - 4 sqrt(2/pi) x;  dproduct = dy slope,  dbias += dproduct
//
// A branch, a product, y, and the gradients there are operands; all sums are added to what stands there; a mask may be
// null, and so may a branch, with its bias and its gradients. `stats` (N, 2) keeps mean and 1 / sqrt(var + eps).
// As rules they need no more than these two:
//
// layer_norm:  y = gain z + bias, as batch_norm but over the channels of each place
//   p: x, dx, gain, dgain, bias, dbias, y, dy, z (like x), 1 / sqrt(var + eps) (N)
//   n: places, channels, 0, 0, whether dx is added to
//   x: eps
// tanh_gelu:   in place, as gelu.   p: y, dy, slopes.   n: places, channels
#pragma once
#include "operands.hpp"
#include "activations.hpp"

template <class T>
void embed_forward(i64 rows, i64 steps, i64 size, const i64 *ids, const T *wte, const T *wpe, const T *mask, T *x) {
  for (i64 n = 0; n < rows * steps; n++)
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> sum = lanes.in(wte + ids[n] * size + j) + lanes.in(wpe + n % steps * size + j);
      lanes.out(x + n * size + j, mask ? sum * lanes.in(mask + n * size + j) : sum);
    });
}

template <class T>
void embed_backward(i64 rows, i64 steps, i64 size, const i64 *ids, const T *dx, const T *mask, T *dwte, T *dwpe) {
  for (i64 n = 0; n < rows * steps; n++) {
    T *symbol = dwte + ids[n] * size, *place = dwpe + n % steps * size;
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> d = lanes.in(dx + n * size + j);
      if (mask) d *= lanes.in(mask + n * size + j);
      lanes.out(symbol + j, lanes.in(symbol + j) + d);
      lanes.out(place + j, lanes.in(place + j) + d);
    });
  }
}

template <class T, class O>
void add_norm_forward(i64 places, i64 size, const T *x, const O *branch, const T *bias, const T *mask, T *total,
                      const T *gain, const T *shift, double eps, O *y, T *stats) {
  for (i64 n = 0; n < places; n++) {
    const i64 at = n * size;
    const T *row = branch ? total + at : x + at;
    Vec<T> sums = {}, squares = {};
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> v = lanes.in(x + at + j);
      if (branch) {
        const Vec<T> b = operand_in(lanes, branch + at + j) + lanes.in(bias + j);
        v += mask ? b * lanes.in(mask + at + j) : b;
        lanes.out(total + at + j, v);
      }
      sums += v;
    });
    const T mean = sum<T>(sums) / (T)size;
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> away = only(lanes, lanes.in(row + j) - mean);
      squares += away * away;
    });
    const T inverse = (T)(1 / std::sqrt((double)sum<T>(squares) / (double)size + eps));
    stats[2 * n] = mean;
    stats[2 * n + 1] = inverse;
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> z = (lanes.in(row + j) - mean) * inverse;
      operand_out(lanes, y + at + j, z * lanes.in(gain + j) + lanes.in(shift + j));
    });
  }
}

template <class T, class O>
void add_norm_backward(i64 places, i64 size, const O *dy, const T *total, const T *stats, const T *gain, T *dsum,
                       T *dgain, T *dshift, const T *mask, O *dbranch, T *dbias) {
  for (i64 n = 0; n < places; n++) {
    const i64 at = n * size;
    const T mean = stats[2 * n], inverse = stats[2 * n + 1];
    Vec<T> flat = {}, along = {};
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> d = operand_in(lanes, dy + at + j), z = (lanes.in(total + at + j) - mean) * inverse;
      const Vec<T> g = d * lanes.in(gain + j);
      flat += g;
      along += g * z;
      lanes.out(dgain + j, lanes.in(dgain + j) + d * z);
      lanes.out(dshift + j, lanes.in(dshift + j) + d);
    });
    const T mean_g = sum<T>(flat) / (T)size, mean_gz = sum<T>(along) / (T)size;
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> z = (lanes.in(total + at + j) - mean) * inverse;
      const Vec<T> g = operand_in(lanes, dy + at + j) * lanes.in(gain + j);
      const Vec<T> d = lanes.in(dsum + at + j) + inverse * (g - mean_g - z * mean_gz);
      lanes.out(dsum + at + j, d);
      if (!dbranch) return;
      const Vec<T> back = mask ? d * lanes.in(mask + at + j) : d;
      operand_out(lanes, dbranch + at + j, back);
      lanes.out(dbias + j, lanes.in(dbias + j) + back);
    });
  }
}

template <class T> INLINE Vec<T> tanh_gelu(Vec<T> x, Vec<T> &slope) {
  const T first = (T)1.5957691216057308, cube = (T)(0.044715 * 1.5957691216057308);
  const Vec<T> u = x * (first + cube * x * x), s = logistic<T>(u);
  slope = s + s * ((T)1 - s) * ((T)3 * u - (T)2 * first * x);
  return x * s;
}

template <class T, class O>
void tanh_gelu_forward(i64 places, i64 size, const O *product, const T *bias, O *y, T *slopes) {
  for (i64 n = 0; n < places; n++)
    each<T>(size, [&](i64 j, auto lanes) {
      const i64 at = n * size + j;
      Vec<T> slope;
      operand_out(lanes, y + at, tanh_gelu<T>(operand_in(lanes, product + at) + lanes.in(bias + j), slope));
      lanes.out(slopes + at, slope);
    });
}

template <class T, class O>
void tanh_gelu_backward(i64 places, i64 size, const O *dy, const T *slopes, O *dproduct, T *dbias) {
  for (i64 n = 0; n < places; n++)
    each<T>(size, [&](i64 j, auto lanes) {
      const i64 at = n * size + j;
      const Vec<T> d = operand_in(lanes, dy + at) * lanes.in(slopes + at);
      operand_out(lanes, dproduct + at, d);
      lanes.out(dbias + j, lanes.in(dbias + j) + d);
    });
}

template <class T> void layer_norm_forward(const Op &op, Batch &batch) {
  const i64 count = places(op, batch), size = op.n[1];
  const T *x = (const T *)op.p[0], *gain = (const T *)op.p[2], *bias = (const T *)op.p[4];
  T *y = (T *)op.p[6], *z = (T *)op.p[8], *inverse = (T *)op.p[9];
  for (i64 n = 0; n < count; n++, x += size, y += size, z += size) {
    Vec<T> sums = {}, squares = {};
    each<T>(size, [&](i64 j, auto lanes) { sums += lanes.in(x + j); });
    const T mean = sum<T>(sums) / (T)size;
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> away = only(lanes, lanes.in(x + j) - mean);
      squares += away * away;
    });
    const T scale = inverse[n] = (T)(1 / std::sqrt((double)sum<T>(squares) / (double)size + op.x[0]));
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> normal = (lanes.in(x + j) - mean) * scale;
      lanes.out(z + j, normal);
      lanes.out(y + j, bias ? normal * lanes.in(gain + j) + lanes.in(bias + j) : normal * lanes.in(gain + j));
    });
  }
}

template <class T> void layer_norm_backward(const Op &op, Batch &batch) {
  const i64 count = places(op, batch), size = op.n[1];
  const T *gain = (const T *)op.p[2], *dy = (const T *)op.p[7], *z = (const T *)op.p[8], *inverse = (const T *)op.p[9];
  T *dx = (T *)op.p[1], *dgain = (T *)op.p[3], *dbias = (T *)op.p[5];
  std::memset(dgain, 0, (size_t)size * sizeof(T));
  if (dbias) std::memset(dbias, 0, (size_t)size * sizeof(T));
  for (i64 n = 0; n < count; n++, dx += size, dy += size, z += size) {
    Vec<T> flat = {}, along = {};
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> d = lanes.in(dy + j), normal = lanes.in(z + j), g = d * lanes.in(gain + j);
      flat += g;
      along += g * normal;
      lanes.out(dgain + j, lanes.in(dgain + j) + d * normal);
      if (dbias) lanes.out(dbias + j, lanes.in(dbias + j) + d);
    });
    const T mean = sum<T>(flat) / (T)size, share = sum<T>(along) / (T)size;
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> d = inverse[n] * (lanes.in(dy + j) * lanes.in(gain + j) - mean - lanes.in(z + j) * share);
      lanes.out(dx + j, op.n[4] ? lanes.in(dx + j) + d : d);
    });
  }
}

template <class T> void tanh_gelu_forward(const Op &op, Batch &batch) {
  T *y = (T *)op.p[0], *slopes = (T *)op.p[2];
  each<T>(places(op, batch) * op.n[1], [&](i64 i, auto lanes) {
    Vec<T> slope;
    lanes.out(y + i, tanh_gelu<T>(lanes.in(y + i), slope));
    lanes.out(slopes + i, slope);
  });
}
template <class T> void tanh_gelu_backward(const Op &op, Batch &batch) {
  times_kept((T *)op.p[1], (const T *)op.p[2], places(op, batch) * op.n[1]);
}
