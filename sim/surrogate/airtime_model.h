#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

// The analytic model of a WLAN's airtime, after Iacoboaiea, Krolikowski, Ben
// Houidi and Rossi, "Real-Time Channel Management in WLANs: Deep Reinforcement
// Learning versus Heuristics" (IFIP Networking 2021), sections II and III:
//
//   l_i    load: the share of time that AP i's traffic needs on one channel;
//          bonded over 2^b channels it takes l_i 2^-b of each;
//   m_ij   interference of j on i, 0 to 1, from the RSSI at which i hears j;
//   psi_k(c,b) = 1 if the assignment (c, b) takes slot k (channel_table.h);
//   u+_i   utilisation of the busiest of i's own slots by what i hears;
//   R^s    = sum_i rho_{2^b_i}(u+_i) l_i, of the new plan and the new load;
//   R^r    = sum_i [(c_i, b_i) changed] l_i, of the load when it changes;
//   R      = R^s + w R^r.
//
// airtime_batch.h evaluates many networks at once.
namespace airlock {

// How the shares of several interferers add up to the time that a channel is
// busy.
enum class OccupancyLaw {
  kSum,    // sum_j x_j: they keep out of each other's way; may exceed 1
  kUnion,  // 1 - prod_j (1 - x_j): they overlap as if independent; below 1
};

struct OccupancyLawRow {
  const char* name;  // "sum", "union"
  OccupancyLaw law;
  const char* description;
};

const std::vector<OccupancyLawRow>& OccupancyLaws();
const char* ToString(OccupancyLaw law);
// Throws InputError with the known names.
OccupancyLaw ParseOccupancyLaw(const std::string& name);

// The time that two parties take together of a slot, by the law.
double Together(OccupancyLaw law, double a, double b);

// What an access point that needs `share` of a slot gets of it, 0 to 1, where
// the others that it hears need `heard`: by need where both are more than there
// is (sum), or of what is left (union).
double ServedShare(OccupancyLaw law, double share, double heard);

// The choices that the model leaves open.
struct AirtimeChoices {
  OccupancyLaw law = OccupancyLaw::kSum;
  // RSSI from which on an AP is interference.
  double threshold_dbm = -82;
  // 0: m = [rssi >= threshold]. s > 0: m = 1 / (1 + exp(-(rssi - t) / s)).
  double softness_db = 0;
  // Whether an AP's own share enters its utilisation, as m_ii = 1 would do. The
  // reference sums the interference seen, so the default is no.
  bool own_load = false;
  double change_weight = 1;  // w
};

// m, n x n, of rssi_dbm(i, j): the RSSI in dBm at which i hears j (NaN or -inf:
// not at all; the diagonal is ignored). m(i, i) = 0. With a soft threshold
// values below kNegligibleInterference become 0.
constexpr double kNegligibleInterference = 1e-3;
Eigen::MatrixXd InterferenceMap(const Eigen::MatrixXd& rssi_dbm,
                                const AirtimeChoices& choices);

// rho^_beta(x) of equation (4): from x = 0, for `beta` = 2^b bonded channels,
//   -ln((beta / 8) (x - 1) ln(1 - x) / x)                   x < 0.9,
//   (e^(x - 0.9) - 1) rho'(0.9) + rho(0.9)                  x >= 0.9.
// The logarithm is of the throughput that is left beside the utilisation x.
double Rho(double x, double beta);
// d rho^ / dx; the same for every beta.
double RhoSlope(double x);
// rho^_1 of every element, in place (x >= 0); rho^_beta = rho^_1 - ln(beta).
void RhoOfOne(Eigen::Ref<Eigen::ArrayXd> x);

// What a plan costs a network in one slot of time, in sums over its APs.
struct Regret {
  double service = 0;  // R^s
  double change = 0;   // R^r, without its weight
  double total = 0;    // R^s + w R^r
  // APs that need more than the time there is: l_i 2^-b_i > 1. They count with
  // their whole load.
  int64_t overloads = 0;
};

}  // namespace airlock
