// stream: an LSTM reads ids, many steps a call, and keeps nothing but its memory. Forwards only.
//
//   [i, f, g, o] = input[id] + h U^T     c' = f c + i g     h' = o tanh(c')
//
//   T steps, B rows, H units, G = 4 H gates
//   ids     (T, B)
//   begins  (B)       the step at which a row begins: what stands before it is not read, and its memory is blank
//   input   (V, G)    the input's share of the gates, biases included
//   panels            U^T (H, G), laid out as `panels.hpp` says
//   gates   (B, G)    scratch
//   h, c    (B, H)    the memory before the first step, and after the last
#pragma once
#include "operands.hpp"
#include "panels.hpp"

template <class T>
void lstm_stream(i64 steps, i64 rows, i64 size, const i32 *ids, const i64 *begins, const T *input, const T *panels,
                 T *gates, T *h, T *c) {
  const i64 width = 4 * size;
  for (i64 t = 0; t < steps; t++, ids += rows) {
    for (i64 b = 0; b < rows; b++) std::memcpy(gates + b * width, input + ids[b] * width, (size_t)width * sizeof(T));
    by_panels(rows, size, width, h, panels, gates, ADD);
    for (i64 b = 0; b < rows; b++) {
      if (t < begins[b]) continue;
      const T *g = gates + b * width;
      each<T>(size, [&](i64 j, auto lanes) {
        const Vec<T> in = logistic<T>(lanes.in(g + j)), stays = logistic<T>(lanes.in(g + size + j));
        const Vec<T> candidate = logistic_tanh<T>(lanes.in(g + 2 * size + j)), out = logistic<T>(lanes.in(g + 3 * size + j));
        const Vec<T> after = stays * lanes.in(c + b * size + j) + in * candidate;
        lanes.out(c + b * size + j, after);
        lanes.out(h + b * size + j, out * logistic_tanh<T>(after));
      });
    }
  }
}
