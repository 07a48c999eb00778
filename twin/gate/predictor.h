#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agents/program/program_session.h"
#include "twin/forecast/model.h"
#include "twin/gate/gate_file.h"

namespace airlock {

// What a predictor said of some samples of a trace. A value is NaN where it
// gave none, or something else than a finite number.
struct Answers {
  Predictions predictions;
  // The interval of each prediction; NaN where it gave none.
  std::vector<double> low;
  std::vector<double> high;
};

// Whatever answers the gate's question about samples: a fitted model, or a
// user's program. Judges nothing.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // About the origins [begin, end) of the trace, in order.
  virtual Answers Answer(const Trace& trace, int64_t begin, int64_t end) = 0;
  // The columns that it is shown, in order.
  virtual std::vector<std::string> Inputs() const = 0;
  virtual std::string target_unit() const = 0;
  // The share of the targets that its intervals are to hold; 0: it has none.
  virtual double nominal_coverage() const = 0;
  // Samples before `begin` that an answer may depend on.
  virtual int64_t history() const = 0;
  // nullptr if it is none.
  virtual const ForecastModel* model() const { return nullptr; }
  // nullptr if it is no program.
  virtual const ProgramAccount* account() const { return nullptr; }
  // Takes what became of the last Answer() out of the account: it was asked
  // what a candidate need not be able to answer.
  virtual void ForgiveLast() {}
};

std::unique_ptr<Predictor> PredictorOf(ForecastModel model);

// The questions that were late in a run that is repeated, by the number of the
// stream (a call of Answer()); nullptr: this is no repetition.
using LateQuestions = std::map<int64_t, std::vector<int64_t>>;

// A user's program, started afresh for every Answer(). At the origin t it is
// shown the columns that `config` selects, as they are at t, and sees nothing
// after that: what it remembers is the past. agents/program/FORMAT.md has the
// protocol; the intervals are taken as 90 % ones. Throws InputError for
// features that a program cannot be given: those of another sample, and at
// horizon 0 the KPIs of the very moment that is to be inferred. `late_before`
// (nullptr: none) must outlive it.
class ProgramPredictor : public Predictor {
 public:
  ProgramPredictor(const ModelConfig& config, const std::string& folder,
                   const QuestionConfig& question, const Trace& trace,
                   const LateQuestions* late_before);

  Answers Answer(const Trace& trace, int64_t begin, int64_t end) override;
  std::vector<std::string> Inputs() const override;
  std::string target_unit() const override { return unit_; }
  double nominal_coverage() const override { return gave_interval_ ? 0.9 : 0; }
  int64_t history() const override { return history_; }
  const ProgramAccount* account() const override { return &account_; }
  void ForgiveLast() override { account_ = account_before_; }
  // Late questions so far, by stream.
  const LateQuestions& late() const { return late_; }

 private:
  void Append(const nlohmann::json& answer, ProgramSession* session,
              Answers* answers);

  ProgramCall call_;
  ProgramLimits limits_;
  std::string target_;
  std::string unit_;
  int64_t horizon_;
  int64_t history_;
  bool past_target_;
  std::vector<Feature> features_;
  const LateQuestions* late_before_;
  LateQuestions late_;
  int64_t streams_ = 0;
  bool gave_interval_ = false;
  ProgramAccount account_;
  ProgramAccount account_before_;  // the last stream
};

}  // namespace airlock
