#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/base/signature.h"

// Which key signs when nobody says: the user's own.
namespace airlock {

// What $AIRLOCK_SIGNING_KEY names, else airlock/signing.key in
// $XDG_CONFIG_HOME, else in ~/.config.
std::string UserKeyPath();

// The key in the file `given`, or where that is empty the user's own, which is
// made on first use (not where $AIRLOCK_SIGNING_KEY names it: then it must be
// there); `tell` is called with a line about that. Throws InputError or Error.
SigningKey KeyToSignWith(const std::string& given,
                         const std::function<void(const std::string&)>& tell);

// The public half of the user's own key; nothing if there is none yet.
std::optional<PublicKey> UserPublicKey();

}  // namespace airlock
