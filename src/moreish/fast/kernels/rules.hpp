// What a rule is: two functions over the buffers of one Op, and a name, that of the rule in moreish.backprop.rules.
//
// A batch has `rows` items and `steps` ids each. A signal is a dense buffer (rows * places, channels), where places is
// a number of the op, or, where that is 0, the steps of this batch. Which pointer, size and number of an op means what
// stands at the top of each rule's file; `plan.py` fills them in.
#pragma once
#include "products.hpp"
#include "threads.hpp"

struct Op {
  i64 rule;
  void *p[12];
  i64 n[8];
  double x[4];
};

// What changes from batch to batch.
struct Batch {
  i64 rows, steps;
  const i32 *ids;      // (rows * ids of an item)
  const i32 *targets;  // (rows * steps), or (rows) for windows
  double weight;       // of this batch's mean loss
  double smoothing;    // of the labels
  bool training;
  u32 noise;           // a number of this step, from which every draw is made
  double loss;         // what cross_entropy leaves here
  // Reading without gradients, beginnings that items share read once: `rows` places, each with the one that it comes
  // after, or -1; null: rows of steps.
  const i32 *before;
  i32 *path;   // (longest item)
  Team *team;  // null: one thread
};

// The places from an item's first to place i, in batch.path; how many.
INLINE i64 path_to(const Batch &batch, i64 i) {
  i64 count = 0;
  for (i64 at = i; at >= 0; at = batch.before[at]) count++;
  for (i64 at = i, t = count - 1; at >= 0; at = batch.before[at], t--) batch.path[t] = (i32)at;
  return count;
}

template <class T> struct Rule {
  const char *name;
  void (*forward)(const Op &, Batch &);
  void (*backward)(const Op &, Batch &);
};

INLINE i64 places(const Op &op, const Batch &batch) { return batch.rows * (op.n[0] ? op.n[0] : batch.steps); }
