#include "data/testbed/host_counters.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "data/testbed/process.h"

namespace airlock::testbed {

namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
const Subject kSystem{"system", ""};

Subject Core(int core) { return {"core", std::to_string(core)}; }

// A file of /proc that stays open and is read from its start every time.
class ProcFile {
 public:
  explicit ProcFile(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(1 << 16) {}

  bool valid() const { return fd_.valid(); }

  // The text, or an empty one when the file can no longer be read.
  const char* Read() {
    size_t bytes = 0;
    for (;;) {
      if (bytes + 1 >= buffer_.size()) buffer_.resize(buffer_.size() * 2);
      const ssize_t got = pread(fd_.get(), buffer_.data() + bytes,
                                buffer_.size() - bytes - 1, off_t(bytes));
      if (got <= 0) break;
      bytes += static_cast<size_t>(got);
    }
    buffer_[bytes] = '\0';
    return buffer_.data();
  }

 private:
  FileDescriptor fd_;
  std::vector<char> buffer_;
};

// Walks over the lines of a text without copying.
class Lines {
 public:
  explicit Lines(const char* text) : at_(text) {}

  // Next line and its end, or null.
  const char* Next() {
    if (*at_ == '\0') return nullptr;
    const char* line = at_;
    const char* end = strchrnul(at_, '\n');
    at_ = *end == '\0' ? end : end + 1;
    return line;
  }

 private:
  const char* at_;
};

bool StartsWith(const char* text, const char* prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Next number on the line, moving *at behind it; NaN at the end of the line.
double NextNumber(const char** at) {
  while (**at == ' ' || **at == '\t') ++*at;
  if (!isdigit(static_cast<unsigned char>(**at)) && **at != '-') {
    return kMissing;
  }
  char* end = nullptr;
  const double value = strtod(*at, &end);
  *at = end;
  return value;
}

int CoreCount() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)); }

// /proc/stat: CPU times of each core and process activity of the system.
class StatSource : public CounterSource {
 public:
  StatSource(CounterTable* table) : file_("/proc/stat") {
    static constexpr const char* kStates[][2] = {
        {"user", "user mode"},
        {"nice", "user mode at low priority"},
        {"system", "kernel mode"},
        {"idle", "idle"},
        {"iowait", "idle with I/O outstanding"},
        {"irq", "hard interrupts"},
        {"softirq", "soft interrupts"},
        {"steal", "waiting for the hypervisor"}};
    const double scale = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
    cores_.resize(CoreCount());
    for (size_t core = 0; core < cores_.size(); ++core) {
      for (size_t i = 0; i < cores_[core].size(); ++i) {
        cores_[core][i] = table->AddRate(
            Core(int(core)), kStates[i][0], "1",
            std::string("fraction of time: ") + kStates[i][1], scale);
      }
    }
    interrupts_ = table->AddRate(kSystem, "interrupts", "1/s", "interrupts");
    switches_ =
        table->AddRate(kSystem, "context_switches", "1/s", "context switches");
    forks_ = table->AddRate(kSystem, "forks", "1/s", "processes created");
    running_ = table->AddLevel(kSystem, "procs_running", "1",
                               "tasks running or runnable");
    blocked_ =
        table->AddLevel(kSystem, "procs_blocked", "1", "tasks blocked on I/O");
  }

  void Read(double* raw) override {
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      if (StartsWith(line, "cpu") &&
          isdigit(static_cast<unsigned char>(line[3]))) {
        const char* at = line + 3;
        const auto core = static_cast<size_t>(NextNumber(&at));
        if (core >= cores_.size()) continue;
        for (const int slot : cores_[core]) raw[slot] = NextNumber(&at);
      } else {
        ReadTotal(line, "intr ", interrupts_, raw);
        ReadTotal(line, "ctxt ", switches_, raw);
        ReadTotal(line, "processes ", forks_, raw);
        ReadTotal(line, "procs_running ", running_, raw);
        ReadTotal(line, "procs_blocked ", blocked_, raw);
      }
    }
  }

 private:
  static void ReadTotal(const char* line, const char* key, int slot,
                        double* raw) {
    if (!StartsWith(line, key)) return;
    const char* at = line + strlen(key);
    raw[slot] = NextNumber(&at);
  }

  ProcFile file_;
  std::vector<std::array<int, 8>> cores_;
  int interrupts_, switches_, forks_, running_, blocked_;
};

std::string Lower(std::string text) {
  for (char& c : text) {
    c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

// Files whose rows are `LABEL: count count ...`, one count a core.
class PerCoreRowsSource : public CounterSource {
 public:
  // The rows in `wanted` become METRIC_PREFIX + label; rows with a numeric
  // label (devices) are summed into `device_metric` when it is not empty.
  PerCoreRowsSource(const std::string& path, const std::string& metric_prefix,
                    const std::map<std::string, std::string>& wanted,
                    const std::string& device_metric, CounterTable* table)
      : file_(path), cores_(CoreCount()) {
    std::set<std::string> present;
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) present.insert(Label(line));
    for (const auto& [label, what] : wanted) {
      if (present.count(label) == 0) continue;
      for (int core = 0; core < cores_; ++core) {
        rows_[label].push_back(table->AddRate(
            Core(core), metric_prefix + Lower(label), "1/s", what));
      }
    }
    if (device_metric.empty()) return;
    for (int core = 0; core < cores_; ++core) {
      devices_.push_back(table->AddRate(Core(core), device_metric, "1/s",
                                        "interrupts of all devices"));
    }
  }

  void Read(double* raw) override {
    for (const int slot : devices_) raw[slot] = 0;
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      const std::string label = Label(line);
      const auto row = rows_.find(label);
      const bool device =
          !label.empty() && isdigit(static_cast<unsigned char>(label[0]));
      if (row == rows_.end() && !(device && !devices_.empty())) continue;
      const char* at = strchr(line, ':') + 1;
      for (int core = 0; core < cores_; ++core) {
        const double count = NextNumber(&at);
        if (row != rows_.end()) {
          raw[row->second[core]] = count;
        } else {
          raw[devices_[core]] += count;
        }
      }
    }
  }

 private:
  static std::string Label(const char* line) {
    while (*line == ' ') ++line;
    const char* end = line + strcspn(line, ": \n");
    return *end == ':' ? std::string(line, end) : std::string();
  }

  ProcFile file_;
  const int cores_;
  std::map<std::string, std::vector<int>> rows_;
  std::vector<int> devices_;
};

// /proc/net/softnet_stat: the packet backlog of each core.
class SoftnetSource : public CounterSource {
 public:
  SoftnetSource(CounterTable* table) : file_("/proc/net/softnet_stat") {
    for (int core = 0; core < CoreCount(); ++core) {
      const Subject subject = Core(core);
      Row row;
      row[0] = table->AddRate(subject, "softnet_processed", "packet/s",
                              "packets processed from the backlog");
      row[1] = table->AddRate(subject, "softnet_dropped", "packet/s",
                              "packets dropped, backlog full");
      row[2] = table->AddRate(subject, "softnet_time_squeeze", "1/s",
                              "polls that ran out of budget or time");
      row[3] = table->AddRate(subject, "softnet_received_rps", "1/s",
                              "inter-processor wakeups for steering");
      row[4] = table->AddRate(subject, "softnet_flow_limit", "packet/s",
                              "packets dropped by the flow limit");
      row[5] = table->AddLevel(subject, "softnet_backlog", "packet",
                               "packets waiting in the backlog");
      rows_.push_back(row);
    }
  }

  void Read(double* raw) override {
    // Position of each value: processed, dropped, squeeze, rps, flow limit,
    // backlog; the last but two fields is the core (kernel 5.10 and later).
    static constexpr int kFields[] = {0, 1, 2, 9, 10, 11};
    Lines lines(file_.Read());
    for (size_t i = 0; const char* line = lines.Next(); ++i) {
      std::array<double, 16> values{};
      char* at = const_cast<char*>(line);
      size_t count = 0;
      for (; count < values.size() && *at != '\n' && *at != '\0'; ++count) {
        values[count] = static_cast<double>(strtoul(at, &at, 16));
      }
      const size_t core = count > 12 ? static_cast<size_t>(values[12]) : i;
      if (core >= rows_.size()) continue;
      for (size_t k = 0; k < rows_[core].size(); ++k) {
        raw[rows_[core][k]] = values[kFields[k]];
      }
    }
  }

 private:
  using Row = std::array<int, 6>;
  ProcFile file_;
  std::vector<Row> rows_;
};

// /proc/schedstat: run and wait time of each core's run queue.
class SchedstatSource : public CounterSource {
 public:
  SchedstatSource(CounterTable* table) : file_("/proc/schedstat") {
    for (int core = 0; core < CoreCount(); ++core) {
      rows_.push_back(
          {table->AddRate(Core(core), "sched_run", "1",
                          "time tasks ran, per second", 1e-9),
           table->AddRate(Core(core), "sched_wait", "1",
                          "time tasks waited for the core, per second", 1e-9),
           table->AddRate(Core(core), "sched_timeslices", "1/s",
                          "time slices run")});
    }
  }

  void Read(double* raw) override {
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      if (!StartsWith(line, "cpu")) continue;
      const char* at = line + 3;
      const auto core = static_cast<size_t>(NextNumber(&at));
      if (core >= rows_.size()) continue;
      for (int skipped = 0; skipped < 6; ++skipped) NextNumber(&at);
      for (const int slot : rows_[core]) raw[slot] = NextNumber(&at);
    }
  }

 private:
  ProcFile file_;
  std::vector<std::array<int, 3>> rows_;
};

// Files of `NAME value` or `NAME: value kB` lines.
class NamedValuesSource : public CounterSource {
 public:
  struct Wanted {
    std::string key;
    std::string metric;
    std::string unit;
    std::string description;
    Reading reading;
    double scale;
  };

  NamedValuesSource(const std::string& path, const std::vector<Wanted>& wanted,
                    CounterTable* table)
      : file_(path) {
    std::set<std::string> present;
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) present.insert(Key(line));
    for (const Wanted& item : wanted) {
      if (present.count(item.key) == 0) continue;
      slots_[item.key] = item.reading == Reading::kLevel
                             ? table->AddLevel(kSystem, item.metric, item.unit,
                                               item.description, item.scale)
                             : table->AddRate(kSystem, item.metric, item.unit,
                                              item.description, item.scale);
    }
  }

  void Read(double* raw) override {
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      const auto slot = slots_.find(Key(line));
      if (slot == slots_.end()) continue;
      const char* at = line + strcspn(line, ": ");
      at += strspn(at, ": ");
      raw[slot->second] = NextNumber(&at);
    }
  }

 private:
  static std::string Key(const char* line) {
    return std::string(line, strcspn(line, ": \n"));
  }

  ProcFile file_;
  std::map<std::string, int> slots_;
};

std::unique_ptr<CounterSource> MakeVmstatSource(CounterTable* table) {
  static constexpr const char* kRates[][2] = {
      {"pgfault", "page faults"},
      {"pgmajfault", "page faults that needed I/O"},
      {"pgalloc_normal", "pages allocated, normal zone"},
      {"pgfree", "pages freed"},
      {"pgactivate", "pages moved to the active list"},
      {"pgdeactivate", "pages moved to the inactive list"},
      {"pgreuse", "pages reused on write"},
      {"pgpgin", "KiB read from block devices"},
      {"pgpgout", "KiB written to block devices"},
      {"pgscan_kswapd", "pages scanned in the background"},
      {"pgscan_direct", "pages scanned by allocating tasks"},
      {"pgsteal_kswapd", "pages reclaimed in the background"},
      {"nr_dirtied", "pages made dirty"},
      {"nr_written", "pages written back"},
      {"numa_hit", "pages allocated on the intended node"},
      {"numa_local", "pages allocated on the local node"},
      {"thp_fault_alloc", "huge pages allocated on a fault"},
      {"workingset_refault_file", "file pages read again after eviction"}};
  static constexpr const char* kLevels[][2] = {
      {"nr_dirty", "pages dirty"},
      {"nr_writeback", "pages under writeback"},
      {"nr_active_anon", "anonymous pages, active"},
      {"nr_inactive_anon", "anonymous pages, inactive"},
      {"nr_active_file", "file pages, active"},
      {"nr_inactive_file", "file pages, inactive"},
      {"nr_slab_unreclaimable", "slab pages that cannot be reclaimed"},
      {"nr_kernel_stack", "kernel stacks in KiB"},
      {"nr_page_table_pages", "pages of page tables"}};
  std::vector<NamedValuesSource::Wanted> wanted;
  for (const auto& [key, what] : kRates) {
    wanted.push_back(
        {key, std::string("vmstat_") + key, "1/s", what, Reading::kRate, 1});
  }
  for (const auto& [key, what] : kLevels) {
    wanted.push_back(
        {key, std::string("vmstat_") + key, "1", what, Reading::kLevel, 1});
  }
  return std::make_unique<NamedValuesSource>("/proc/vmstat", wanted, table);
}

std::unique_ptr<CounterSource> MakeMeminfoSource(CounterTable* table) {
  static constexpr const char* kLevels[][3] = {
      {"MemFree", "memory_free", "free memory"},
      {"MemAvailable", "memory_available", "memory available without swap"},
      {"Buffers", "memory_buffers", "buffers of block devices"},
      {"Cached", "memory_cached", "page cache"},
      {"AnonPages", "memory_anonymous", "anonymous memory"},
      {"Shmem", "memory_shared", "shared memory"},
      {"Slab", "memory_slab", "kernel slabs"},
      {"Committed_AS", "memory_committed", "memory promised to processes"}};
  std::vector<NamedValuesSource::Wanted> wanted;
  for (const auto& [key, metric, what] : kLevels) {
    wanted.push_back({key, metric, "B", what, Reading::kLevel, 1024});
  }
  return std::make_unique<NamedValuesSource>("/proc/meminfo", wanted, table);
}

// /proc/pressure/KIND: share of time some or all tasks were stalled.
class PressureSource : public CounterSource {
 public:
  PressureSource(const std::string& kind, CounterTable* table)
      : file_("/proc/pressure/" + kind) {
    for (const char* who : {"some", "full"}) {
      const std::string metric = "pressure_" + kind + "_" + who;
      totals_.push_back(table->AddRate(
          kSystem, metric, "1",
          std::string("fraction of time ") + who + " tasks stalled on " + kind,
          1e-6));
      averages_.push_back(
          table->AddLevel(kSystem, metric + "_avg10", "1",
                          "the kernel's 10-second average of the same", 0.01));
    }
  }

  bool valid() { return file_.valid() && *file_.Read() != '\0'; }

  void Read(double* raw) override {
    Lines lines(file_.Read());
    for (size_t i = 0; i < totals_.size(); ++i) {
      const char* line = lines.Next();
      if (line == nullptr) return;
      const char* average = strstr(line, "avg10=") + 6;
      const char* total = strstr(line, "total=") + 6;
      raw[averages_[i]] = NextNumber(&average);
      raw[totals_[i]] = NextNumber(&total);
    }
  }

 private:
  ProcFile file_;
  std::vector<int> totals_;
  std::vector<int> averages_;
};

// /proc/diskstats, summed over the disks (not partitions, loop or RAM).
class DiskSource : public CounterSource {
 public:
  DiskSource(CounterTable* table) : file_("/proc/diskstats") {
    reads_ = table->AddRate(kSystem, "disk_reads", "1/s", "reads completed");
    read_bytes_ =
        table->AddRate(kSystem, "disk_read_bytes", "B/s", "bytes read", 512);
    writes_ = table->AddRate(kSystem, "disk_writes", "1/s", "writes completed");
    written_bytes_ = table->AddRate(kSystem, "disk_written_bytes", "B/s",
                                    "bytes written", 512);
    in_flight_ =
        table->AddLevel(kSystem, "disk_in_flight", "1", "requests in flight");
    busy_ = table->AddRate(kSystem, "disk_busy", "1",
                           "fraction of time with requests in flight", 1e-3);
    queue_ = table->AddRate(kSystem, "disk_queue", "1",
                            "mean number of requests in flight", 1e-3);
  }

  void Read(double* raw) override {
    for (const int slot : {reads_, read_bytes_, writes_, written_bytes_,
                           in_flight_, busy_, queue_}) {
      raw[slot] = 0;
    }
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      const char* at = line;
      NextNumber(&at);
      NextNumber(&at);
      at += strspn(at, " ");
      if (!IsDisk(at)) continue;
      at += strcspn(at, " ");
      std::array<double, 11> v;
      for (double& value : v) value = NextNumber(&at);
      raw[reads_] += v[0];
      raw[read_bytes_] += v[2];
      raw[writes_] += v[4];
      raw[written_bytes_] += v[6];
      raw[in_flight_] += v[8];
      raw[busy_] += v[9];
      raw[queue_] += v[10];
    }
  }

 private:
  static bool IsDisk(const char* name) {
    const size_t length = strcspn(name, " ");
    const char last = name[length - 1];
    if (StartsWith(name, "nvme")) {
      return std::string(name, length).find('p') == std::string::npos;
    }
    const bool known = StartsWith(name, "vd") || StartsWith(name, "sd") ||
                       StartsWith(name, "xvd");
    return known && !isdigit(static_cast<unsigned char>(last));
  }

  ProcFile file_;
  int reads_, read_bytes_, writes_, written_bytes_, in_flight_, busy_, queue_;
};

// /proc/net/dev of one namespace.
class InterfaceSource : public CounterSource {
 public:
  InterfaceSource(const std::vector<WatchedInterface>& interfaces,
                  CounterTable* table)
      : file_("/proc/thread-self/net/dev") {
    for (const WatchedInterface& interface : interfaces) {
      const bool receives = interface.direction == Direction::kReceive;
      const std::string way = receives ? "rx_" : "tx_";
      const std::string did = receives ? "received" : "sent";
      const Subject subject{"interface", interface.name};
      Row& row = rows_[interface.name];
      // Fields: rx bytes packets errs drop fifo frame compressed multicast,
      // tx bytes packets errs drop ...
      row.first_field = receives ? 0 : 8;
      row.bytes = table->AddRate(subject, way + "rate", "bit/s",
                                 "frame bits " + did, 8);
      row.packets = table->AddRate(subject, way + "packets", "packet/s",
                                   "packets " + did);
      row.dropped = table->AddRate(subject, way + "dropped", "packet/s",
                                   "packets dropped, not " + did);
      if (!interface.function.empty()) {
        table->AddRateOf(row.packets, {"function", interface.function},
                         interface.packets_metric, "packet/s",
                         "packets " + did + " at " + interface.name);
      }
    }
  }

  void Read(double* raw) override {
    Lines lines(file_.Read());
    while (const char* line = lines.Next()) {
      const char* name = line + strspn(line, " ");
      const size_t length = strcspn(name, ":\n");
      if (name[length] != ':') continue;
      const auto found = rows_.find(std::string(name, length));
      if (found == rows_.end()) continue;
      const char* at = name + length + 1;
      std::array<double, 12> values;
      for (double& value : values) value = NextNumber(&at);
      const Row& row = found->second;
      raw[row.bytes] = values[row.first_field];
      raw[row.packets] = values[row.first_field + 1];
      raw[row.dropped] = values[row.first_field + 3];
    }
  }

 private:
  struct Row {
    int first_field, bytes, packets, dropped;
  };
  ProcFile file_;
  std::map<std::string, Row> rows_;
};

// /proc/net/snmp of one namespace: a line of names, then one of values.
class SnmpSource : public CounterSource {
 public:
  SnmpSource(const std::string& function, const std::vector<SnmpField>& fields,
             CounterTable* table)
      : file_("/proc/thread-self/net/snmp"), fields_(fields) {
    for (const SnmpField& field : fields) {
      slots_.push_back(table->AddRate(
          {"function", function}, field.metric, "packet/s",
          "SNMP counter " + field.section + field.field + " of the function"));
    }
  }

  void Read(double* raw) override {
    std::istringstream text(file_.Read());
    std::string names;
    std::string values;
    while (std::getline(text, names) && std::getline(text, values)) {
      std::istringstream name_row(names);
      std::istringstream value_row(values);
      std::string section;
      std::string name;
      std::string value;
      name_row >> section;
      value_row >> value;
      section = section.substr(0, section.find(':'));
      while (name_row >> name && value_row >> value) {
        for (size_t i = 0; i < fields_.size(); ++i) {
          if (fields_[i].section == section && fields_[i].field == name) {
            raw[slots_[i]] = atof(value.c_str());
          }
        }
      }
    }
  }

 private:
  ProcFile file_;
  const std::vector<SnmpField> fields_;
  std::vector<int> slots_;
};

class ProcessSource : public CounterSource {
 public:
  ProcessSource(const std::string& function, int pid, CounterTable* table)
      : stat_("/proc/" + std::to_string(pid) + "/stat"),
        status_("/proc/" + std::to_string(pid) + "/status") {
    const Subject subject{"function", function};
    const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
    cpu_ = table->AddRate(subject, "cpu", "1",
                          "CPU time of the process per second", 1e-9);
    user_ = table->AddRate(subject, "cpu_user", "1",
                           "CPU time in user mode per second", tick);
    system_ = table->AddRate(subject, "cpu_system", "1",
                             "CPU time in kernel mode per second", tick);
    minor_ = table->AddRate(subject, "minor_faults", "1/s",
                            "page faults without I/O");
    voluntary_ = table->AddRate(subject, "voluntary_switches", "1/s",
                                "times it gave up the core");
    involuntary_ = table->AddRate(subject, "involuntary_switches", "1/s",
                                  "times it was preempted");
    resident_ = table->AddLevel(subject, "resident_memory", "B",
                                "resident memory", sysconf(_SC_PAGESIZE));
    has_clock_ = clock_getcpuclockid(pid, &clock_) == 0;
  }

  void Read(double* raw) override {
    timespec cpu{};
    raw[cpu_] = has_clock_ && clock_gettime(clock_, &cpu) == 0
                    ? 1e9 * static_cast<double>(cpu.tv_sec) +
                          static_cast<double>(cpu.tv_nsec)
                    : kMissing;
    // After "pid (name) S" the fields are numbers; 10 is minflt, 14 and 15
    // are utime and stime, 24 is rss, counted from 1 as in proc(5).
    const char* at = strrchr(stat_.Read(), ')');
    if (at == nullptr) return;
    at += 4;
    for (int field = 4; field <= 24; ++field) {
      const double value = NextNumber(&at);
      if (field == 10) raw[minor_] = value;
      if (field == 14) raw[user_] = value;
      if (field == 15) raw[system_] = value;
      if (field == 24) raw[resident_] = value;
    }
    Lines lines(status_.Read());
    while (const char* line = lines.Next()) {
      ReadLine(line, "voluntary_ctxt_switches:", voluntary_, raw);
      ReadLine(line, "nonvoluntary_ctxt_switches:", involuntary_, raw);
    }
  }

 private:
  static void ReadLine(const char* line, const char* key, int slot,
                       double* raw) {
    if (!StartsWith(line, key)) return;
    const char* at = line + strlen(key);
    raw[slot] = NextNumber(&at);
  }

  ProcFile stat_;
  ProcFile status_;
  clockid_t clock_{};
  bool has_clock_ = false;
  int cpu_, user_, system_, minor_, voluntary_, involuntary_, resident_;
};

}  // namespace

std::vector<std::unique_ptr<CounterSource>> MakeHostSources(
    CounterTable* table, std::vector<std::string>* missing) {
  std::vector<std::unique_ptr<CounterSource>> sources;
  sources.push_back(std::make_unique<StatSource>(table));
  sources.push_back(std::make_unique<PerCoreRowsSource>(
      "/proc/softirqs", "softirq.",
      std::map<std::string, std::string>{
          {"TIMER", "timer soft interrupts"},
          {"NET_TX", "network send soft interrupts"},
          {"NET_RX", "network receive soft interrupts"},
          {"BLOCK", "block device soft interrupts"},
          {"TASKLET", "tasklets"},
          {"SCHED", "scheduler soft interrupts"},
          {"RCU", "read-copy-update soft interrupts"}},
      "", table));
  sources.push_back(std::make_unique<PerCoreRowsSource>(
      "/proc/interrupts", "irq.",
      std::map<std::string, std::string>{
          {"LOC", "local timer interrupts"},
          {"RES", "rescheduling interrupts"},
          {"CAL", "function call interrupts"},
          {"TLB", "TLB shootdowns"},
          {"IWI", "IRQ work interrupts"},
          {"PMI", "performance monitoring interrupts"},
          {"HYP", "hypervisor callback interrupts"}},
      "irq.devices", table));
  sources.push_back(std::make_unique<SoftnetSource>(table));
  if (access("/proc/schedstat", R_OK) == 0) {
    sources.push_back(std::make_unique<SchedstatSource>(table));
  } else {
    missing->push_back("scheduler statistics per core (/proc/schedstat)");
  }
  sources.push_back(MakeVmstatSource(table));
  sources.push_back(MakeMeminfoSource(table));
  for (const char* kind : {"cpu", "memory", "io"}) {
    // PSI may be compiled in yet switched off at boot: then the read fails.
    if (ProcFile file(std::string("/proc/pressure/") + kind);
        file.valid() && *file.Read() != '\0') {
      sources.push_back(std::make_unique<PressureSource>(kind, table));
    } else {
      missing->push_back(std::string("pressure of ") + kind);
    }
  }
  sources.push_back(std::make_unique<DiskSource>(table));
  return sources;
}

std::unique_ptr<CounterSource> MakeInterfaceSource(
    const std::vector<WatchedInterface>& interfaces, CounterTable* table) {
  return std::make_unique<InterfaceSource>(interfaces, table);
}

std::unique_ptr<CounterSource> MakeSnmpSource(
    const std::string& function, const std::vector<SnmpField>& fields,
    CounterTable* table) {
  return std::make_unique<SnmpSource>(function, fields, table);
}

std::unique_ptr<CounterSource> MakeProcessSource(const std::string& function,
                                                 int pid, CounterTable* table) {
  return std::make_unique<ProcessSource>(function, pid, table);
}

}  // namespace airlock::testbed
