#include "cli/given_file.h"

#include <utility>

namespace tally {

Result<std::optional<MappedFile>> OpenIfGiven(const fs::path& path) {
  if (path.empty()) return std::optional<MappedFile>();
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(path));
  return std::optional<MappedFile>(std::move(file));
}

ByteSpan BytesOf(const std::optional<MappedFile>& file) {
  return file ? file->bytes() : ByteSpan();
}

}  // namespace tally
