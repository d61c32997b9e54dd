// What lies between layers.
//
// add: y += x, dx = dy.               p: x, dx, y, dy        n: places, channels, 0, 0, whether dx is added to
//
// taps: what a causal convolution of two taps reads, y (N, 2C) = [x at t - dilation, x at t], zeros before the start.
//   dx[t] = dy[t] second half + dy[t + dilation] first half
//                                     p: x, dx, y, dy        n: places, C, dilation, 0, whether dx is added to
//
// gate: y (N, C) = tanh(a) sigmoid(b) of x = [a, b] (N, 2C), which become tanh(a), sigmoid(b).
//   da = dy b (1 - a^2)    db = dy a b (1 - b)
//                                     p: x, dx, y, dy        n: places, C
//
// fork: x = [r, s] (N, 2C): y = r + before, skips += s. Both dr = dy and ds = dskips; dbefore = dy.
//                                     p: x, dx, y, dy, before, dbefore, skips, dskips
//                                     n: places, C, whether skips begin here, 0, whether dbefore is added to
//
// mean_so_far: y[t] = x[t] + (x[0] + ... + x[t]) / (t + 1).
//   dx[t] = dy[t] + sum over s >= t of dy[s] / (s + 1)
//                                     p: x, dx, y, dy        n: places, C, 0, 0, whether dx is added to
//
// positions: y[t] += table[t].   dtable[t] = sum of dy[t] over the rows, 0 beyond the steps
//                                     p: table, dtable, y, dy     n: places, C, rows of the table
#pragma once
#include "rules.hpp"

template <class T> INLINE void add_to(T *to, const T *from, i64 n, bool added) {
  each<T>(n, [&](i64 i, auto lanes) {
    lanes.out(to + i, added ? lanes.in(to + i) + lanes.in(from + i) : lanes.in(from + i));
  });
}

template <class T> void add_forward(const Op &op, Batch &batch) {
  add_to((T *)op.p[2], (const T *)op.p[0], places(op, batch) * op.n[1], true);
}
template <class T> void add_backward(const Op &op, Batch &batch) {
  add_to((T *)op.p[1], (const T *)op.p[3], places(op, batch) * op.n[1], op.n[4]);
}

template <class T> void taps_forward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, size = op.n[1], back = op.n[2];
  const T *x = (const T *)op.p[0];
  T *y = (T *)op.p[2];
  for (i64 i = 0; i < batch.rows * steps; i++, y += 2 * size) {
    i64 from = i % steps >= back ? i - back : -1;
    if (batch.before) {
      from = i;
      for (i64 k = 0; k < back && from >= 0; k++) from = batch.before[from];
    }
    if (from >= 0) add_to(y, x + from * size, size, false);
    else std::memset(y, 0, (size_t)size * sizeof(T));
    add_to(y + size, x + i * size, size, false);
  }
}
template <class T> void taps_backward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, size = op.n[1], back = op.n[2];
  T *dx = (T *)op.p[1];
  const T *dy = (const T *)op.p[3];
  for (i64 i = 0; i < batch.rows * steps; i++, dx += size, dy += 2 * size) {
    add_to(dx, dy + size, size, op.n[4]);
    if (i % steps + back < steps) add_to(dx, dy + 2 * back * size, size, true);
  }
}

template <class T> void gate_forward(const Op &op, Batch &batch) {
  const i64 size = op.n[1];
  T *x = (T *)op.p[0], *y = (T *)op.p[2];
  for (i64 i = places(op, batch); i > 0; i--, x += 2 * size, y += size)
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> a = tanh<T>(lanes.in(x + j)), b = sigmoid<T>(lanes.in(x + size + j));
      lanes.out(x + j, a);
      lanes.out(x + size + j, b);
      lanes.out(y + j, a * b);
    });
}
template <class T> void gate_backward(const Op &op, Batch &batch) {
  const i64 size = op.n[1];
  const T *x = (const T *)op.p[0], *dy = (const T *)op.p[3];
  T *dx = (T *)op.p[1];
  for (i64 i = places(op, batch); i > 0; i--, x += 2 * size, dx += 2 * size, dy += size)
    each<T>(size, [&](i64 j, auto lanes) {
      const Vec<T> a = lanes.in(x + j), b = lanes.in(x + size + j), d = lanes.in(dy + j) * b;
      lanes.out(dx + j, d * ((T)1 - a * a));
      lanes.out(dx + size + j, d * a * ((T)1 - b));
    });
}

template <class T> void fork_forward(const Op &op, Batch &batch) {
  const i64 size = op.n[1];
  const T *x = (const T *)op.p[0], *before = (const T *)op.p[4];
  T *y = (T *)op.p[2], *skips = (T *)op.p[6];
  for (i64 i = places(op, batch); i > 0; i--, x += 2 * size, y += size, before += size, skips += size)
    each<T>(size, [&](i64 j, auto lanes) {
      lanes.out(y + j, lanes.in(x + j) + lanes.in(before + j));
      const Vec<T> skip = lanes.in(x + size + j);
      lanes.out(skips + j, op.n[2] ? skip : skip + lanes.in(skips + j));
    });
}
template <class T> void fork_backward(const Op &op, Batch &batch) {
  const i64 size = op.n[1];
  T *dx = (T *)op.p[1], *dbefore = (T *)op.p[5];
  const T *dy = (const T *)op.p[3], *dskips = (const T *)op.p[7];
  for (i64 i = places(op, batch); i > 0; i--, dx += 2 * size, dy += size, dbefore += size, dskips += size) {
    add_to(dx, dy, size, false);
    add_to(dx + size, dskips, size, false);
    add_to(dbefore, dy, size, op.n[4]);
  }
}

template <class T> void mean_so_far_forward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, size = op.n[1];
  const T *x = (const T *)op.p[0];
  T *y = (T *)op.p[2];
  if (batch.before) {
    for (i64 i = 0; i < batch.rows; i++) {
      const i64 count = path_to(batch, i);
      each<T>(size, [&](i64 j, auto lanes) {
        Vec<T> total = {};
        for (i64 t = 0; t < count; t++) total += lanes.in(x + batch.path[t] * size + j);
        lanes.out(y + i * size + j, lanes.in(x + i * size + j) + total / (T)count);
      });
    }
    return;
  }
  for (i64 r = 0; r < batch.rows; r++, x += steps * size, y += steps * size)
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> total = {};
      for (i64 t = 0; t < steps; t++) {
        const Vec<T> here = lanes.in(x + t * size + j);
        total += here;
        lanes.out(y + t * size + j, here + total / (T)(t + 1));
      }
    });
}
template <class T> void mean_so_far_backward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, size = op.n[1];
  T *dx = (T *)op.p[1];
  const T *dy = (const T *)op.p[3];
  for (i64 r = 0; r < batch.rows; r++, dx += steps * size, dy += steps * size)
    each<T>(size, [&](i64 j, auto lanes) {
      Vec<T> total = {};
      for (i64 t = steps - 1; t >= 0; t--) {
        const Vec<T> here = lanes.in(dy + t * size + j);
        total += here / (T)(t + 1);
        const Vec<T> d = here + total;
        lanes.out(dx + t * size + j, op.n[4] ? lanes.in(dx + t * size + j) + d : d);
      }
    });
}

template <class T> void positions_forward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, width = steps * op.n[1];
  for (i64 r = 0; r < batch.rows; r++) {
    const T *table = (const T *)op.p[0];
    if (batch.before) table += (path_to(batch, r) - 1) * op.n[1];
    add_to((T *)op.p[2] + r * width, table, width, true);
  }
}
template <class T> void positions_backward(const Op &op, Batch &batch) {
  const i64 steps = op.n[0] ? op.n[0] : batch.steps, width = steps * op.n[1];
  T *dtable = (T *)op.p[1];
  std::memset(dtable, 0, (size_t)(op.n[2] * op.n[1]) * sizeof(T));
  for (i64 r = 0; r < batch.rows; r++) add_to(dtable, (const T *)op.p[3] + r * width, width, true);
}
