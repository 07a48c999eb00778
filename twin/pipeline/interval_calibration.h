#pragma once

#include "twin/forecast/model.h"
#include "twin/pipeline/candidate.h"
#include "twin/pipeline/pipeline_file.h"
#include "twin/pipeline/tuning.h"

namespace airlock {

// Stage 5: the model with the file's prediction intervals, none of which has
// seen a sample beyond those of the bench. `chosen` is what the model was made
// of from the same rows.
//   split     the errors that validation made, for ever (Vovk, Gammerman and
//             Shafer 2005): a shift is not followed
//   adaptive  the same, followed by every label that arrives
//   quantile  trees for both ends of each level, trained on the features of the
//             model and calibrated on what such trees missed in validation,
//             then followed by every label that arrives
// Quantile trees get fewer rounds where the model would not fit into
// tuning.maximum_bytes or the trees into tuning.maximum_microseconds (which a
// prediction without intervals does not take). Throws InputError if validation
// predicted too few rows for the highest level, or no trees fit; Error when
// interrupted.
ForecastModel WithCalibratedIntervals(const PipelineFile& file,
                                      const ValidationBench& bench,
                                      const TriedCandidate& chosen,
                                      const ForecastModel& model);

}  // namespace airlock
