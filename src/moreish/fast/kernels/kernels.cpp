// The training loop: for each step the batch, all ops forwards, all ops backwards, the update.
//
// Ids come from the flat array of the list, as in moreish.data.batches. A window of an item, block ids wide, ends at
// the place that is drawn; what lies before the item is `blank` (0, the boundary, or an id of its own). A sequence
// begins there and is `steps` long. What is foretold is the next id.
#include <type_traits>

#include "activations.hpp"
#include "attention.hpp"
#include "blocks.hpp"
#include "linear.hpp"
#include "losses.hpp"
#include "norms.hpp"
#include "shapes.hpp"
#include "streams.hpp"
#include "updates.hpp"

#define RULE(name) {#name, name##_forward<T>, name##_backward<T>}

template <class T>
constexpr Rule<T> RULES[] = {
    RULE(linear), RULE(embedding), RULE(tanh), RULE(sigmoid), RULE(leaky_relu), RULE(elu), RULE(gelu), RULE(dropout),
    RULE(batch_norm), RULE(scale), RULE(cross_entropy), RULE(add), RULE(taps), RULE(gate), RULE(fork), RULE(mean_so_far),
    RULE(positions),
    RULE(layer_norm), RULE(attention), RULE(tanh_gelu),
};

struct Run {
  const Op *ops;
  i64 n_ops;
  // Batches: each step reads the next rows[s] places, each shifted by shifts (or null: 0).
  const i32 *flat;  // the list's ids; null: the one batch is in ids and targets already
  const i64 *places;
  const i32 *shifts;
  const i64 *rows, *steps;
  const double *weights;  // (n_steps)
  i64 block, blank;       // block: 0 for sequences
  i32 *ids, *targets;     // one batch
  // Updates; without parameters there are only gradients.
  const Parameter *parameters;
  i64 n_parameters;
  const Average *averages;
  i64 n_averages;
  const double *lr, *keep;  // (n_steps)
  i64 adamw, updates;       // which optimizer; updates made before
  double momentum, beta1, beta2, eps, clip, smoothing;
  i64 first_step, n_steps;
  i64 noise;
  double *losses;  // (n_steps)
  i64 threads;
};

static void read_batch(const Run &run, i64 s, i64 first) {
  i32 *ids = run.ids, *targets = run.targets;
  for (i64 i = first; i < first + run.rows[s]; i++) {
    const i32 *at = run.flat + run.places[i];
    const i32 shift = run.shifts ? run.shifts[i] : 0;
    if (!run.block) {
      for (i64 t = 0; t < run.steps[s]; t++) *ids++ = at[t] + shift, *targets++ = at[t + 1];
      continue;
    }
    *targets++ = at[1];
    bool inside = true;
    for (i64 t = run.block - 1; t >= 0; t--) {
      ids[t] = (inside ? *at : (i32)run.blank) + shift;
      if (inside && *at-- == 0) inside = false;
    }
    ids += run.block;
  }
}

template <class T> static void train(const Run &run, Team *team) {
  const Rule<T> *rules = RULES<T>;
  i64 first = 0;
  for (i64 s = 0; s < run.n_steps; s++) {
    if (run.flat) read_batch(run, s, first);
    first += run.rows[s];
    const u32 noise = draw((u32)run.noise ^ draw((u32)(run.first_step + s)));
    Batch batch = {run.rows[s], run.steps[s], run.ids, run.targets, run.weights[s], run.smoothing, true, noise, 0, nullptr, nullptr, team};
    for (i64 i = 0; i < run.n_ops; i++) rules[run.ops[i].rule].forward(run.ops[i], batch);
    run.losses[s] = batch.loss;
    for (i64 i = run.n_ops - 1; i >= 0; i--) rules[run.ops[i].rule].backward(run.ops[i], batch);
    if (run.clip > 0) clip<T>(run.parameters, run.n_parameters, run.clip);
    for (i64 i = 0; i < run.n_parameters; i++)
      if (run.adamw) adamw<T>(run.parameters[i], run.lr[s], run.beta1, run.beta2, run.eps, (double)(run.updates + s + 1), team);
      else sgd<T>(run.parameters[i], run.lr[s], run.momentum, team);
    for (i64 i = 0; i < run.n_averages; i++) average<T>(run.averages[i], run.keep[s], team);
  }
}

template <class T> static void with_team(const Run &run) {
  if (run.threads < 2) return train<T>(run, nullptr);
  Team team(run.threads);
  train<T>(run, &team);
}

// All ops forwards in eval mode. From (rows, size) logits to their log probabilities in `out`, unless that is null.
template <class T>
static void read(const Op *ops, i64 n_ops, const i32 *ids, const i32 *before, i32 *path, i64 rows, const T *logits, i64 size,
                 T *out) {
  Batch batch = {rows, 1, ids, nullptr, 1, 0, false, 0, 0, before, path, nullptr};
  for (i64 i = 0; i < n_ops; i++) RULES<T>[ops[i].rule].forward(ops[i], batch);
  if (out) log_softmax(rows, size, logits, out);
}

// Some ops alone, forwards and backwards, again and again: for measuring.
template <class T> static void there_and_back(const Op *ops, i64 n_ops, i64 rows, i64 times) {
  Batch batch = {rows, 1, nullptr, nullptr, 1, 0, true, 0, 0, nullptr, nullptr, nullptr};
  for (i64 k = 0; k < times; k++) {
    for (i64 i = 0; i < n_ops; i++) RULES<T>[ops[i].rule].forward(ops[i], batch);
    for (i64 i = n_ops - 1; i >= 0; i--) RULES<T>[ops[i].rule].backward(ops[i], batch);
  }
}

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

EXPORT const char *moreish_sources() { return MOREISH_SOURCES; }
EXPORT const char *moreish_rule(i64 i) {
  return i < (i64)(sizeof(RULES<float>) / sizeof(RULES<float>[0])) ? RULES<float>[i].name : nullptr;
}
EXPORT i64 moreish_sizes(i64 which) {
  const i64 sizes[] = {sizeof(Op), sizeof(Run), sizeof(Parameter), sizeof(Average)};
  return sizes[which];
}
EXPORT int moreish_supports(const char *level) {
  if (!std::strcmp(level, "baseline")) return 1;
#if defined(__x86_64__)
  if (!std::strcmp(level, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!std::strcmp(level, "avx512"))
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
#endif
  return 0;
}
EXPORT void moreish_train_float32(const Run *run) { with_team<float>(*run); }
EXPORT void moreish_train_float64(const Run *run) { with_team<double>(*run); }
EXPORT void moreish_read_float32(const Op *ops, i64 n, const i32 *ids, const i32 *before, i32 *path, i64 rows,
                                 const float *logits, i64 size, float *out) {
  read<float>(ops, n, ids, before, path, rows, logits, size, out);
}
EXPORT void moreish_read_float64(const Op *ops, i64 n, const i32 *ids, const i32 *before, i32 *path, i64 rows,
                                 const double *logits, i64 size, double *out) {
  read<double>(ops, n, ids, before, path, rows, logits, size, out);
}
EXPORT void moreish_there_and_back_float32(const Op *ops, i64 n, i64 rows, i64 times) {
  there_and_back<float>(ops, n, rows, times);
}

#include "passes.hpp"

#define BY_PANELS(suffix, T)                                                                                           \
  EXPORT i64 moreish_panel_numbers_##suffix(i64 depth, i64 n) { return panel_numbers<T>(depth, n); }                   \
  EXPORT void moreish_lay_out_##suffix(i64 depth, i64 n, const T *b, i64 row, i64 column, T *panels) {                 \
    lay_out<T>(depth, n, b, row, column, panels);                                                                      \
  }                                                                                                                    \
  EXPORT void moreish_by_panels_##suffix(i64 m, i64 depth, i64 n, const T *a, const T *panels, T *c) {                 \
    by_panels<T>(m, depth, n, a, panels, c, ZERO);                                                                     \
  }                                                                                                                    \
  EXPORT void moreish_lstm_stream_##suffix(i64 steps, i64 rows, i64 size, const i32 *ids, const i64 *begins,           \
                                           const T *input, const T *panels, T *gates, T *h, T *c) {                    \
    lstm_stream<T>(steps, rows, size, ids, begins, input, panels, gates, h, c);                                        \
  }
BY_PANELS(float32, float)
BY_PANELS(float64, double)
