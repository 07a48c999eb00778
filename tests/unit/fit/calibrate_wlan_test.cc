#include "calibration/fit/calibrate_wlan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "calibration/fit/links.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_links.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MakeLinkTrace;
using testing::SyntheticLinks;

std::vector<double>& ValuesOf(Trace* trace, const std::string& name) {
  for (Column& column : trace->columns) {
    if (column.name == name) return column.values;
  }
  throw std::out_of_range(name);
}

WlanConfig WlanOf(int access_points) {
  WlanConfig wlan;
  wlan.standard = "802.11n";
  wlan.transmit_power = PowerDbm(20);
  for (int i = 1; i <= access_points; ++i) {
    AccessPointConfig ap;
    ap.name = "ap" + std::to_string(i);
    wlan.access_points.push_back(ap);
  }
  return wlan;
}

CalibrationResult Calibrated(const Trace& trace, int access_points) {
  return CalibrateWlan(WlanOf(access_points), trace, CalibrationOptions(),
                       nullptr);
}

const FittedParameter& Find(const CalibrationResult& result,
                            const std::string& function,
                            const std::string& key) {
  for (const FittedParameter& row : result.profile.parameters) {
    if (row.function == function && row.key == key) return row;
  }
  ADD_FAILURE() << "no " << function << "." << key;
  static const FittedParameter none;
  return none;
}

double MedianOf(const CalibrationResult& result, const std::string& quantity,
                const std::string& method) {
  for (const PredictionError& row : result.errors) {
    if (row.quantity == quantity && row.method == method) {
      return row.median.estimate;
    }
  }
  ADD_FAILURE() << "no " << quantity << ", " << method;
  return std::nan("");
}

class OneCalibration : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    SyntheticLinks truth;
    truth.links = 2;
    truth.seconds = 400;
    trace_ = new Trace(MakeLinkTrace(truth, 1));
    result_ = new CalibrationResult(Calibrated(*trace_, 2));
  }
  static const Trace* trace_;
  static const CalibrationResult* result_;
};
const Trace* OneCalibration::trace_ = nullptr;
const CalibrationResult* OneCalibration::result_ = nullptr;

TEST_F(OneCalibration, SplitsInTime) {
  EXPECT_EQ(result_->profile.fit_samples, 240);
  EXPECT_EQ(result_->profile.held_out_samples, 160);
  for (const HeldOutKpi& kpi : result_->held_out) {
    EXPECT_GE(kpi.time_seconds.front(), 240) << kpi.kpi;
  }
}

TEST_F(OneCalibration, TheProfileReadsBack) {
  CalibrationProfile profile = result_->profile;
  profile.scenario_sha256 = "0";
  Diagnostics diagnostics;
  const std::string path = ::testing::TempDir() + "/wlan_profile.yaml";
  WriteCalibrationProfile(profile, path);
  const auto back = LoadCalibrationProfile(path, &diagnostics);
  ASSERT_TRUE(back) << diagnostics.Format();
  EXPECT_EQ(ToYamlText(*back), ToYamlText(profile));
  WlanConfig wlan = WlanOf(2);
  ApplyProfile(*back, &wlan);
  EXPECT_EQ(wlan.path_loss_exponent,
            Find(*result_, "wlan", "path_loss_exponent").value);
  EXPECT_EQ(wlan.reference_loss_db,
            Find(*result_, "wlan", "reference_loss_db").value);
  EXPECT_EQ(wlan.reference_loss_24ghz_db,
            Find(*result_, "wlan", "reference_loss_24ghz_db").value);
  EXPECT_EQ(wlan.shadowing_db, Find(*result_, "wlan", "shadowing_db").value);
}

TEST_F(OneCalibration, BeatsWhatKnowsLess) {
  const double site =
      MedianOf(*result_, "rssi", "log-distance and shadowing at the place");
  // What remains at a place is the rest of 1 dB: its median is 0.67 dB, and
  // the field is known to cells of 2 m and from few passes.
  EXPECT_LT(site, 1.5);
  EXPECT_LT(site, MedianOf(*result_, "rssi", "log-distance, fitted"));
  EXPECT_LT(site, MedianOf(*result_, "rssi", "constant"));
  // The truth's goodput depends on RSSI and utilisation alone.
  const double channel =
      MedianOf(*result_, "goodput", "and by RSSI and utilisation");
  EXPECT_LT(channel, MedianOf(*result_, "goodput", "rate curve of RSSI"));
  EXPECT_LT(channel, MedianOf(*result_, "goodput", "constant"));
  ASSERT_EQ(result_->profile.kpis.size(), 5u);
}

// What comes after the fit part cannot change what was fitted, whatever column
// it is in.
TEST_F(OneCalibration, NeverReadsTheHeldOutPart) {
  // Each unlike the true ones, and the frequency of another band.
  const std::map<std::string, double> scrambled = {
      {"distance", 300},    {"x", -250},          {"y", 170},
      {"frequency", 5.6e9}, {"rssi", -77},        {"rate", 3e6},
      {"goodput", 1e6},     {"utilisation", 0.99}};
  Trace other = *trace_;
  for (Column& column : other.columns) {
    const std::string metric = column.name.substr(column.name.rfind('.') + 1);
    ASSERT_EQ(scrambled.count(metric), 1u) << column.name;
    for (size_t i = 240; i < column.values.size(); ++i) {
      // Not constant, so that directions of travel change too.
      column.values[i] =
          scrambled.at(metric) * (1 + 0.01 * static_cast<double>(i % 7));
    }
  }
  const CalibrationResult result = Calibrated(other, 2);
  ASSERT_EQ(result.profile.parameters.size(),
            result_->profile.parameters.size());
  for (size_t i = 0; i < result.profile.parameters.size(); ++i) {
    const FittedParameter& a = result.profile.parameters[i];
    const FittedParameter& b = result_->profile.parameters[i];
    EXPECT_EQ(a.value, b.value) << a.function << "." << a.key;
    EXPECT_EQ(a.function + "." + a.key, b.function + "." + b.key);
    EXPECT_EQ(a.low, b.low) << a.function << "." << a.key;
    EXPECT_EQ(a.high, b.high) << a.function << "." << a.key;
    EXPECT_EQ(a.note, b.note) << a.function << "." << a.key;
  }
  ASSERT_EQ(result.errors.size(), result_->errors.size());
  for (size_t i = 0; i < result.errors.size(); ++i) {
    EXPECT_EQ(result.errors[i].median_in_fit, result_->errors[i].median_in_fit)
        << result.errors[i].method;
  }
}

TEST(CalibrateWlan, LeavesOutALinkThatTellsNothing) {
  SyntheticLinks truth;
  truth.links = 2;
  truth.seconds = 300;
  Trace trace = MakeLinkTrace(truth, 2);
  std::vector<double>& rssi = ValuesOf(&trace, "station.ap2.w2.rssi");
  std::fill(rssi.begin() + 30, rssi.end(), std::nan(""));
  const CalibrationResult result = Calibrated(trace, 2);
  ASSERT_FALSE(result.notes.empty());
  EXPECT_EQ(result.notes[0],
            "link ap2 to w2 is left out: 30 samples with a frame in the fit "
            "part, fewer than 60");
  for (const FittedParameter& row : result.profile.parameters) {
    EXPECT_NE(row.function, "ap2-w2");
  }
}

// Without a frequency a link is on its access point's channel, and that is
// said.
TEST(CalibrateWlan, TakesAnUnknownFrequencyFromTheScenario) {
  SyntheticLinks truth;
  truth.links = 1;
  truth.seconds = 120;
  Trace trace = MakeLinkTrace(truth, 2);
  std::vector<double>& frequency = ValuesOf(&trace, "station.ap1.w1.frequency");
  std::fill_n(frequency.begin(), 72, std::nan(""));
  for (const int64_t channel : {6, 36}) {
    WlanConfig wlan = WlanOf(1);
    wlan.access_points[0].channel = channel;
    const CalibrationResult result =
        CalibrateWlan(wlan, trace, CalibrationOptions(), nullptr);
    EXPECT_THAT(
        result.notes,
        ::testing::Contains(
            "link ap1 to w1 has no frequency in the fit part: taken to be on "
            "channel " +
            std::to_string(channel) + " of the scenario"));
    Find(result, "wlan",
         channel == 6 ? "reference_loss_24ghz_db" : "reference_loss_db");
  }
}

TEST(CalibrateWlan, SaysWhatIsWrong) {
  SyntheticLinks truth;
  truth.links = 1;
  truth.seconds = 80;
  Trace trace = MakeLinkTrace(truth, 3);
  EXPECT_THAT(ErrorOf([&] { Calibrated(trace, 0); }),
              HasSubstr("the trace has a link of access point 'ap1', which the "
                        "scenario has not"));
  EXPECT_THAT(ErrorOf([&] { Calibrated(trace, 1); }),
              HasSubstr("no link of the trace can be fitted; link ap1 to w1 is "
                        "left out: 48 samples"));
  Trace wrong = trace;
  for (Column& column : wrong.columns) {
    if (column.name == "station.ap1.w1.distance") column.unit = "km";
  }
  EXPECT_THAT(ErrorOf([&] { Calibrated(wrong, 1); }),
              HasSubstr("'station.ap1.w1.distance' is in 'km', not in 'm'"));
  Trace none;
  none.time_seconds = {0, 1};
  EXPECT_THAT(ErrorOf([&] { Calibrated(none, 1); }),
              HasSubstr("the trace has no link"));
  truth.seconds = 200;
  Trace still = MakeLinkTrace(truth, 4);
  for (Column& column : still.columns) {
    if (column.name == "station.ap1.w1.distance") {
      column.values.assign(column.values.size(), 30);
    }
  }
  EXPECT_THAT(ErrorOf([&] { Calibrated(still, 1); }),
              HasSubstr("the distance hardly varies"));
}

TEST(ReadLinks, RemembersTheRssiOfTenSeconds) {
  SyntheticLinks truth;
  truth.links = 1;
  truth.seconds = 14;
  Trace trace = MakeLinkTrace(truth, 5);
  ValuesOf(&trace, "station.ap1.w1.rssi") = {-90, -50, std::nan(""), -60, -60,
                                             -60, -60, -60,          -60, -60,
                                             -70, -60, -60,          -60};
  LeftOutSamples left_out;
  const std::vector<LinkSample> samples =
      ReadLinks(trace, &left_out)[0].samples;
  EXPECT_EQ(samples[0].recent_rssi, -90);
  EXPECT_EQ(samples[0].rssi_spread, 0);
  EXPECT_EQ(samples[1].recent_rssi, -70);
  EXPECT_EQ(samples[1].rssi_spread, 20);
  // The second at 10 s: 1 to 10 s, of which 2 s had no frame.
  EXPECT_EQ(samples[9].sample, 10);
  EXPECT_NEAR(samples[9].recent_rssi, -60, 1e-12);
  EXPECT_NEAR(samples[9].rssi_spread, std::sqrt(200.0 / 9), 1e-12);
}

TEST(ReadLinks, HoldsTheDirectionWhereTheReceiverStands) {
  SyntheticLinks truth;
  truth.links = 1;
  truth.seconds = 10;
  Trace trace = MakeLinkTrace(truth, 5);
  ValuesOf(&trace, "station.ap1.w1.x") = {0, 0, 0, 5, 10, 10, 10, 10, 5, 0};
  ValuesOf(&trace, "station.ap1.w1.rssi")[4] = std::nan("");
  LeftOutSamples left_out;
  const std::vector<Link> links = ReadLinks(trace, &left_out);
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(left_out.silent, 1);
  ASSERT_EQ(links[0].samples.size(), 9u);
  EXPECT_EQ(links[0].samples[2].heading_x, 0);  // has not moved yet
  EXPECT_EQ(links[0].samples[3].heading_x, 1);
  EXPECT_EQ(links[0].samples[6].heading_x, 1);  // stands
  EXPECT_EQ(links[0].samples[7].heading_x, -1);
  EXPECT_EQ(links[0].samples[8].heading_x, -1);
}

// A sample without a place is left out and counted, unless the link has none
// at all: then the distance stands for it.
TEST(ReadLinks, CountsWhatItLeavesOut) {
  SyntheticLinks truth;
  truth.links = 1;
  truth.seconds = 10;
  Trace trace = MakeLinkTrace(truth, 5);
  const double missing = std::nan("");
  ValuesOf(&trace, "station.ap1.w1.rssi")[1] = missing;
  ValuesOf(&trace, "station.ap1.w1.distance")[2] = missing;
  std::vector<double>& y = ValuesOf(&trace, "station.ap1.w1.y");
  y[3] = y[4] = missing;
  LeftOutSamples left_out;
  EXPECT_EQ(ReadLinks(trace, &left_out)[0].samples.size(), 6u);
  EXPECT_EQ(left_out.silent, 1);
  EXPECT_EQ(left_out.without_distance, 1);
  EXPECT_EQ(left_out.without_place, 2);
  y.assign(10, missing);
  const std::vector<LinkSample> samples =
      ReadLinks(trace, &left_out)[0].samples;
  EXPECT_EQ(samples.size(), 8u);
  EXPECT_EQ(left_out.without_place, 0);
  EXPECT_EQ(samples[3].x, samples[3].distance);
  EXPECT_EQ(samples[3].y, 0);
}

}  // namespace
}  // namespace airlock
