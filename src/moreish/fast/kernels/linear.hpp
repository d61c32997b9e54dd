// linear: y (N, out) = x (N, in) w^T + b, with w (out, in) as torch has it.
//
//   dx = dy w        dw = dy^T x        db = column sums of dy
//
//   p: x, dx or null, w, dw, b or null, db or null, y, dy, scratch (in * out)
//   n: places, in, out, whether y is added to what is there, whether dx is
#pragma once
#include "rules.hpp"

template <class T> void linear_forward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), in = op.n[1], out = op.n[2];
  const T *x = (const T *)op.p[0], *w = (const T *)op.p[2], *b = (const T *)op.p[4];
  T *y = (T *)op.p[6], *turned = (T *)op.p[8];
  transpose(w, turned, out, in);
  shared(batch.team, rows, ROWS, in * out, [&](i64 begin, i64 end) {
    if (op.n[3] && b)
      for (i64 i = begin; i < end; i++)
        each<T>(out, [&](i64 j, auto lanes) { lanes.out(y + i * out + j, lanes.in(y + i * out + j) + lanes.in(b + j)); });
    const Product<T> product = {x + begin * in, in, 1, turned, out, y + begin * out, out, b};
    multiply(product, end - begin, out, in, op.n[3] ? ADD : b ? BIAS : ZERO);
  });
}

template <class T> void linear_backward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), in = op.n[1], out = op.n[2];
  const T *x = (const T *)op.p[0], *w = (const T *)op.p[2], *dy = (const T *)op.p[7];
  T *dx = (T *)op.p[1], *dw = (T *)op.p[3], *db = (T *)op.p[5];
  shared(batch.team, out, ROWS, rows * in, [&](i64 begin, i64 end) {
    multiply<T>({dy + begin, 1, out, x, in, dw + begin * in, in, nullptr}, end - begin, in, rows, ZERO);
  });
  if (dx)
    shared(batch.team, rows, ROWS, in * out, [&](i64 begin, i64 end) {
      const Product<T> product = {dy + begin * out, out, 1, w, in, dx + begin * in, in, nullptr};
      multiply(product, end - begin, in, out, op.n[4] ? ADD : ZERO);
    });
  if (db)
    each_shared<T>(batch.team, out, rows, [&](i64 j, auto lanes) {
      Vec<T> total = {};
      for (i64 i = 0; i < rows; i++) total += lanes.in(dy + i * out + j);
      lanes.out(db + j, total);
    });
}

// embedding: y (N, size) = rows of table (V, size), chosen by ids (N).
//
//   dtable = 0, then the row of each id += its row of dy: picked twice, added twice
//
//   p: table, dtable, y, dy
//   n: places, size, V
template <class T> void embedding_forward(const Op &op, Batch &batch) {
  const i64 count = places(op, batch), size = op.n[1];
  const T *table = (const T *)op.p[0];
  T *y = (T *)op.p[2];
  shared(batch.team, count, 1, size, [&](i64 begin, i64 end) {
    for (i64 i = begin; i < end; i++) {
      const T *from = table + batch.ids[i] * size;
      each<T>(size, [&](i64 j, auto lanes) { lanes.out(y + i * size + j, lanes.in(from + j)); });
    }
  });
}

template <class T> void embedding_backward(const Op &op, Batch &batch) {
  const i64 count = places(op, batch), size = op.n[1];
  T *dtable = (T *)op.p[1];
  const T *dy = (const T *)op.p[3];
  shared(batch.team, op.n[2], 1, size + count * size / op.n[2], [&](i64 begin, i64 end) {
    std::memset(dtable + begin * size, 0, (size_t)((end - begin) * size) * sizeof(T));
    for (i64 i = 0; i < count; i++) {
      if (batch.ids[i] < begin || batch.ids[i] >= end) continue;
      T *to = dtable + batch.ids[i] * size;
      each<T>(size, [&](i64 j, auto lanes) { lanes.out(to + j, lanes.in(to + j) + lanes.in(dy + i * size + j)); });
    }
  });
}
