// What a step does with the gradients: clip, update, average.
//
//   clip      g *= min(1, clip / (|g| + 1e-6)), |g| over all parameters
//   sgd       g += decay p;  m = momentum m + g;  p -= lr m
//   adamw     p -= lr decay p;  m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2;
//             p -= lr / (1 - beta1^t)  m / (sqrt(v / (1 - beta2^t)) + eps)
//   average   a += (1 - keep) (value - a)
#pragma once
#include "threads.hpp"

struct Parameter {
  void *value, *grad, *first, *second;  // first: m, or null without momentum; second: v
  i64 size;
  double decay;
};
struct Average {
  void *average, *value;
  i64 size;
};

template <class T> void clip(const Parameter *parameters, i64 count, double longest) {
  double square = 0;
  for (i64 i = 0; i < count; i++) {
    const T *g = (const T *)parameters[i].grad;
    Vec<T> total = {};
    each<T>(parameters[i].size, [&](i64 k, auto lanes) { total += lanes.in(g + k) * lanes.in(g + k); });
    square += (double)sum<T>(total);
  }
  const double share = longest / (std::sqrt(square) + 1e-6);
  if (share >= 1) return;
  for (i64 i = 0; i < count; i++) {
    T *g = (T *)parameters[i].grad;
    each<T>(parameters[i].size, [&](i64 k, auto lanes) { lanes.out(g + k, lanes.in(g + k) * (T)share); });
  }
}

template <class T> void sgd(const Parameter &of, double lr, double momentum, Team *team) {
  T *p = (T *)of.value, *m = (T *)of.first;
  const T *gradient = (const T *)of.grad;
  const T rate = (T)lr, decay = (T)of.decay, share = (T)momentum;
  each_shared<T>(team, of.size, 4, [&](i64 k, auto lanes) {
    const Vec<T> old = lanes.in(p + k);
    Vec<T> g = lanes.in(gradient + k) + decay * old;
    if (m) {
      g += share * lanes.in(m + k);
      lanes.out(m + k, g);
    }
    lanes.out(p + k, old - rate * g);
  });
}

template <class T> void adamw(const Parameter &of, double lr, double beta1, double beta2, double eps, double t,
                              Team *team) {
  T *p = (T *)of.value, *first = (T *)of.first, *second = (T *)of.second;
  const T *gradient = (const T *)of.grad;
  const T keep = (T)(1 - lr * of.decay), new1 = (T)(1 - beta1), old2 = (T)beta2, new2 = (T)(1 - beta2);
  const T rate = (T)(lr / (1 - std::pow(beta1, t))), scale = (T)(1 / std::sqrt(1 - std::pow(beta2, t)));
  const T small = (T)eps;
  each_shared<T>(team, of.size, 4, [&](i64 k, auto lanes) {
    const Vec<T> g = lanes.in(gradient + k), m0 = lanes.in(first + k);
    const Vec<T> m = m0 + new1 * (g - m0), v = old2 * lanes.in(second + k) + new2 * g * g;
    lanes.out(first + k, m);
    lanes.out(second + k, v);
    Vec<T> root;
    for (i64 l = 0; l < LANES<T>; l++) root[l] = std::sqrt(v[l]);
    lanes.out(p + k, keep * lanes.in(p + k) - rate * m / (root * scale + small));
  });
}

template <class T> void average(const Average &of, double keep, Team *team) {
  T *a = (T *)of.average;
  const T *value = (const T *)of.value;
  const T moved = (T)(1 - keep);
  each_shared<T>(team, of.size, 4, [&](i64 k, auto lanes) {
    const Vec<T> old = lanes.in(a + k);
    lanes.out(a + k, old + moved * (lanes.in(value + k) - old));
  });
}
