#include "agents/program/program_session.h"

#include <algorithm>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kRepeatPatience = 20;
constexpr int64_t kStartsWithoutAnswer = 2;

std::string Shortened(const std::string& text) {
  constexpr size_t kLongest = 80;
  std::string shown;
  for (const char c : text.substr(0, kLongest)) {
    shown += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return text.size() > kLongest ? shown + " ..." : shown;
}

bool SaysNan(const std::string& line) {
  return line.find("NaN") != std::string::npos ||
         line.find("Infinity") != std::string::npos ||
         line.find("nan") != std::string::npos;
}

}  // namespace

void ProgramAccount::Add(const ProgramAccount& other) {
  for (const int64_t question : other.late_questions) {
    late_questions.push_back(asked + question);
  }
  asked += other.asked;
  answered += other.answered;
  late += other.late;
  ended += other.ended;
  garbage += other.garbage;
  unasked += other.unasked;
  mismatched += other.mismatched;
  given_up += other.given_up;
  if (first_fault.empty()) first_fault = other.first_fault;
  latency_seconds.insert(latency_seconds.end(), other.latency_seconds.begin(),
                         other.latency_seconds.end());
  slowest_start_seconds =
      std::max(slowest_start_seconds, other.slowest_start_seconds);
  peak_resident_bytes =
      std::max(peak_resident_bytes, other.peak_resident_bytes);
}

ProgramSession::ProgramSession(const ProgramCall& call,
                               const ProgramLimits& limits)
    : call_(call), limits_(limits) {}

ProgramSession::~ProgramSession() = default;

void ProgramSession::NoteFault(int64_t* count, const std::string& what) {
  ++*count;
  if (!account_.first_fault.empty()) return;
  account_.first_fault = fmt::format("question {}: {}", account_.asked, what);
}

void ProgramSession::CloseProgram() {
  if (program_ == nullptr) return;
  account_.peak_resident_bytes =
      std::max(account_.peak_resident_bytes, program_->PeakResidentBytes());
  program_.reset();
}

bool ProgramSession::IsLateAgain() const {
  return limits_.late_before &&
         std::count(limits_.late_before->begin(), limits_.late_before->end(),
                    account_.asked) > 0;
}

double ProgramSession::TimeLimit() const {
  const double limit =
      first_answer_ ? std::max(limits_.start_seconds, limits_.answer_seconds)
                    : limits_.answer_seconds;
  return limits_.late_before ? kRepeatPatience * limit : limit;
}

json ProgramSession::Ask(json question) {
  ++account_.asked;
  if (program_ == nullptr) {
    if (starts_ > limits_.restarts) {
      ++account_.given_up;
      return json();
    }
    // One that never answered once will not.
    if (starts_ >= kStartsWithoutAnswer && account_.answered == 0) {
      starts_ = limits_.restarts;
    }
    program_ = std::make_unique<LineProgram>(call_);
    ++starts_;
    first_answer_ = true;
  }
  question["id"] = account_.asked;
  Reply reply;
  if (IsLateAgain()) {
    reply.fate = Fate::kLate;
  } else {
    reply = program_->Ask(question.dump(), TimeLimit());
  }
  return Read(reply);
}

json ProgramSession::Read(const Reply& reply) {
  switch (reply.fate) {
    case Fate::kAnswered:
      break;
    case Fate::kLate:
      account_.late_questions.push_back(account_.asked);
      NoteFault(&account_.late,
                fmt::format("no answer within {:g} s{}",
                            first_answer_ ? limits_.start_seconds
                                          : limits_.answer_seconds,
                            first_answer_ ? "; does it flush its output after "
                                            "each line?"
                                          : ""));
      CloseProgram();
      return json();
    case Fate::kEnded: {
      const std::string end = program_->DescribeEnd();
      if (starts_ == 1 && first_answer_ &&
          end.find("cannot start ") != std::string::npos) {
        throw InputError(end.substr(end.find("cannot start ")));
      }
      NoteFault(&account_.ended, "the program ended: " + end);
      program_.reset();
      return json();
    }
    case Fate::kUnasked:
    case Fate::kTooLong:
      NoteFault(&account_.unasked,
                reply.fate == Fate::kTooLong
                    ? "a line of more than 1 MiB"
                    : "it had said something that it was not asked: " +
                          Shortened(reply.line));
      CloseProgram();
      return json();
  }
  if (first_answer_) {
    account_.slowest_start_seconds =
        std::max(account_.slowest_start_seconds, reply.seconds);
  } else {
    account_.latency_seconds.push_back(reply.seconds);
  }
  first_answer_ = false;
  json answer = json::parse(reply.line, nullptr, false);
  if (!answer.is_object()) {
    NoteFault(&account_.garbage,
              fmt::format("not a JSON object: {}{}", Shortened(reply.line),
                          answer.is_discarded() && SaysNan(reply.line)
                              ? " (JSON has no NaN; write null)"
                              : ""));
    return json();
  }
  const auto id = answer.find("id");
  if (id != answer.end() && *id != account_.asked) {
    NoteFault(&account_.mismatched,
              fmt::format("its answer has the id {}", id->dump()));
    return json();
  }
  ++account_.answered;
  return answer;
}

void ProgramSession::Refuse(const std::string& why) {
  --account_.answered;
  NoteFault(&account_.garbage, why);
}

void ProgramSession::Finish() {
  if (program_ == nullptr) return;
  account_.peak_resident_bytes =
      std::max(account_.peak_resident_bytes, program_->PeakResidentBytes());
  const std::string said = program_->LastOutput();
  if (!said.empty() && account_.answered > 0) {
    --account_.answered;
    NoteFault(&account_.unasked,
              "more lines than questions: " + Shortened(said));
  }
  program_.reset();
}

bool ReadNumber(const json& answer, const char* key, double* value) {
  *value = std::numeric_limits<double>::quiet_NaN();
  const auto found = answer.find(key);
  if (found == answer.end() || found->is_null()) return true;
  if (!found->is_number()) return false;
  *value = found->get<double>();
  return true;
}

}  // namespace airlock
