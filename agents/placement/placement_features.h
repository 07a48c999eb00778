#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "agents/env/env.h"
#include "agents/placement/load_forecast.h"
#include "agents/placement/placement_shield.h"
#include "agents/placement/placement_view.h"

namespace airlock {

// What a trained manager sees and may do, the same in training and after.
//
// Seen of each function: its cores' busy share, the same with a core fewer and
//   with one more, its cores; of each chain: what it is offered, by its peak,
//   how that changed, what is forecast to come on top, where the forecast beats
//   persistence (it is not seen otherwise), the delivered share, p99 by what is
//   agreed; of each machine its cores in use; how busy the busiest function
//   would be, as the model predicts it, if a machine were given up now.
// Done: of each function a core fewer, as many, one more; then whether the
//   machine with the fewest cores is given up. Machines are chosen by packing.
class PlacementFeatures {
 public:
  // `forecast` may be null: nothing is forecast.
  PlacementFeatures(const PlacementSetup& setup,
                    std::shared_ptr<const LoadForecast> forecast);

  const EnvSpec& spec() const { return spec_; }  // without costs, time limit
  // A view more; the past is remembered.
  void Note(const PlacementView& view);
  // After Note(). `placed`: the very cores of `present`.
  void Write(const PlacementPlan& present, const std::vector<Placement>& placed,
             double* observation) const;
  // Which choices the shield would let pass.
  void Allow(const PlacementPlan& present, const PlacementShield& shield,
             uint8_t* allowed) const;
  std::vector<double> Staying() const;
  // What the choices come to; fits.
  PlacementPlan PlanOf(const double* action, const PlacementPlan& present,
                       const std::vector<Placement>& placed) const;

  const PlacementView& view() const { return view_; }
  void Forget();
  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved);

 private:
  const PlacementSetup setup_;
  const std::shared_ptr<const LoadForecast> forecast_;
  EnvSpec spec_;
  PlacementView view_;                        // the last one
  std::vector<std::vector<double>> offered_;  // by chain, newest last
};

}  // namespace airlock
