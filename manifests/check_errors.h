// The errors with which the checks of manifests and locks refuse.
#pragma once

#include <string>

#include "common/result.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// ErrorAt is an input error about one place of the manifest.
inline Error ErrorAt(const Manifest& manifest, const Location& where,
                     const std::string& text) {
  return InputError(At(manifest, where) + ": " + text);
}

// StaleLock is an input error about a lock that does not belong to the
// manifest; its hint is to make a new one.
inline Error StaleLock(const Manifest& manifest, const Lock& lock,
                       const std::string& text) {
  return InputError(lock.path.string() + ": " + text)
      .Hint("run tally lock " + manifest.path.string());
}

}  // namespace tally
