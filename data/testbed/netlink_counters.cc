#include "data/testbed/netlink_counters.h"

#include <endian.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <map>

#include "data/testbed/process.h"

namespace airlock::testbed {

namespace {

// A netlink socket of the namespace it was opened in.
class NetlinkSocket {
 public:
  explicit NetlinkSocket(int protocol)
      : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)),
        buffer_(1 << 16) {
    if (!fd_.valid()) throw SystemError("opening a netlink socket");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
             sizeof(address)) != 0) {
      throw SystemError("binding a netlink socket");
    }
  }

  // Sends a dump request and calls `visit` for each message of the answer.
  // False when the kernel refuses.
  bool Dump(nlmsghdr* request, const std::function<void(nlmsghdr*)>& visit) {
    request->nlmsg_seq = ++sequence_;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    if (send(fd_.get(), request, request->nlmsg_len, 0) < 0) return false;
    for (;;) {
      const ssize_t got = recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      auto left = static_cast<unsigned>(got);
      for (auto* message = reinterpret_cast<nlmsghdr*>(buffer_.data());
           NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
        if (message->nlmsg_seq != sequence_) continue;
        if (message->nlmsg_type == NLMSG_DONE) return true;
        if (message->nlmsg_type == NLMSG_ERROR) return false;
        visit(message);
      }
    }
  }

 private:
  FileDescriptor fd_;
  std::vector<char> buffer_;
  uint32_t sequence_ = 0;
};

// Calls visit(type, payload, bytes) for each attribute.
void ForEachAttribute(const void* at, int bytes,
                      const std::function<void(int, const void*, int)>& visit) {
  auto* attribute = const_cast<rtattr*>(reinterpret_cast<const rtattr*>(at));
  for (; RTA_OK(attribute, bytes); attribute = RTA_NEXT(attribute, bytes)) {
    visit(attribute->rta_type & NLA_TYPE_MASK, RTA_DATA(attribute),
          int(RTA_PAYLOAD(attribute)));
  }
}

class QdiscSource : public CounterSource {
 public:
  QdiscSource(const std::vector<std::string>& interfaces, CounterTable* table)
      : socket_(NETLINK_ROUTE) {
    for (const std::string& name : interfaces) {
      const Subject subject{"interface", name};
      Slots& slots = slots_[static_cast<int>(if_nametoindex(name.c_str()))];
      slots.packets = table->AddRate(subject, "qdisc_packets", "packet/s",
                                     "packets through the queueing discipline");
      slots.drops = table->AddRate(subject, "qdisc_drops", "packet/s",
                                   "packets the queueing discipline dropped");
      slots.backlog = table->AddLevel(subject, "qdisc_backlog", "packet",
                                      "packets in the queueing discipline");
    }
  }

  void Read(double* raw) override {
    struct {
      nlmsghdr header;
      tcmsg body;
    } request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = RTM_GETQDISC;
    request.body.tcm_family = AF_UNSPEC;
    socket_.Dump(&request.header, [&](nlmsghdr* message) {
      const auto* body = static_cast<tcmsg*>(NLMSG_DATA(message));
      const auto found = slots_.find(body->tcm_ifindex);
      if (found == slots_.end() || body->tcm_parent != TC_H_ROOT) return;
      const int bytes =
          int(message->nlmsg_len) - int(NLMSG_SPACE(sizeof(tcmsg)));
      ForEachAttribute(FirstAttribute(body), bytes,
                       [&](int type, const void* payload, int size) {
                         if (type == TCA_STATS2) {
                           ReadStatistics(payload, size, found->second, raw);
                         }
                       });
    });
  }

 private:
  struct Slots {
    int packets, drops, backlog;
  };

  static void ReadStatistics(const void* at, int bytes, const Slots& slots,
                             double* raw) {
    ForEachAttribute(at, bytes, [&](int type, const void* payload, int size) {
      if (type == TCA_STATS_BASIC) {
        gnet_stats_basic basic{};
        memcpy(&basic, payload, std::min<size_t>(sizeof(basic), size_t(size)));
        raw[slots.packets] = basic.packets;
      } else if (type == TCA_STATS_QUEUE) {
        gnet_stats_queue queue{};
        memcpy(&queue, payload, std::min<size_t>(sizeof(queue), size_t(size)));
        raw[slots.drops] = queue.drops;
        raw[slots.backlog] = queue.qlen;
      }
    });
  }

  static const rtattr* FirstAttribute(const tcmsg* body) {
    return reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(body) +
                                           NLMSG_ALIGN(sizeof(tcmsg)));
  }

  NetlinkSocket socket_;
  std::map<int, Slots> slots_;
};

struct CounterValue {
  double packets = 0;
  double bytes = 0;
};

class FirewallSource : public CounterSource {
 public:
  FirewallSource(const std::vector<RuleCheckpoint>& checkpoints,
                 CounterTable* table)
      : socket_(NETLINK_NETFILTER), checkpoints_(checkpoints) {
    const Subject subject{"function", "firewall"};
    packets_ = table->AddRate(subject, "packets", "packet/s",
                              "packets that entered the rule chain");
    bytes_ = table->AddRate(subject, "bytes", "B/s",
                            "IP bytes that entered the rule chain");
    passed_ = table->AddRate(subject, "passed_packets", "packet/s",
                             "packets that met no rule before the last");
    rules_ = table->AddRate(subject, "rule_packets", "packet/s",
                            "rules evaluated: packets at each checkpoint "
                            "times the rules behind it");
    table->AddRatio(subject, "rules_per_packet", "1",
                    "mean number of rules a packet met", rules_, packets_);
  }

  void Read(double* raw) override {
    std::map<std::string, CounterValue> values;
    ReadCounters(&values);
    if (values.count("entered") == 0) {
      const double missing = std::nan("");
      raw[packets_] = raw[bytes_] = raw[passed_] = raw[rules_] = missing;
      return;
    }
    raw[packets_] = values["entered"].packets;
    raw[bytes_] = values["entered"].bytes;
    raw[passed_] = values["passed"].packets;
    double rules = 0;
    for (const RuleCheckpoint& checkpoint : checkpoints_) {
      rules += values[checkpoint.counter].packets * checkpoint.rules_behind;
    }
    raw[rules_] = rules;
  }

 private:
  void ReadCounters(std::map<std::string, CounterValue>* values) {
    struct {
      nlmsghdr header;
      nfgenmsg body;
    } request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETOBJ;
    request.body.nfgen_family = NFPROTO_INET;
    request.body.version = NFNETLINK_V0;
    socket_.Dump(&request.header, [&](nlmsghdr* message) {
      const char* at = static_cast<char*>(NLMSG_DATA(message)) +
                       NLMSG_ALIGN(sizeof(nfgenmsg));
      const int bytes =
          int(message->nlmsg_len) - int(NLMSG_SPACE(sizeof(nfgenmsg)));
      std::string name;
      CounterValue value;
      ForEachAttribute(at, bytes, [&](int type, const void* payload, int size) {
        if (type == NFTA_OBJ_NAME) {
          name = static_cast<const char*>(payload);
        } else if (type == NFTA_OBJ_DATA) {
          ReadValue(payload, size, &value);
        }
      });
      (*values)[name] = value;
    });
  }

  static void ReadValue(const void* at, int bytes, CounterValue* value) {
    ForEachAttribute(at, bytes, [&](int type, const void* payload, int size) {
      uint64_t number = 0;
      if (size < int(sizeof(number))) return;
      memcpy(&number, payload, sizeof(number));
      const auto count = static_cast<double>(be64toh(number));
      if (type == NFTA_COUNTER_PACKETS) value->packets = count;
      if (type == NFTA_COUNTER_BYTES) value->bytes = count;
    });
  }

  NetlinkSocket socket_;
  const std::vector<RuleCheckpoint> checkpoints_;
  int packets_, bytes_, passed_, rules_;
};

}  // namespace

std::unique_ptr<CounterSource> MakeQdiscSource(
    const std::vector<std::string>& interfaces, CounterTable* table) {
  return std::make_unique<QdiscSource>(interfaces, table);
}

std::unique_ptr<CounterSource> MakeFirewallSource(
    const std::vector<RuleCheckpoint>& checkpoints, CounterTable* table) {
  return std::make_unique<FirewallSource>(checkpoints, table);
}

}  // namespace airlock::testbed
