// What the writers of the store's files share: entries, and cached trees.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <string>

#include "common/file.h"
#include "common/text.h"

namespace tally {

// A file that is complete is never written again.
inline constexpr mode_t kEntryMode = 0444;

// Cannot returns the IoError of a system call that failed just now, with errno:
// "cannot VERB 'PATH': …".
inline Error Cannot(const char* verb, const fs::path& path) {
  return ErrnoError(std::string("cannot ") + verb + " " + Quote(path.string()),
                    errno);
}

}  // namespace tally
