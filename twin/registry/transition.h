#pragma once

#include "twin/registry/history.h"
#include "twin/registry/registry_state.h"

namespace airlock {

// What is in force after `entry` where `state` was before it: the one place
// that says what each action does. Private to twin/registry. Throws InputError
// without a file's name if the entry does not follow: a rollback to something
// else than the previous champion, a promotion while paused, a gap in the
// numbers. Whether a promotion's receipt holds is not looked at.
RegistryState After(RegistryState state, const HistoryEntry& entry);

}  // namespace airlock
