#include "data/testbed/perf_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits>

#include "data/testbed/process.h"

namespace airlock::testbed {

namespace {

struct Event {
  uint32_t type;
  uint64_t config;
  const char* metric;
  const char* unit;
  double scale;
  const char* description;
};

constexpr Event kSoftwareEvents[] = {
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, "perf_cpu_clock", "1", 1e-9,
     "clock of the core, per second"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, "perf_task_clock", "1", 1e-9,
     "time tasks ran, per second"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES,
     "perf_context_switches", "1/s", 1, "context switches"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, "perf_cpu_migrations",
     "1/s", 1, "tasks moved to another core"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, "perf_page_faults", "1/s",
     1, "page faults"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, "perf_minor_faults",
     "1/s", 1, "page faults without I/O"},
    {PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, "perf_major_faults",
     "1/s", 1, "page faults with I/O"},
};

constexpr Event kHardwareEvents[] = {
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "perf_cycles", "1/s", 1,
     "core cycles"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, "perf_instructions", "1/s",
     1, "instructions retired"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES,
     "perf_cache_references", "1/s", 1, "last-level cache references"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, "perf_cache_misses", "1/s",
     1, "last-level cache misses"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "perf_branches",
     "1/s", 1, "branches retired"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, "perf_branch_misses",
     "1/s", 1, "branches mispredicted"},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND,
     "perf_stalled_cycles", "1/s", 1, "cycles stalled in the back end"},
};

FileDescriptor OpenEvent(const Event& event, int pid, int core) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = event.type;
  attributes.config = event.config;
  return FileDescriptor(static_cast<int>(syscall(
      SYS_perf_event_open, &attributes, pid, core, -1, PERF_FLAG_FD_CLOEXEC)));
}

class PerfSource : public CounterSource {
 public:
  PerfSource(const std::string& function, int pid, CounterTable* table,
             std::vector<std::string>* missing) {
    const int cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    const auto declare = [&](const Event& event) {
      bool complete = true;
      for (int core = 0; core < cores; ++core) {
        complete &=
            Open(event, {"core", std::to_string(core)}, -1, core, table);
      }
      complete &= Open(event, {"function", function}, pid, -1, table);
      if (!complete) {
        missing->push_back(std::string("perf event ") + (event.metric + 5));
      }
    };
    for (const Event& event : kSoftwareEvents) declare(event);
    for (const Event& event : kHardwareEvents) declare(event);
  }

  void Read(double* raw) override {
    for (const Counting& counting : counting_) {
      uint64_t value = 0;
      const bool complete =
          read(counting.fd.get(), &value, sizeof(value)) == sizeof(value);
      raw[counting.slot] = complete ? static_cast<double>(value)
                                    : std::numeric_limits<double>::quiet_NaN();
    }
  }

 private:
  struct Counting {
    FileDescriptor fd;
    int slot;
  };

  bool Open(const Event& event, const Subject& subject, int pid, int core,
            CounterTable* table) {
    FileDescriptor fd = OpenEvent(event, pid, core);
    if (!fd.valid()) return false;
    counting_.push_back(
        {std::move(fd),
         table->AddRate(subject, event.metric, event.unit,
                        std::string("perf: ") + event.description,
                        event.scale)});
    return true;
  }

  std::vector<Counting> counting_;
};

}  // namespace

std::unique_ptr<CounterSource> MakePerfSource(
    const std::string& function, int pid, CounterTable* table,
    std::vector<std::string>* missing) {
  return std::make_unique<PerfSource>(function, pid, table, missing);
}

void ProbeHardwareEvents(std::vector<std::string>* present,
                         std::vector<std::string>* absent) {
  for (const Event& event : kHardwareEvents) {
    const bool opens = OpenEvent(event, -1, 0).valid();
    (opens ? present : absent)->push_back(event.metric + 5);
  }
}

}  // namespace airlock::testbed
