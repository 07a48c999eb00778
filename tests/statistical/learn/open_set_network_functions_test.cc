#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "agents/learn/supervised_training.h"
#include "calibration/traces/importer.h"
#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "sim/stats/moments.h"
#include "tests/support/measured_data.h"
#include "twin/drift/open_set.h"

// The open-set score on measured data: which network function is it, by what
// the processor counted while it ran? One of five functions is withheld from
// the training in turn and appears when the classifier runs.
namespace airlock {
namespace {

const std::vector<std::string> kFunctions = {
    "firewall", "nf_router", "ndpi_stats", "payload_scan", "bridge"};

struct Labelled {
  int64_t columns = 0;
  std::vector<std::vector<double>> rows;
  std::vector<int> label;
};

// A row for each function and sample: its own counters.
Labelled RowsOf(const Trace& trace) {
  Labelled all;
  for (size_t k = 0; k < kFunctions.size(); ++k) {
    const std::string prefix = "function." + kFunctions[k] + ".";
    std::vector<const Column*> columns;
    for (const Column& column : trace.columns) {
      if (column.name.rfind(prefix, 0) == 0) columns.push_back(&column);
    }
    all.columns = static_cast<int64_t>(columns.size());
    for (int64_t t = 0; t < trace.samples(); ++t) {
      std::vector<double> row;
      bool known = true;
      for (const Column* column : columns) {
        row.push_back(column->values[static_cast<size_t>(t)]);
        known = known && std::isfinite(row.back());
      }
      if (!known) continue;
      all.rows.push_back(std::move(row));
      all.label.push_back(static_cast<int>(k));
    }
  }
  return all;
}

// Rows of known functions, in random order, and of the withheld one.
struct Parts {
  std::vector<size_t> known;
  std::vector<size_t> unknown;
};

Parts Withhold(const Labelled& all, int withheld, RngStream* rng) {
  Parts parts;
  for (size_t i = 0; i < all.rows.size(); ++i) {
    (all.label[i] == withheld ? parts.unknown : parts.known).push_back(i);
  }
  for (size_t i = parts.known.size(); i > 1; --i) {
    std::swap(parts.known[i - 1],
              parts.known[static_cast<size_t>(rng->UniformInt(i))]);
  }
  return parts;
}

// Centre and scale of each column over rows.
struct Scaler {
  std::vector<double> mean, scale;
  std::vector<double> Apply(const std::vector<double>& row) const {
    std::vector<double> x;
    for (size_t j = 0; j < row.size(); ++j) {
      x.push_back((row[j] - mean[j]) / scale[j]);
    }
    return x;
  }
};

Scaler ScalerOf(const Labelled& all, const std::vector<size_t>& rows) {
  Scaler scaler;
  for (int64_t j = 0; j < all.columns; ++j) {
    std::vector<double> values;
    for (const size_t i : rows) {
      values.push_back(all.rows[i][static_cast<size_t>(j)]);
    }
    scaler.mean.push_back(Mean(values));
    double squares = 0;
    for (const double v : values)
      squares += std::pow(v - scaler.mean.back(), 2);
    const double sd = std::sqrt(squares / static_cast<double>(values.size()));
    scaler.scale.push_back(sd > 0 ? sd : 1);
  }
  return scaler;
}

// Share of pairs in which the unknown scores higher, ties for a half.
double Auc(const std::vector<double>& known,
           const std::vector<double>& unknown) {
  double wins = 0;
  for (const double u : unknown) {
    for (const double k : known) wins += u > k ? 1 : u == k ? 0.5 : 0;
  }
  return wins / static_cast<double>(known.size() * unknown.size());
}

struct Scores {
  std::vector<double> softmax, one, two, centred;
};

Scores ScoresOf(const Mlp& mlp, const Labelled& all, const Scaler& scaler,
                const std::vector<size_t>& rows,
                const GradientNormScorer& scorer) {
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  std::vector<double> logits(static_cast<size_t>(mlp.outputs()));
  Scores scores;
  for (const size_t i : rows) {
    const std::vector<double> x = scaler.Apply(all.rows[i]);
    const double* const h = mlp.EvaluateFeatures(x.data(), scratch.data());
    mlp.EvaluateHead(h, logits.data());
    const auto norm = [&](GradientNormOrder order) {
      return GradientNormScore(logits.data(), mlp.outputs(), h, mlp.features(),
                               order);
    };
    scores.softmax.push_back(SoftmaxScore(logits.data(), mlp.outputs()));
    scores.one.push_back(norm(GradientNormOrder::kOne));
    scores.two.push_back(norm(GradientNormOrder::kTwo));
    scores.centred.push_back(scorer.Score(logits.data(), h));
  }
  return scores;
}

struct Aucs {
  double softmax = 0, one = 0, two = 0, centred = 0;
};

Aucs WithheldFunction(const Labelled& all, int withheld, uint64_t seed) {
  RngStream rng(seed);
  Parts parts = Withhold(all, withheld, &rng);
  constexpr int64_t kTrained = 800;
  constexpr int64_t kTested = 800;
  const std::vector<size_t> trained(parts.known.begin(),
                                    parts.known.begin() + kTrained);
  const std::vector<size_t> tested(parts.known.end() - kTested,
                                   parts.known.end());
  parts.unknown.resize(std::min<size_t>(parts.unknown.size(), kTested));
  const Scaler scaler = ScalerOf(all, trained);
  TrainingExamples examples;
  examples.inputs = all.columns;
  for (const size_t i : trained) {
    const std::vector<double> x = scaler.Apply(all.rows[i]);
    examples.x.insert(examples.x.end(), x.begin(), x.end());
    examples.y.push_back(all.label[i] - (all.label[i] > withheld ? 1 : 0));
  }
  MlpTraining training;
  training.hidden = {32, 32};
  training.loss = Loss::kCrossEntropy;
  training.classes = static_cast<int>(kFunctions.size()) - 1;
  training.validation = ValidationRows::kRandom;
  training.epochs = 30;
  training.weight_decay = 0.1;
  training.seed = seed;
  const Mlp mlp = TrainMlp(examples, training).members[0].mlp;
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  std::vector<double> features;
  std::vector<int> label;
  for (size_t i = 0; i < examples.y.size(); ++i) {
    const double* const h = mlp.EvaluateFeatures(
        examples.x.data() + i * static_cast<size_t>(all.columns),
        scratch.data());
    features.insert(features.end(), h, h + mlp.features());
    label.push_back(static_cast<int>(examples.y[i]));
  }
  const GradientNormScorer scorer(features, label, mlp.outputs());
  const Scores known = ScoresOf(mlp, all, scaler, tested, scorer);
  const Scores unknown = ScoresOf(mlp, all, scaler, parts.unknown, scorer);
  return {Auc(known.softmax, unknown.softmax), Auc(known.one, unknown.one),
          Auc(known.two, unknown.two), Auc(known.centred, unknown.centred)};
}

// Paired over seeds, each the mean over the five functions withheld.
void ExpectAtLeastSoftmax(const std::string& name, const Trace& trace) {
  const Labelled all = RowsOf(trace);
  ASSERT_GT(all.columns, 5);
  const double functions = static_cast<double>(kFunctions.size());
  std::vector<double> softmax, one, two, centred;
  for (uint64_t seed = 301; seed <= 306; ++seed) {
    Aucs mean;
    for (int withheld = 0; withheld < 5; ++withheld) {
      const Aucs aucs = WithheldFunction(all, withheld, seed);
      mean.softmax += aucs.softmax / functions;
      mean.one += aucs.one / functions;
      mean.two += aucs.two / functions;
      mean.centred += aucs.centred / functions;
    }
    softmax.push_back(mean.softmax);
    one.push_back(mean.one - mean.softmax);
    two.push_back(mean.two - mean.softmax);
    centred.push_back(mean.centred - mean.softmax);
  }
  const Interval of_one = MeanInterval(one, 0.95);
  const Interval of_two = MeanInterval(two, 0.95);
  const Interval of_centred = MeanInterval(centred, 0.95);
  std::printf(
      "%s, a function withheld: AUC of softmax %.3f; 1-norm %+.3f (%+.3f to "
      "%+.3f), 2-norm %+.3f (%+.3f to %+.3f), centred %+.3f (%+.3f to "
      "%+.3f)\n",
      name.c_str(), Mean(softmax), of_one.estimate, of_one.low, of_one.high,
      of_two.estimate, of_two.low, of_two.high, of_centred.estimate,
      of_centred.low, of_centred.high);
  EXPECT_GT(of_one.low, 0);
  EXPECT_GT(of_two.low, 0);
  EXPECT_GT(of_centred.low, -0.01);
}

TEST(OpenSetOfNetworkFunctions, FindsAWithheldFunctionBetterThanSoftmax) {
  for (const std::string name :
       {"stage0_linear_combined", "dag1_resource_stimulus_A-B-C"}) {
    AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/" + name + ".csv.xz");
    ExpectAtLeastSoftmax(name.substr(0, 6), ImportTrace("drst", path));
  }
}

}  // namespace
}  // namespace airlock
