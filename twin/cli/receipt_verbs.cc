#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/registry/receipt.h"
#include "twin/registry/registry_state.h"
#include "twin/registry/signing.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

struct VerifyOptions {
  std::string path;
  std::string registry;
  std::vector<std::string> keys;
  std::string root;
  bool promote = false;
  bool json = false;
};

// Whose receipts count, for what the command line says.
std::vector<PublicKey> KeysOf(const VerifyOptions& options) {
  std::vector<PublicKey> keys;
  for (const std::string& path : options.keys) {
    keys.push_back(PublicKey::Read(path));
  }
  if (!options.registry.empty()) {
    for (const PublicKey& key : ReadRegistryState(options.registry).trusted) {
      keys.push_back(key);
    }
  }
  if (!options.keys.empty() || !options.registry.empty()) return keys;
  const std::optional<PublicKey> own = UserPublicKey();
  if (own) return {*own};
  throw InputError(
      "nobody's receipts count: name a --key or a --registry; you have no "
      "signing key of your own");
}

// The folder of a receipt, which is named itself or by its folder.
std::string FolderOf(const std::string& path) {
  if (fs::is_directory(path)) return path;
  const fs::path file(path);
  if (!fs::exists(file)) {
    throw InputError(fmt::format("{}: there is no such file or folder", path));
  }
  if (file.filename() != kReceiptName) {
    throw InputError(
        fmt::format("{}: a receipt is named {}", path, kReceiptName));
  }
  const std::string parent = file.parent_path().string();
  return parent.empty() ? "." : parent;
}

const char* VerdictOf(const Receipt& receipt) {
  if (receipt.result == "PASSED") return "promote";
  return receipt.result == "FAILED" ? "reject" : "inconclusive";
}

void PrintReceipt(const Receipt& receipt, const VerifyOptions& options) {
  if (options.json) {
    fmt::print(
        "{}\n",
        nlohmann::json{{"valid", true},
                       {"verdict", VerdictOf(receipt)},
                       {"result", receipt.result},
                       {"key_id", receipt.key_id},
                       {"receipt_digest", receipt.digest},
                       {"model_digest", receipt.model_digest()},
                       {"files", receipt.subject.size() + receipt.bound.size()},
                       {"airlock_version", receipt.airlock_version},
                       {"airlock_commit", receipt.airlock_commit},
                       {"statement", receipt.statement}}
            .dump(2));
    return;
  }
  fmt::print("the receipt holds: {} ({})\n", receipt.result,
             VerdictOf(receipt));
  fmt::print("  signed with key  {}\n", receipt.key_id);
  fmt::print("  receipt          {}\n", receipt.digest);
  fmt::print("  model            {}\n", receipt.model_digest());
  fmt::print("  twin             airlock {} ({})\n", receipt.airlock_version,
             receipt.airlock_commit);
  for (const ModelFile& file : receipt.subject) {
    fmt::print("  {:.12}     candidate: {}\n", file.sha256, file.path);
  }
  for (const BoundFile& file : receipt.bound) {
    fmt::print("  {:.12}     {}: {}\n", file.sha256, file.role, file.path);
  }
}

ExitCode Verify(const VerifyOptions& options) {
  const Receipt receipt =
      VerifyReceipt(FolderOf(options.path), KeysOf(options), options.root);
  PrintReceipt(receipt, options);
  if (!options.promote || receipt.result == "PASSED") return ExitCode::kDone;
  return receipt.result == "FAILED" ? ExitCode::kNo : ExitCode::kInconclusive;
}

void AddVerify(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "verify",
      "check a gate's receipt offline: envelope, signature, statement, and "
      "the digest of every file that it binds; exit code 1 if it does not hold",
      "airlock verify out/quickstart --registry out/registry",
      [options] { return Verify(*options); });
  verb->add_option("DIR", options->path,
                   "folder of airlock gate, or the receipt in it")
      ->required();
  verb->add_option("--registry", options->registry,
                   "the keys that this registry trusts count");
  verb->add_option("--key", options->keys,
                   "this public key counts; your own if neither is given")
      ->allow_extra_args(false);
  verb->add_option("--root", options->root,
                   "folder in which the gate ran, if not the current one");
  verb->add_flag("--promote", options->promote,
                 "also ask for the verdict: exit code 1 reject, 4 "
                 "inconclusive");
  verb->add_flag("--json", options->json, "print the receipt as JSON");
}

struct KeyOptions {
  std::string path;
};

void AddKey(CLI::App* app, CommandLine* line) {
  CLI::App* const key =
      app->add_subcommand("key", "the keys that sign and check receipts");
  key->require_subcommand(1);

  auto made = std::make_shared<KeyOptions>();
  CLI::App* verb = AddVerb(
      key, line, "new", "make a key, its public half beside it",
      "airlock key new -o ci.key", [made] {
        const SigningKey fresh = SigningKey::Generate();
        fresh.WriteNew(made->path);
        fmt::print("{}.pub: id {}\n", made->path, fresh.public_key().id());
        return ExitCode::kDone;
      });
  verb->add_option("-o,--out", made->path, "file to write; never overwritten")
      ->required();

  auto shown = std::make_shared<KeyOptions>();
  verb = AddVerb(key, line, "show",
                 "print the public half of a key, or of your own, and its id",
                 "airlock key show ci.key.pub", [shown] {
                   const PublicKey shown_key = [&] {
                     if (!shown->path.empty()) {
                       return PublicKey::Read(shown->path);
                     }
                     const std::optional<PublicKey> own = UserPublicKey();
                     if (own) return *own;
                     throw InputError(fmt::format(
                         "{}: you have no signing key yet; airlock gate makes "
                         "it, or airlock key new",
                         UserKeyPath()));
                   }();
                   fmt::print("{}id {}\n", shown_key.pem(), shown_key.id());
                   return ExitCode::kDone;
                 });
  verb->add_option("KEY", shown->path, "public key");
}

}  // namespace

void AddReceiptVerbs(CLI::App* app, CommandLine* line) {
  AddVerify(app, line);
  AddKey(app, line);
}

}  // namespace airlock
