#include "twin/worker/run_batch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include "agents/baselines/agent_table.h"
#include "sim/base/error.h"
#include "twin/worker/protocol.h"

namespace airlock {
namespace {

using nlohmann::json;

std::string WorkerPath() {
  const char* const chosen = std::getenv("AIRLOCK_WORKER");
  if (chosen != nullptr) return chosen;
  return std::filesystem::read_symlink("/proc/self/exe")
      .replace_filename("airlock-worker")
      .string();
}

// The worker's process, with pipes to its input and output. Ends it on
// destruction, so that a failed or interrupted command leaves none behind.
class WorkerProcess {
 public:
  WorkerProcess();
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int input() const { return input_; }
  int output() const { return output_; }
  // Waits for its end; how it ended and its last words.
  std::string DescribeEnd();

 private:
  std::string path_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;  // an unlinked file that takes its standard error
};

WorkerProcess::WorkerProcess() : path_(WorkerPath()) {
  int to_worker[2];
  int from_worker[2];
  if (pipe2(to_worker, O_CLOEXEC) != 0 || pipe2(from_worker, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  errors_ = memfd_create("airlock-worker-errors", MFD_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(
        fmt::format("cannot start {}: {}", path_, std::strerror(errno)));
  }
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(to_worker[0], STDIN_FILENO);
    dup2(from_worker[1], STDOUT_FILENO);
    dup2(errors_, STDERR_FILENO);
    execl(path_.c_str(), path_.c_str(), static_cast<char*>(nullptr));
    dprintf(STDERR_FILENO, "cannot start %s: %s\n", path_.c_str(),
            std::strerror(errno));
    _exit(127);
  }
  close(to_worker[0]);
  close(from_worker[1]);
  input_ = to_worker[1];
  output_ = from_worker[0];
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(input_);
  close(output_);
  close(errors_);
}

std::string WorkerProcess::DescribeEnd() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  std::string text =
      WIFSIGNALED(status)
          ? fmt::format("killed by signal {} ({})", WTERMSIG(status),
                        strsignal(WTERMSIG(status)))
          : fmt::format("exit code {}", WEXITSTATUS(status));
  char words[2000];
  const off_t size = lseek(errors_, 0, SEEK_END);
  const ssize_t got =
      pread(errors_, words, sizeof words,
            std::max<off_t>(0, size - static_cast<off_t>(sizeof words)));
  if (got > 0) text += "; it said: " + std::string(words, got);
  while (text.back() == '\n') text.pop_back();
  return text;
}

// Collects the answers to one request.
class Batch {
 public:
  Batch(int64_t first, int64_t count, const Progress& progress)
      : first_(first), count_(count), progress_(progress) {}

  bool done() const { return static_cast<int64_t>(records_.size()) == count_; }
  void Accept(const json& answer);
  // Which replications have not come back, for messages.
  std::string Missing() const;
  std::vector<ReplicationRecord> TakeRecords();

 private:
  int64_t first_;
  int64_t count_;
  const Progress& progress_;
  std::map<int64_t, int64_t> thousandths_;  // by replication
  std::map<int64_t, ReplicationRecord> records_;
};

void Batch::Accept(const json& answer) {
  const std::string type = answer.at("type");
  if (type == "error") {
    const std::string message = answer.at("message");
    throw Error(message,
                static_cast<ExitCode>(answer.at("exit_code").get<int>()));
  }
  if (type == "record") {
    ReplicationRecord record = ReplicationRecordFromJson(answer.at("record"));
    const int64_t number = record.replication.value();
    thousandths_[number] = 1000;
    records_.emplace(number, std::move(record));
  } else {
    thousandths_[answer.at("replication")] =
        static_cast<int64_t>(1000 * answer.at("fraction").get<double>());
  }
  if (!progress_) return;
  int64_t done = 0;
  for (const auto& [number, thousandths] : thousandths_) done += thousandths;
  progress_(done, 1000 * count_);
}

std::string Batch::Missing() const {
  std::string missing;
  int listed = 0;
  for (int64_t i = first_; i < first_ + count_; ++i) {
    if (records_.count(i) > 0) continue;
    if (++listed > 8) return missing + ", ...";
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", i);
  }
  return missing;
}

std::vector<ReplicationRecord> Batch::TakeRecords() {
  std::vector<ReplicationRecord> records;
  for (auto& [number, record] : records_) records.push_back(std::move(record));
  return records;
}

}  // namespace

std::optional<ResolvedScenario> LoadRunnableScenario(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics) {
  std::optional<ResolvedScenario> scenario =
      LoadScenario(path, overrides, diagnostics);
  if (!scenario) return std::nullopt;
  try {
    CreateAgent(scenario->scenario().controller.agent);
  } catch (const InputError& error) {
    scenario->Report("controller.agent", error.what(), "", diagnostics);
    return std::nullopt;
  }
  return scenario;
}

RunRecord RunBatch(const ResolvedScenario& scenario,
                   const BatchOptions& options, const Progress& progress) {
  const RunConfig& run = scenario.scenario().run;
  const int64_t count =
      options.replications > 0 ? options.replications : run.replications;
  const int64_t jobs = options.jobs > 0
                           ? options.jobs
                           : std::max(1u, std::thread::hardware_concurrency());
  std::signal(SIGPIPE, SIG_IGN);  // a dead worker is an Error, not our end
  WorkerProcess worker;
  Batch batch(options.first, count, progress);
  const auto died = [&] {
    return Error(fmt::format(
        "the worker ended before its work ({}); replications {} of scenario "
        "'{}' have no result",
        worker.DescribeEnd(), batch.Missing(), scenario.scenario().name));
  };
  try {
    WriteFrame(worker.input(), {{"scenario", scenario.text()},
                                {"name", scenario.path()},
                                {"first", options.first},
                                {"count", count},
                                {"jobs", std::min(jobs, count)}});
  } catch (const Error&) {
    throw died();
  }
  while (!batch.done()) {
    json answer;
    if (!ReadFrame(worker.output(), &answer)) {
      ThrowIfInterrupted();
      throw died();
    }
    batch.Accept(answer);
    ThrowIfInterrupted();
  }
  RunRecord record;
  record.provenance = CurrentProvenance();
  record.provenance.seed = static_cast<uint64_t>(run.seed);
  record.provenance.engine = run.engine;
  record.provenance.scenario_sha256 = scenario.sha256();
  record.scenario_name = scenario.scenario().name;
  record.replications = batch.TakeRecords();
  return record;
}

}  // namespace airlock
