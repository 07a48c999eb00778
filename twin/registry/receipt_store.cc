#include "twin/registry/receipt_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "twin/registry/immutable_folder.h"

namespace airlock {
namespace {

constexpr char kSummary[] = "summary.json";
constexpr char kGate[] = "gate.resolved.yaml";

// The file's text if it has this digest.
std::string Checked(const std::string& path, const std::string& sha256) {
  const std::string text = ReadFile(path);
  const std::string now = Sha256(text);
  if (now == sha256) return text;
  throw InputError(
      fmt::format("{}: changed since it was stored: its SHA-256 is {}, not {}",
                  path, now, sha256));
}

}  // namespace

ReceiptStore::ReceiptStore(const std::string& registry_folder)
    : folder_(registry_folder + "/receipts") {}

std::string ReceiptStore::FolderOf(const std::string& digest) const {
  return folder_ + "/" + digest.substr(0, 16);
}

void ReceiptStore::Store(const Receipt& receipt,
                         const std::string& gate_folder) const {
  if (std::filesystem::exists(FolderOf(receipt.digest))) {
    ReceiptText(receipt.digest);
    Summary(receipt);
    GateText(receipt);
    return;
  }
  const auto copy = [&](const char* name, const std::string& folder) {
    const std::string sha256 = receipt.sha256_in_gate_folder(name);
    if (sha256.empty()) return;
    WriteFileAtomically(folder + "/" + name,
                        Checked(gate_folder + "/" + name, sha256));
  };
  MakeImmutableFolder(
      folder_, receipt.digest.substr(0, 16), [&](const std::string& folder) {
        WriteFileAtomically(folder + "/" + kReceiptName, receipt.text);
        copy(kSummary, folder);
        copy(kGate, folder);
      });
}

std::string ReceiptStore::ReceiptText(const std::string& digest) const {
  return Checked(FolderOf(digest) + "/" + kReceiptName, digest);
}

nlohmann::json ReceiptStore::Summary(const Receipt& receipt) const {
  const std::string path = FolderOf(receipt.digest) + "/" + kSummary;
  Checked(path, receipt.summary_sha256());
  return ReadJsonFile(path);
}

std::string ReceiptStore::GateText(const Receipt& receipt) const {
  const std::string sha256 = receipt.sha256_in_gate_folder(kGate);
  if (sha256.empty()) return "";
  return Checked(FolderOf(receipt.digest) + "/" + kGate, sha256);
}

void ReceiptStore::Clean() const { RemoveHalfDoneFolders(folder_); }

}  // namespace airlock
