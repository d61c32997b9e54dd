// cross_entropy: the mean over N rows of -log softmax(logits)[target], labels smoothed by s over the V symbols.
//
//   loss = mean of  -(1 - s) logp[target] - s mean(logp)
//   dlogits = weight / N (softmax - (1 - s) [target] - s / V)
//
//   p: logits, dlogits, losses (N)
//   n: places, V
#pragma once
#include "rules.hpp"

template <class T> void cross_entropy_forward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), size = op.n[1];
  const T *logits = (const T *)op.p[0];
  T *dlogits = (T *)op.p[1], *losses = (T *)op.p[2];
  const T smooth = (T)batch.smoothing, each_way = (T)(batch.weight / (double)rows);
  shared(batch.team, rows, 1, 16 * size, [&](i64 begin, i64 end) {
    for (i64 i = begin; i < end; i++) {
      const T *row = logits + i * size;
      T *out = dlogits + i * size;
      T highest = row[0];
      for (i64 j = 1; j < size; j++) highest = row[j] > highest ? row[j] : highest;
      Vec<T> totals = {}, sums = {};
      each<T>(size, [&](i64 j, auto lanes) {
        const Vec<T> x = lanes.in(row + j) - highest;
        lanes.out(out + j, exp<T>(x));
      });
      each<T>(size, [&](i64 j, auto lanes) {
        totals += lanes.in(out + j);
        if (smooth != 0) sums += lanes.in(row + j);
      });
      const T total = sum<T>(totals), logtotal = std::log(total) + highest;
      losses[i] = (1 - smooth) * (logtotal - row[batch.targets[i]]);
      if (smooth != 0) losses[i] += smooth * (logtotal - sum<T>(sums) / (T)size);
      const T scale = each_way / total, spread = each_way * smooth / (T)size;
      each<T>(size, [&](i64 j, auto lanes) { lanes.out(out + j, lanes.in(out + j) * scale - spread); });
      out[batch.targets[i]] -= each_way * (1 - smooth);
    }
  });
  double loss = 0;
  for (i64 i = 0; i < rows; i++) loss += (double)losses[i];
  batch.loss = loss / (double)rows;
}

template <class T> void cross_entropy_backward(const Op &, Batch &) {}  // all done on the way there

// out (N, V) = logits - log sum exp of their row
template <class T> void log_softmax(i64 rows, i64 size, const T *logits, T *out) {
  for (i64 i = 0; i < rows; i++, logits += size, out += size) {
    T highest = logits[0];
    for (i64 j = 1; j < size; j++) highest = logits[j] > highest ? logits[j] : highest;
    Vec<T> totals = {};
    each<T>(size, [&](i64 j, auto lanes) { lanes.out(out + j, exp<T>(lanes.in(logits + j) - highest)); });
    each<T>(size, [&](i64 j, auto lanes) { totals += lanes.in(out + j); });
    const T total = std::log(sum<T>(totals));
    each<T>(size, [&](i64 j, auto lanes) { lanes.out(out + j, lanes.in(logits + j) - highest - total); });
  }
}
