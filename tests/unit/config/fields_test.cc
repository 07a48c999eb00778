#include "sim/config/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace airlock {

// The example of fields.h, with one field of every kind.
struct PortConfig {
  std::string name;
  Bandwidth rate = Gbps(1);
  SimTime delay = Microseconds(1);
};

inline void DeclareFields(Fields<PortConfig>& fields) {
  fields.Add("name", &PortConfig::name, "Name of the port.")
      .Required()
      .NotEmpty();
  fields.Add("rate", &PortConfig::rate, "Bits on the wire.").AtLeast(Mbps(1));
  fields.Add("delay", &PortConfig::delay, "Propagation delay.");
}

struct BufferConfig {
  int64_t limit = 100;
  int64_t mark = 65;
};

inline void DeclareFields(Fields<BufferConfig>& fields) {
  fields.Add("limit", &BufferConfig::limit, "Packets.").Between(1, 1000);
  fields.Add("mark", &BufferConfig::mark, "Packets.").AtLeast(0);
  fields.Check([](const BufferConfig& buffer, const Reporter& report) {
    if (buffer.mark <= buffer.limit) return;
    report.Error("mark",
                 "is above the limit of " + std::to_string(buffer.limit));
  });
}

struct DeviceConfig {
  int64_t schema = 1;
  bool enabled = true;
  double gain = 1.5;
  double service_ns = 1000;
  std::string kind = "plain";
  std::string note;
  Ratio share{0.3};
  PowerDbm power{16};
  Frequency width{20e6};
  Length reach{5};
  DataSize packet{1500};
  BufferConfig buffer;
  std::optional<BufferConfig> spare;
  std::optional<double> score;
  std::vector<PortConfig> ports;
  std::vector<int64_t> levels = {1, 2};
  std::map<std::string, BufferConfig> pools;
};

inline void DeclareFields(Fields<DeviceConfig>& fields) {
  using D = DeviceConfig;
  fields.Add("schema", &D::schema, "Version of the format.")
      .Required()
      .Between(1, 1);
  fields.Add("enabled", &D::enabled, "Whether it works.");
  fields.Add("gain", &D::gain, "Of the antenna.").Unit("dB").MoreThan(0);
  fields.Add("service", &D::service_ns, "Time for a packet.").AsNanoseconds();
  fields.Add("kind", &D::kind, "What it is.").OneOf({"plain", "fancy"});
  fields.Add("note", &D::note, "Free text.");
  fields.Add("share", &D::share, "Of the whole.").Between(Ratio(0), Ratio(1));
  fields.Add("power", &D::power, "Sent.").AtMost(PowerDbm(30));
  fields.Add("width", &D::width, "Of the channel.");
  fields.Add("reach", &D::reach, "Of the signal.");
  fields.Add("packet", &D::packet, "Size.");
  fields.Add("buffer", &D::buffer, "The buffer.");
  fields.Add("spare", &D::spare, "Another buffer.");
  fields.Add("score", &D::score, "A number that may be missing.");
  fields.Add("ports", &D::ports, "The ports.").UniqueBy("name");
  fields.Add("levels", &D::levels, "Some numbers.").AtLeast(0);
  fields.Add("pools", &D::pools, "Buffers by name.");
}

namespace {

using testing::HasSubstr;

// The findings of a text that is not a good device.
std::string Findings(const std::string& text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(ParseConfig<DeviceConfig>(text, "device.yaml", &diagnostics));
  return diagnostics.Format();
}

DeviceConfig Good(const std::string& text) {
  Diagnostics diagnostics;
  auto device = ParseConfig<DeviceConfig>(text, "device.yaml", &diagnostics);
  EXPECT_TRUE(device) << diagnostics.Format();
  return device.value_or(DeviceConfig{});
}

TEST(FieldsTest, ReadsEveryKind) {
  const DeviceConfig device = Good(R"(schema: 1
enabled: false
gain: 2
service: 0.8ns
kind: fancy
note: "a: b"
share: 12.5%
power: -62dBm
width: 80MHz
reach: 2.5m
packet: 64B
buffer: {limit: 70}
spare: {mark: 3}
score: 1e-3
ports:
  - name: left
    rate: 25Gbps
  - {name: right, delay: 500ns}
levels: [3, 4, 5]
pools: {small: {limit: 80}, big: {}}
)");
  EXPECT_FALSE(device.enabled);
  EXPECT_EQ(device.gain, 2);
  EXPECT_EQ(device.service_ns, 0.8);
  EXPECT_EQ(device.kind, "fancy");
  EXPECT_EQ(device.note, "a: b");
  EXPECT_EQ(device.share, Ratio(0.125));
  EXPECT_EQ(device.power, PowerDbm(-62));
  EXPECT_EQ(device.width, Frequency(80e6));
  EXPECT_EQ(device.reach, Length(2.5));
  EXPECT_EQ(device.packet, DataSize(64));
  EXPECT_EQ(device.buffer.limit, 70);
  EXPECT_EQ(device.buffer.mark, 65);
  ASSERT_TRUE(device.spare);
  EXPECT_EQ(device.spare->mark, 3);
  EXPECT_EQ(device.score, 1e-3);
  ASSERT_EQ(device.ports.size(), 2u);
  EXPECT_EQ(device.ports[0].rate, Gbps(25));
  EXPECT_EQ(device.ports[1].delay, Nanoseconds(500));
  EXPECT_EQ(device.levels, (std::vector<int64_t>{3, 4, 5}));
  EXPECT_EQ(device.pools.size(), 2u);
  EXPECT_EQ(device.pools.at("small").limit, 80);
}

TEST(FieldsTest, DefaultsStand) {
  const DeviceConfig device = Good("schema: 1\n");
  EXPECT_TRUE(device.enabled);
  EXPECT_EQ(device.levels, (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(device.spare);
  EXPECT_FALSE(device.score);
}

TEST(FieldsTest, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(Findings("schema: 1\nports: [{name: a, dealy: 1us}]\n"),
            "device.yaml:2:19: error: ports.0.dealy: unknown key; did you "
            "mean 'delay'?\n"
            "1 error; nothing was run\n");
  EXPECT_THAT(Findings("schema: 1\nbuffer: {colour: 3}\n"),
              HasSubstr("    2 | buffer: {colour: 3}\n"
                        "      |          ^~~~~~ known keys: limit or mark\n"));
}

TEST(FieldsTest, RequiredKeyIsAsked) {
  EXPECT_EQ(Findings("gain: 2\nports:\n  - rate: 1Gbps\n"),
            "device.yaml:1:1: error: schema: is missing; it has no default\n"
            "device.yaml:3:5: error: ports.0.name: is missing; it has no "
            "default\n"
            "2 errors; nothing was run\n");
}

TEST(FieldsTest, QuantityNeedsItsUnit) {
  EXPECT_EQ(Findings("schema: 1\n"
                     "ports:\n"
                     "  - {name: a, rate: 25Gbsp, dealy: 500ns}\n"
                     "  - {name: b, rate: 25}\n"),
            "device.yaml:3:21: error: ports.0.rate: '25Gbsp' is not a "
            "bandwidth\n"
            "    3 |   - {name: a, rate: 25Gbsp, dealy: 500ns}\n"
            "      |                     ^~~~~~ write a number and bps, kbps, "
            "Mbps, Gbps or Tbps\n"
            "device.yaml:3:29: error: ports.0.dealy: unknown key; did you "
            "mean 'delay'?\n"
            "device.yaml:4:21: error: ports.1.rate: '25' has no unit\n"
            "    4 |   - {name: b, rate: 25}\n"
            "      |                     ^~ write a number and bps, kbps, "
            "Mbps, Gbps or Tbps\n"
            "3 errors; nothing was run\n");
}

TEST(FieldsTest, QuantityKeepsItsPrecision) {
  EXPECT_THAT(Findings("schema: 1\nports: [{name: a, delay: 0.5ns}]\n"),
              HasSubstr("'0.5ns' is no multiple of 1ns\n"));
  EXPECT_THAT(Findings("schema: 1\nports: [{name: a, delay: 1e30s}]\n"),
              HasSubstr("'1e30s' is too large\n"));
  EXPECT_THAT(Findings("schema: 1\nports: [{name: a, delay: -1us}]\n"),
              HasSubstr("'-1us' is out of range\n"));
}

TEST(FieldsTest, RangesAreNamed) {
  EXPECT_EQ(Findings("schema: 2\n"
                     "gain: 0\n"
                     "share: 101%\n"
                     "power: 31dBm\n"
                     "buffer: {limit: 0}\n"
                     "levels: [1, -1]\n"
                     "ports: [{name: a, rate: 1bps}]\n"),
            "device.yaml:1:9: error: schema: '2' is out of range\n"
            "    1 | schema: 2\n"
            "      |         ^ write 1\n"
            "device.yaml:2:7: error: gain: '0' is out of range\n"
            "    2 | gain: 0\n"
            "      |       ^ write a number of more than 0\n"
            "device.yaml:3:8: error: share: '101%' is out of range\n"
            "    3 | share: 101%\n"
            "      |        ^~~~ write a ratio from 0% to 100%\n"
            "device.yaml:4:8: error: power: '31dBm' is out of range\n"
            "    4 | power: 31dBm\n"
            "      |        ^~~~~ write a power of at most 30dBm\n"
            "device.yaml:5:17: error: buffer.limit: '0' is out of range\n"
            "    5 | buffer: {limit: 0}\n"
            "      |                 ^ write an integer from 1 to 1000\n"
            "device.yaml:6:13: error: levels.1: '-1' is out of range\n"
            "    6 | levels: [1, -1]\n"
            "      |             ^~ write an integer of at least 0\n"
            "device.yaml:7:25: error: ports.0.rate: '1bps' is out of range\n"
            "    7 | ports: [{name: a, rate: 1bps}]\n"
            "      |                         ^~~~ write a bandwidth of at "
            "least 1Mbps\n"
            "7 errors; nothing was run\n");
}

TEST(FieldsTest, BooleansAreTrueOrFalseOnly) {
  for (const char* word : {"yes", "True", "on", "1", "\"true\""}) {
    EXPECT_THAT(Findings("schema: 1\nenabled: " + std::string(word) + "\n"),
                testing::AllOf(HasSubstr("device.yaml:2:10: error: enabled: '"),
                               HasSubstr("' is not a boolean\n"),
                               HasSubstr(" write true or false")))
        << word;
  }
}

TEST(FieldsTest, IntegersAreDecimalWithoutLeadingZero) {
  for (const char* word : {"012", "0x1F", "0o17", "1_000", "+5", "-0", "-",
                           "1.0", "1e3", "\"3\"", "ten"}) {
    EXPECT_THAT(
        Findings("schema: 1\nbuffer: {limit: " + std::string(word) + "}\n"),
        testing::AllOf(HasSubstr("device.yaml:2:17: error: buffer.limit: '"),
                       HasSubstr("' is not an integer\n"),
                       HasSubstr(" write an integer from 1 to 1000")))
        << word;
  }
  EXPECT_THAT(Findings("schema: 1\nbuffer: {limit: 99999999999999999999}\n"),
              HasSubstr("'99999999999999999999' is too large\n"));
}

TEST(FieldsTest, NumbersAreFinite) {
  for (const char* word : {"nan", ".nan", "inf", "0x10", "1.5dB", ""}) {
    EXPECT_THAT(Findings("schema: 1\ngain: " + std::string(word) + "\n"),
                HasSubstr("error: gain: "))
        << word;
  }
}

TEST(FieldsTest, WrongShapeIsNamed) {
  EXPECT_EQ(Findings("schema: 1\nbuffer: 3\nlevels: 4\ngain: [1]\nshare:\n"),
            "device.yaml:2:9: error: buffer: found a single value, not a map "
            "of keys\n"
            "    2 | buffer: 3\n"
            "      |         ^ write keys and values, 'key: value'\n"
            "device.yaml:3:9: error: levels: found a single value, not a "
            "list\n"
            "    3 | levels: 4\n"
            "      |         ^ write [a, b] or a line '- a' for each\n"
            "device.yaml:4:7: error: gain: found a list, not a number\n"
            "    4 | gain: [1]\n"
            "      |       ^ write a number of more than 0\n"
            "device.yaml:5:1: error: share: has no value\n"
            "    5 | share:\n"
            "      | ^~~~~ write a number and % (30% is 0.3)\n"
            "4 errors; nothing was run\n");
}

TEST(FieldsTest, UnknownChoiceListsTheKnown) {
  EXPECT_EQ(Findings("schema: 1\nkind: fency\n"),
            "device.yaml:2:7: error: kind: 'fency' is unknown; did you mean "
            "'fancy'?\n"
            "    2 | kind: fency\n"
            "      |       ^~~~~ write plain or fancy\n"
            "1 error; nothing was run\n");
}

TEST(FieldsTest, NamesMustBeUnique) {
  EXPECT_EQ(Findings("schema: 1\nports:\n- name: a\n- name: b\n- name: a\n"),
            "device.yaml:5:9: error: ports.2.name: 'a' is taken; first used "
            "in line 3\n"
            "1 error; nothing was run\n");
}

TEST(FieldsTest, ChecksOfSeveralFieldsPointAtTheirKey) {
  EXPECT_EQ(Findings("schema: 1\npools:\n  big: {mark: 200}\n"),
            "device.yaml:3:15: error: pools.big.mark: is above the limit of "
            "100\n"
            "1 error; nothing was run\n");
  // The key that is at fault is not written: the map around it is shown.
  EXPECT_EQ(Findings("schema: 1\nbuffer: {limit: 10}\n"),
            "device.yaml:2:9: error: buffer.mark: is above the limit of 10\n"
            "1 error; nothing was run\n");
}

TEST(FieldsTest, OptionalStructCanBeTakenAway) {
  EXPECT_FALSE(Good("schema: 1\nspare: null\n").spare);
  EXPECT_THAT(Findings("schema: 1\nspare:\n"), HasSubstr("has no value"));
}

TEST(FieldsTest, PathsAreRelativeToTheFile) {
  FieldRules rules;
  rules.is_path = true;
  Diagnostics diagnostics;
  const auto document = ReadDocumentText("file: ../a/b.h5\n", "x.yaml",
                                         "/some/where", {}, &diagnostics);
  std::string path;
  ReadScalar(document->root.Find("file")->value, rules,
             ReadContext{"file", &diagnostics}, &path);
  EXPECT_EQ(path, "/some/a/b.h5");
  rules.must_exist = true;
  ReadScalar(document->root.Find("file")->value, rules,
             ReadContext{"file", &diagnostics}, &path);
  EXPECT_EQ(diagnostics.Format(),
            "x.yaml:1:7: error: file: there is no file '../a/b.h5'\n"
            "    1 | file: ../a/b.h5\n"
            "      |       ^~~~~~~~~ looked for /some/a/b.h5\n"
            "1 error; nothing was run\n");
}

TEST(FieldsTest, EchoMarksDefaults) {
  DeviceConfig device;
  device.gain = 3;
  device.note = "50% #1: \"x\"";
  device.ports = {PortConfig{"a", Gbps(1), Nanoseconds(1500)}};
  device.service_ns = 1500;
  EXPECT_EQ(ToYaml(device, DefaultMarks::kMarked),
            "schema: 1  # default\n"
            "enabled: true  # default\n"
            "gain: 3\n"
            "service: 1.5us\n"
            "kind: plain  # default\n"
            "note: \"50% #1: \\\"x\\\"\"\n"
            "share: 30%  # default\n"
            "power: 16dBm  # default\n"
            "width: 20MHz  # default\n"
            "reach: 5m  # default\n"
            "packet: 1500B  # default\n"
            "buffer:\n"
            "  limit: 100  # default\n"
            "  mark: 65  # default\n"
            "ports:\n"
            "  - name: a\n"
            "    rate: 1Gbps  # default\n"
            "    delay: 1500ns\n"
            "levels: [1, 2]  # default\n"
            "pools: {}  # default\n");
}

TEST(FieldsTest, EchoReadsBackToTheSame) {
  DeviceConfig device;
  device.note = " odd\n\ttext: 'x' \\ é #";
  device.gain = 0.1 + 0.2;
  device.service_ns = 1234.5678901234567;
  device.share = Ratio(33.3 / 100);
  device.score = std::numeric_limits<double>::min();
  device.spare = BufferConfig{10, 5};
  device.levels = {};
  device.pools["a b"] = BufferConfig{7, 7};
  device.pools["true"] = BufferConfig{};
  device.ports = {PortConfig{"1", Mbps(3), SimTime(1)}, PortConfig{"-"}};
  for (const DefaultMarks marks :
       {DefaultMarks::kMarked, DefaultMarks::kUnmarked}) {
    const std::string text = ToYaml(device, marks);
    const DeviceConfig back = Good(text);
    EXPECT_EQ(ToYaml(back, marks), text);
    EXPECT_EQ(back.note, device.note);
    EXPECT_EQ(back.gain, device.gain);
    EXPECT_EQ(back.service_ns, device.service_ns);
    EXPECT_EQ(back.share, device.share);
    EXPECT_EQ(back.score, device.score);
    EXPECT_EQ(back.pools.size(), 2u);
  }
}

TEST(FieldsTest, ReferenceHasEveryKey) {
  const std::string text = KeyReference<DeviceConfig>();
  EXPECT_THAT(text, HasSubstr("| `schema` | integer, exactly 1 | required | "
                              "Version of the format. |\n"));
  EXPECT_THAT(text, HasSubstr("| `share` | ratio in % (30% is 0.3); from 0% "
                              "to 100% | `30%` | Of the whole. |\n"));
  EXPECT_THAT(text, HasSubstr("| `gain` | number (dB), more than 0 | `1.5` | "
                              "Of the antenna. |\n"));
  EXPECT_THAT(text, HasSubstr("\n## `pools.NAME`\n\nBuffers by name.\n\n| "
                              "Key | Type | Default | Meaning |\n"));
  EXPECT_THAT(text, HasSubstr("\n## `ports[]`\n"));
}

TEST(FieldsTest, JsonSchemaHasRangesAndPatterns) {
  const std::string text = JsonSchema<DeviceConfig>("A device");
  EXPECT_THAT(text, HasSubstr("\"title\": \"A device\""));
  EXPECT_THAT(text, HasSubstr("\"exclusiveMinimum\": 0.0"));
  EXPECT_THAT(text, HasSubstr("\"maximum\": 1000"));
  EXPECT_THAT(text, HasSubstr("(bps|kbps|Mbps|Gbps|Tbps)$\""));
  EXPECT_THAT(text, HasSubstr("\"additionalProperties\": false"));
  EXPECT_THAT(text, HasSubstr("\"extends\""));
}

}  // namespace
}  // namespace airlock
