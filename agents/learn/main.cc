// airlock-learner: trains networks with libtorch. Started by `airlock`; reads
// requests from standard input and writes an answer to each to standard output
// (learner_client.h). `airlock train` becomes it: "train ORDER", the order as
// JSON (training_task.h).

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "agents/learn/supervised_training.h"
#include "agents/learn/train_verb.h"
#include "sim/base/error.h"
#include "sim/base/frame.h"

namespace airlock {
namespace {

using nlohmann::json;

json Answer(const json& request) {
  const std::string type = request.value("type", "");
  if (type != "train") {
    throw InputError(fmt::format("no request '{}'; known: train", type));
  }
  TrainingExamples examples;
  MlpTraining training;
  FromFrame(request, &examples, &training);
  return ToFrame(TrainMlp(examples, training));
}

// The order of sums must not depend on the number of processors. OpenBLAS has
// its own threads, and only Debian's alternatives say whether it is what torch
// has loaded.
void UseOneThread() {
  void* const symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
  if (symbol != nullptr) reinterpret_cast<void (*)(int)>(symbol)(1);
}

int Train(const std::string& order) {
  ExitCode code = ExitCode::kFailed;
  try {
    code = RunTraining(TrainingOrderFromJson(json::parse(order)));
    if (std::fflush(stdout) != 0) throw Error("cannot write the answer");
  } catch (const Error& error) {
    std::fprintf(stderr, "airlock: %s\n", error.what());
    code = error.code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "airlock: %s\n", error.what());
  }
  std::fflush(nullptr);
  // torch's own teardown takes longer than it is worth.
  _exit(static_cast<int>(code));
}

int Main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "train") {
    UseOneThread();
    return Train(argv[2]);
  }
  if (isatty(STDIN_FILENO)) {
    std::fputs("airlock-learner: trains models for airlock; start airlock\n",
               stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  // Whatever a library prints must not get among the frames.
  const int answers = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  UseOneThread();
  const json failure = FrameOf([answers] {
    json request;
    while (ReadFrame(STDIN_FILENO, &request)) {
      WriteFrame(answers, FrameOf([&request] { return Answer(request); }));
    }
    return json();
  });
  if (!failure.is_null()) {  // half a request, or nobody listens
    std::fprintf(stderr, "%s\n",
                 failure.at("message").get_ref<const std::string&>().c_str());
  }
  std::fflush(nullptr);
  // torch's own teardown takes longer than it is worth.
  _exit(failure.is_null() ? 0 : static_cast<int>(ExitCode::kFailed));
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) { return airlock::Main(argc, argv); }
