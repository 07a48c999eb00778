// What a live node does with a model: loads the file, predicts one sample, and
// says which libraries it had to load for that.
//
//   forecast_node MODEL LAST_TARGET FEATURE...
//
// Prints the prediction in hexadecimal, then a line for each loaded library.

#include <link.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "twin/forecast/model.h"

int main(int argc, char** argv) {
  try {
    const airlock::ForecastModel model = airlock::ForecastModel::Load(argv[1]);
    std::vector<double> raw;
    for (int i = 3; i < argc; ++i) raw.push_back(std::atof(argv[i]));
    if (raw.size() != model.features().size()) {
      std::fprintf(stderr, "%zu features instead of %zu\n", raw.size(),
                   model.features().size());
      return 2;
    }
    std::printf("%a\n",
                model.PredictSample(raw.data(), std::atof(argv[2]), nullptr));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  dl_iterate_phdr(
      [](dl_phdr_info* library, size_t, void*) {
        std::printf("%s\n", library->dlpi_name);
        return 0;
      },
      nullptr);
}
