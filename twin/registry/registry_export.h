#pragma once

#include <string>

#include "twin/registry/registry_record.h"

// A registry in the forms of others.
namespace airlock {

// Writes FOLDER/mlruns, MLflow's file store (MLflow 2 and 3): one experiment
// with a run a receipt (parameters, metrics, tags; the model, the verdict and
// the receipt as artifacts), and one registered model, named after the
// registry, with a version a model and the aliases champion, previous and
// candidate. `location` is where FOLDER will be: MLflow's files hold absolute
// URIs. Throws InputError if MLflow would not take the registry's name.
void ExportToMlflow(const RegistryRecord& record, const std::string& folder,
                    const std::string& location);

// Writes FOLDER/model-registration-N.json for each version: the body of a POST
// to /ai-ml-model-registration/v1/model-registrations of the O-RAN Software
// Community's model management service (O-RAN.WG2.R1AP, AI/ML model
// registration). What the record does not say is said to be unknown.
void ExportToOran(const RegistryRecord& record, const std::string& folder);

// A model card (Mitchell et al., "Model Cards for Model Reporting", FAT* 2019)
// in Markdown, with the sections of its figure 1. What the record does not say
// is said to be missing. Text from files is escaped.
std::string ModelCard(const RegistryRecord& record,
                      const VersionRecord& version);

}  // namespace airlock
