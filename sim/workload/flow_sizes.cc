#include "sim/workload/flow_sizes.h"

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {

double FlowSizes::MeanBytes() const {
  double mean = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    mean += (points[i].percent - points[i - 1].percent) / 100 *
            (points[i].bytes + points[i - 1].bytes) / 2;
  }
  return mean;
}

DataSize FlowSizes::Draw(RngStream* stream) const {
  const double percent = stream->Uniform(0, 100);
  const auto above =
      std::find_if(points.begin() + 1, points.end() - 1,
                   [&](const Point& point) { return point.percent > percent; });
  const Point& high = *above;
  const Point& low = *(above - 1);
  const double share = (percent - low.percent) / (high.percent - low.percent);
  const double bytes = low.bytes + share * (high.bytes - low.bytes);
  return DataSize(std::max<int64_t>(1, static_cast<int64_t>(bytes + 0.5)));
}

const FlowSizes& FindFlowSizes(const std::string& name) {
  std::string known;
  for (const FlowSizes& sizes : FlowSizeTable()) {
    if (name == sizes.name) return sizes;
    known += std::string(known.empty() ? "" : ", ") + sizes.name;
  }
  throw InputError("traffic.sizes: '" + name +
                   "' is not a flow-size distribution; known: " + known);
}

const std::vector<FlowSizes>& FlowSizeTable() {
  static const std::vector<FlowSizes> kTable = {
      {"websearch",
       "web search; Alizadeh et al., DCTCP, SIGCOMM 2010, figure 4",
       {{0, 0},
        {10000, 15},
        {20000, 20},
        {30000, 30},
        {50000, 40},
        {80000, 53},
        {200000, 60},
        {1000000, 70},
        {2000000, 80},
        {5000000, 90},
        {10000000, 97},
        {30000000, 100}}},
      {"hadoop",
       "Hadoop at Facebook; Roy et al., SIGCOMM 2015, figure 6",
       {{0, 0},           {50, 0.17},       {92, 0.45},
        {164, 0.84},      {228, 1.64},      {264, 3.04},
        {307, 5.35},      {331, 13.69},     {378, 17.41},
        {413, 21.53},     {486, 26.55},     {586, 32.98},
        {631, 45.94},     {727, 53.27},     {839, 58.3},
        {1288, 62.51},    {1640, 66.62},    {3175, 68.12},
        {6354, 70.01},    {12858, 70.9},    {23307, 71.59},
        {40413, 73.99},   {50306, 81.52},   {71543, 83.52},
        {79823, 87.14},   {151110, 91.45},  {264876, 94.85},
        {566337, 96.24},  {1237966, 97.23}, {1965940, 98.43},
        {2955156, 98.72}, {4745772, 98.91}, {10962981, 99.09},
        {96047070, 100}}},
      {"webserver",
       "web servers at Facebook; Roy et al., SIGCOMM 2015, figure 6",
       {{0, 0},          {64, 0.25},      {81, 0.86},      {143, 1.16},
        {151, 8.68},     {163, 9.7},      {221, 10},       {282, 10.2},
        {305, 20.37},    {452, 21.89},    {611, 27.28},    {782, 31.55},
        {1023, 36.22},   {1237, 41.61},   {1323, 45.98},   {1530, 51.98},
        {1871, 56.96},   {2140, 62.75},   {2677, 67.23},   {3582, 71.7},
        {5240, 75.56},   {7330, 78.2},    {11469, 81.24},  {17353, 83.48},
        {25673, 86.22},  {38843, 88.25},  {69509, 90.48},  {101693, 92.2},
        {162713, 93.32}, {238051, 95.45}, {329320, 97.38}, {526926, 98.9},
        {833721, 99.2},  {1304462, 99.4}, {19791390, 100}}},
      {"cache",
       "cache followers at Facebook; Roy et al., SIGCOMM 2015, figure 6",
       {{0, 0},           {51, 0.37},       {71, 0.56},
        {76, 2.88},       {133, 3.16},      {183, 4.51},
        {271, 5.47},      {321, 7.11},      {349, 16.1},
        {436, 17.64},     {484, 24.6},      {561, 27.11},
        {651, 27.59},     {731, 31.16},     {913, 33},
        {1037, 33.57},    {1323, 36.08},    {2421, 39.56},
        {3779, 41.97},    {6155, 43.89},    {11629, 46.69},
        {18938, 49.1},    {31169, 51.7},    {46628, 54.21},
        {73544, 57.49},   {113561, 60.87},  {173480, 64.92},
        {233326, 69.07},  {304021, 72.55},  {431276, 75.44},
        {694981, 77.47},  {1120120, 78.53}, {1640451, 81.13},
        {1984136, 85.57}, {2300215, 89.73}, {2610206, 94.84},
        {2900867, 97.84}, {4386575, 99.48}, {12540802, 99.76},
        {28388498, 100}}},
      {"hadoop-coarse",
       "Hadoop at Facebook as simulated by Li et al., HPCC, SIGCOMM 2019",
       {{0, 0},       {100, 1},        {200, 2},      {300, 5},
        {350, 15},    {400, 20},       {500, 30},     {600, 40},
        {700, 50},    {1000, 60},      {2000, 67},    {7000, 70},
        {30000, 72},  {50000, 82},     {80000, 87},   {120000, 90},
        {300000, 95}, {1000000, 97.5}, {2000000, 99}, {10000000, 100}}},
      {"storage",
       "block storage at Alibaba; Li et al., HPCC, SIGCOMM 2019",
       {{0, 0},
        {4000, 22.93},
        {8000, 69.21},
        {16000, 80.61},
        {32000, 90.47},
        {64000, 93.53},
        {128000, 96.77},
        {256000, 97.53},
        {2000000, 100}}},
  };
  return kTable;
}

}  // namespace airlock
