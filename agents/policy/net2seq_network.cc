#include "agents/policy/net2seq_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "sim/base/base64.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int kMostWidth = 4096;

// Sixteen numbers that the compiler keeps in one register, or in several where
// the processor has narrower ones.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int kLanes = 16;

// y += sum_i x_i W(:, first + i), for `rows` outputs whose columns are `stride`
// apart. Outputs are computed side by side, never in parts: every processor
// gets the same bits.
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3",
                             "default"))) void
AddColumns(const float* columns, int stride, int rows, int count,
           const float* x, float* y) {
  int o = 0;
  for (; o + 4 * kLanes <= rows; o += 4 * kLanes) {
    Lanes* const out = reinterpret_cast<Lanes*>(y + o);
    Lanes a = out[0], b = out[1], c = out[2], d = out[3];
    for (int i = 0; i < count; ++i) {
      const float value = x[i];
      if (value == 0) continue;
      const Lanes* const w = reinterpret_cast<const Lanes*>(
          columns + static_cast<int64_t>(i) * stride + o);
      a += value * w[0];
      b += value * w[1];
      c += value * w[2];
      d += value * w[3];
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
  }
  for (; o + kLanes <= rows; o += kLanes) {
    Lanes* const out = reinterpret_cast<Lanes*>(y + o);
    Lanes a = out[0];
    for (int i = 0; i < count; ++i) {
      const float value = x[i];
      if (value == 0) continue;
      a += value * *reinterpret_cast<const Lanes*>(
                       columns + static_cast<int64_t>(i) * stride + o);
    }
    out[0] = a;
  }
  for (int i = 0; o < rows && i < count; ++i) {
    const float value = x[i];
    if (value == 0) continue;
    const float* const w = columns + static_cast<int64_t>(i) * stride;
    for (int r = o; r < rows; ++r) y[r] += value * w[r];
  }
}

json ToJson(const Net2SeqLayout& layout) {
  return {{"bonding_levels", layout.bonding_levels},
          {"history", layout.history},
          {"embedding", layout.embedding},
          {"hidden", layout.hidden},
          {"pool", layout.pool}};
}

int CountOf(const json& from, const char* key, int least, int most) {
  const json& value = from.at(key);
  const bool whole = value.is_number_integer();
  const int64_t number = whole ? value.get<int64_t>() : 0;
  if (!whole || number < least || number > most) {
    throw InputError(
        fmt::format("layout: {} is {}; a whole number from {} to "
                    "{} is allowed",
                    key, value.dump(), least, most));
  }
  return static_cast<int>(number);
}

void CheckKeys(const json& from, const char* what,
               const std::set<std::string>& known) {
  if (!from.is_object()) {
    throw InputError(fmt::format("{} is not an object", what));
  }
  for (const auto& item : from.items()) {
    if (known.count(item.key()) > 0) continue;
    throw InputError(fmt::format("{}: unknown key '{}'; known are {}", what,
                                 item.key(), fmt::join(known, ", ")));
  }
}

Net2SeqLayout LayoutOf(const json& from) {
  CheckKeys(from, "layout",
            {"bonding_levels", "history", "embedding", "hidden", "pool"});
  Net2SeqLayout layout;
  layout.bonding_levels = CountOf(from, "bonding_levels", 1, 4);
  layout.history = CountOf(from, "history", 0, 16);
  layout.embedding = CountOf(from, "embedding", 1, kMostWidth);
  layout.hidden = CountOf(from, "hidden", 1, kMostWidth);
  layout.pool = CountOf(from, "pool", 1, 64);
  return layout;
}

json ToJson(const Net2SeqOrigin& origin) {
  return {{"gamma", origin.gamma},
          {"channels", origin.channels},
          {"law", origin.law},
          {"own_load", origin.own_load},
          {"change_weight", origin.change_weight},
          {"threshold_dbm", origin.threshold_dbm},
          {"load_profile", origin.load_profile},
          {"access_points", origin.access_points},
          {"seed", origin.seed},
          {"iterations", origin.iterations},
          {"imitation_iterations", origin.imitation_iterations}};
}

Net2SeqOrigin OriginOf(const json& from) {
  CheckKeys(from, "origin",
            {"gamma", "channels", "law", "own_load", "change_weight",
             "threshold_dbm", "load_profile", "access_points", "seed",
             "iterations", "imitation_iterations"});
  Net2SeqOrigin origin;
  origin.gamma = from.at("gamma").get<double>();
  origin.channels = from.at("channels").get<std::vector<int>>();
  origin.law = from.at("law").get<std::string>();
  origin.own_load = from.at("own_load").get<bool>();
  origin.change_weight = from.at("change_weight").get<double>();
  origin.threshold_dbm = from.at("threshold_dbm").get<double>();
  origin.load_profile = from.at("load_profile").get<std::string>();
  origin.access_points = from.at("access_points").get<int64_t>();
  origin.seed = from.at("seed").get<int64_t>();
  origin.iterations = from.at("iterations").get<int64_t>();
  origin.imitation_iterations = from.at("imitation_iterations").get<int64_t>();
  return origin;
}

std::string BytesOf(const std::vector<Net2SeqLayer>& layers) {
  std::string bytes;
  const auto append = [&bytes](const float* from, Eigen::Index count) {
    bytes.append(reinterpret_cast<const char*>(from), 4 * count);
  };
  for (const Net2SeqLayer& layer : layers) {
    append(layer.weights.data(), layer.weights.size());
    append(layer.bias.data(), layer.bias.size());
  }
  return bytes;
}

void ReadWeights(const std::string& bytes, std::vector<Net2SeqLayer>* layers) {
  size_t needed = 0;
  for (const Net2SeqLayer& layer : *layers) {
    needed += 4 * (layer.weights.size() + layer.bias.size());
  }
  if (bytes.size() != needed) {
    throw InputError(fmt::format("weights: {} bytes; this layout has {}",
                                 bytes.size(), needed));
  }
  const char* next = bytes.data();
  const auto take = [&next](float* to, Eigen::Index count) {
    std::memcpy(to, next, 4 * count);
    next += 4 * count;
  };
  for (size_t i = 0; i < layers->size(); ++i) {
    Net2SeqLayer& layer = (*layers)[i];
    take(layer.weights.data(), layer.weights.size());
    take(layer.bias.data(), layer.bias.size());
    if (!layer.weights.allFinite() || !layer.bias.allFinite()) {
      throw InputError(
          fmt::format("weights: layer {} has one that is not a number", i + 1));
    }
  }
}

}  // namespace

bool operator==(const Net2SeqLayout& a, const Net2SeqLayout& b) {
  return a.bonding_levels == b.bonding_levels && a.history == b.history &&
         a.embedding == b.embedding && a.hidden == b.hidden && a.pool == b.pool;
}

std::vector<Net2SeqShape> Net2SeqShapes(const Net2SeqLayout& layout) {
  const int slots = 1 + layout.history;
  const int rest = slots + 1 + layout.bonding_levels;
  const int plan = 2 * layout.embedding + rest;
  const int hidden = layout.hidden;
  std::vector<Net2SeqShape> shapes(4, {slots, layout.embedding});
  shapes.push_back({4 * layout.embedding + rest, hidden});
  shapes.push_back({layout.bonding_levels * hidden, hidden});
  shapes.push_back({hidden, layout.bonding_levels});
  shapes.push_back({1 + layout.pool, 4});
  shapes.push_back({4, 1});
  for (const int inputs : {plan, plan + 1}) {
    shapes.insert(shapes.end(), 2, {slots, layout.embedding});
    shapes.push_back({inputs, hidden});
    shapes.push_back({hidden, hidden});
    shapes.push_back({hidden, 1});
  }
  AIRLOCK_CHECK(shapes.size() == kNet2SeqLayers);
  return shapes;
}

Net2SeqNetwork::Net2SeqNetwork(const Net2SeqLayout& layout) : layout(layout) {
  for (const Net2SeqShape& shape : Net2SeqShapes(layout)) {
    layers.push_back({Eigen::MatrixXf::Zero(shape.outputs, shape.inputs),
                      Eigen::VectorXf::Zero(shape.outputs)});
  }
}

json Net2SeqNetwork::ToJson() const {
  const std::string bytes = BytesOf(layers);
  return {{"format", kFormat},
          {"version", kVersion},
          {"layout", airlock::ToJson(layout)},
          {"origin", airlock::ToJson(origin)},
          {"weights", ToBase64(bytes)},
          {"sha256", Sha256(bytes)}};
}

Net2SeqNetwork Net2SeqNetwork::FromJson(const json& from) {
  try {
    CheckKeys(from, "a net2seq policy",
              {"format", "version", "layout", "origin", "weights", "sha256"});
    if (from.at("format") != kFormat) {
      throw InputError(fmt::format("format is {}; '{}' is read here",
                                   from.at("format").dump(), kFormat));
    }
    if (from.at("version") != kVersion) {
      throw InputError(fmt::format("version is {}; {} is read here",
                                   from.at("version").dump(), kVersion));
    }
    Net2SeqNetwork network(LayoutOf(from.at("layout")));
    network.origin = OriginOf(from.at("origin"));
    const auto bytes = FromBase64(from.at("weights").get<std::string>());
    if (!bytes) throw InputError("weights are not base64");
    if (Sha256(*bytes) != from.at("sha256")) {
      throw InputError("weights differ from their sha256");
    }
    ReadWeights(*bytes, &network.layers);
    return network;
  } catch (const json::exception& error) {
    throw InputError(CauseOf(error));
  }
}

Net2SeqNetwork Net2SeqNetwork::Read(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    return FromJson(json::parse(text));
  } catch (const json::exception& error) {
    throw InputError(path + ": " + CauseOf(error));
  } catch (const InputError& error) {
    throw InputError(path + ": " + error.what());
  }
}

void ApplyColumns(const Net2SeqLayer& layer, int first, int count,
                  const float* x, float* y) {
  const int rows = static_cast<int>(layer.weights.rows());
  std::fill_n(y, rows, 0.0F);
  AddColumns(layer.weights.data() + static_cast<int64_t>(first) * rows, rows,
             rows, count, x, y);
}

void ApplyLayer(const Net2SeqLayer& layer, const float* x, bool relu,
                float* y) {
  const int rows = static_cast<int>(layer.weights.rows());
  std::copy_n(layer.bias.data(), rows, y);
  AddColumns(layer.weights.data(), rows, rows,
             static_cast<int>(layer.weights.cols()), x, y);
  if (!relu) return;
  for (int o = 0; o < rows; ++o) y[o] = y[o] > 0 ? y[o] : 0;
}

}  // namespace airlock
