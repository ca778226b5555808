// The root file system of an image: packages, what the manifest adds, and what
// generators make in place of maintainer scripts.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/assemble.h"

namespace tally {

struct RootInputs {
  const Manifest& manifest;
  const Lock& lock;
  const Unpacked& unpacked;
  const Sources& sources;
  unsigned num_threads = 1;
};

// ActionsOf returns the native actions of all packages of the root, in lock
// order. A lock of format epoch 1 has none.
Result<std::vector<Action>> ActionsOf(const Lock& lock);

// PlaceRootFiles returns packages, the manifest's entries and the merged-/usr
// links: the root before any generator.
Result<Tree> PlaceRootFiles(const RootInputs& inputs);

// PinAccounts returns the ids that a lock must pin, keeping those of
// `previous`. The lock's own accounts are not looked at.
Result<LockedAccounts> PinAccounts(const RootInputs& inputs,
                                   const LockedAccounts& previous);

// AssembleRoot returns the finished root file system.
Result<Tree> AssembleRoot(const RootInputs& inputs);

}  // namespace tally
