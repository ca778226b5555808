// What an error says of a file that could not be used.
#pragma once

#include <filesystem>
#include <string>

#include "common/text.h"

namespace tally {

// CannotDo returns "cannot open 'path'", for ErrnoError.
inline std::string CannotDo(const char* verb,
                            const std::filesystem::path& path) {
  return std::string("cannot ") + verb + " " + Quote(path.string());
}

}  // namespace tally
