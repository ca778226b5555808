// Files that an option may name.
#pragma once

#include <optional>

#include "common/file.h"

namespace tally {

// OpenIfGiven maps the file, or returns nothing for an empty path.
Result<std::optional<MappedFile>> OpenIfGiven(const fs::path& path);

// BytesOf returns no bytes for no file.
ByteSpan BytesOf(const std::optional<MappedFile>& file);

}  // namespace tally
