// batch_norm: y = gain z + bias with z = (x - mean) / sqrt(var + eps), over the N rows, for each channel by itself.
//
//   mean = sum x / N        var = sum (x - mean)^2 / (N - correction)
//   x reaches y by three ways: by itself, by the mean, and by the variance:
//   dx = gain / sqrt(var + eps) (dy - sum dy / N - z sum(dy z) / (N - correction))
//   dgain = sum dy z        dbias = sum dy
//   running mean and variance move by `momentum` to this batch's mean and to its unbiased variance
//
//   p: x, dx, gain, dgain, bias, dbias, y, dy, running mean, running variance, z (like x), 1 / sqrt(var + eps) (channels)
//   n: places, channels, correction
//   x: eps, momentum
//
// scale: y = gain x + bias, for each channel.    dx = gain dy    dgain = sum dy x    dbias = sum dy
//
//   p: x, dx, gain, dgain, bias, dbias, y, dy
//   n: places, channels
#pragma once
#include "rules.hpp"

template <class T> void batch_norm_forward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), size = op.n[1];
  const T *x = (const T *)op.p[0], *gain = (const T *)op.p[2], *bias = (const T *)op.p[4];
  T *y = (T *)op.p[6], *running_mean = (T *)op.p[8], *running_var = (T *)op.p[9], *z = (T *)op.p[10];
  T *inverse = (T *)op.p[11];
  const T divisor = (T)(rows - op.n[2]), eps = (T)op.x[0], momentum = (T)op.x[1];
  each_shared<T>(batch.team, size, rows, [&](i64 j, auto lanes) {
    Vec<T> mean, var = {};
    if (batch.training) {
      mean = Vec<T>{};
      for (i64 i = 0; i < rows; i++) mean += lanes.in(x + i * size + j);
      mean /= (T)rows;
      for (i64 i = 0; i < rows; i++) {
        const Vec<T> away = lanes.in(x + i * size + j) - mean;
        var += away * away;
      }
      const Vec<T> old_mean = lanes.in(running_mean + j), old_var = lanes.in(running_var + j);
      lanes.out(running_mean + j, old_mean + momentum * (mean - old_mean));
      lanes.out(running_var + j, old_var + momentum * (var / (T)(rows - 1) - old_var));
      var /= divisor;
    } else {
      mean = lanes.in(running_mean + j);
      var = lanes.in(running_var + j);
    }
    Vec<T> scale;
    for (i64 l = 0; l < LANES<T>; l++) scale[l] = (T)1 / std::sqrt(var[l] + eps);
    lanes.out(inverse + j, scale);
    const Vec<T> g = lanes.in(gain + j), b = lanes.in(bias + j);
    for (i64 i = 0; i < rows; i++) {
      const Vec<T> normal = (lanes.in(x + i * size + j) - mean) * scale;
      lanes.out(z + i * size + j, normal);
      lanes.out(y + i * size + j, normal * g + b);
    }
  });
}

template <class T> void batch_norm_backward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), size = op.n[1];
  const T *gain = (const T *)op.p[2], *dy = (const T *)op.p[7], *z = (const T *)op.p[10], *inverse = (const T *)op.p[11];
  T *dx = (T *)op.p[1], *dgain = (T *)op.p[3], *dbias = (T *)op.p[5];
  const T divisor = (T)(rows - op.n[2]);
  each_shared<T>(batch.team, size, rows, [&](i64 j, auto lanes) {
    Vec<T> total = {}, along = {};
    for (i64 i = 0; i < rows; i++) {
      const Vec<T> d = lanes.in(dy + i * size + j);
      total += d;
      along += d * lanes.in(z + i * size + j);
    }
    if (dgain) lanes.out(dgain + j, along);
    if (dbias) lanes.out(dbias + j, total);
    const Vec<T> scale = lanes.in(gain + j) * lanes.in(inverse + j);
    total /= (T)rows;
    along /= divisor;
    for (i64 i = 0; i < rows; i++) {
      const Vec<T> d = lanes.in(dy + i * size + j) - total - along * lanes.in(z + i * size + j);
      lanes.out(dx + i * size + j, scale * d);
    }
  });
}

template <class T> void scale_forward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), size = op.n[1];
  const T *x = (const T *)op.p[0], *gain = (const T *)op.p[2], *bias = (const T *)op.p[4];
  T *y = (T *)op.p[6];
  each_shared<T>(batch.team, size, rows, [&](i64 j, auto lanes) {
    const Vec<T> g = lanes.in(gain + j), b = lanes.in(bias + j);
    for (i64 i = 0; i < rows; i++) lanes.out(y + i * size + j, lanes.in(x + i * size + j) * g + b);
  });
}

template <class T> void scale_backward(const Op &op, Batch &batch) {
  const i64 rows = places(op, batch), size = op.n[1];
  const T *x = (const T *)op.p[0], *gain = (const T *)op.p[2], *dy = (const T *)op.p[7];
  T *dx = (T *)op.p[1], *dgain = (T *)op.p[3], *dbias = (T *)op.p[5];
  each_shared<T>(batch.team, size, rows, [&](i64 j, auto lanes) {
    const Vec<T> g = lanes.in(gain + j);
    Vec<T> total = {}, along = {};
    for (i64 i = 0; i < rows; i++) {
      const Vec<T> d = lanes.in(dy + i * size + j);
      total += d;
      along += d * lanes.in(x + i * size + j);
      lanes.out(dx + i * size + j, d * g);
    }
    lanes.out(dgain + j, along);
    lanes.out(dbias + j, total);
  });
}
