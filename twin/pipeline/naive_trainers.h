#pragma once

#include "twin/pipeline/trainer.h"

namespace airlock {

// The training target's mean; with median=1 its median.
TrainerEntry ConstantTrainer();

// Nothing to learn.
TrainerEntry PersistenceTrainer();

}  // namespace airlock
