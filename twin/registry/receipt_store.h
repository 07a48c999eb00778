#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "twin/registry/receipt.h"

namespace airlock {

// The folder `receipts` of a registry: one immutable folder a receipt, named
// after the first 16 digits of its digest, with the receipt, the summary.json
// that it seals and the gate.resolved.yaml, where it binds one. Store and Clean
// need the registry's lock.
class ReceiptStore {
 public:
  explicit ReceiptStore(const std::string& registry_folder);

  // Stores a receipt with those files of the gate's folder in one step; only
  // checks them if it is there. Throws InputError if they are not what the
  // receipt binds, else Error; then nothing is left.
  void Store(const Receipt& receipt, const std::string& gate_folder) const;

  // The text of the receipt with this digest. Throws InputError if it is
  // missing or changed.
  std::string ReceiptText(const std::string& digest) const;
  // The verdict that `receipt` seals. Throws likewise.
  nlohmann::json Summary(const Receipt& receipt) const;
  // The gate file as it was resolved; empty if the receipt binds none.
  std::string GateText(const Receipt& receipt) const;
  std::string FolderOf(const std::string& digest) const;

  // Removes what killed programs left half-done.
  void Clean() const;

 private:
  std::string folder_;
};

}  // namespace airlock
