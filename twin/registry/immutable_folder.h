#pragma once

#include <functional>
#include <string>

// Folders that come into being whole and never change. Private to
// twin/registry; needs the registry's lock.
namespace airlock {

// Makes PARENT/NAME: `fill` writes into a hidden folder beside it, which is
// synced and renamed into place in one step. Throws Error, and what `fill`
// throws; then nothing is left.
void MakeImmutableFolder(const std::string& parent, const std::string& name,
                         const std::function<void(const std::string&)>& fill);

// Removes what killed programs left half-done in `parent`.
void RemoveHalfDoneFolders(const std::string& parent);

}  // namespace airlock
