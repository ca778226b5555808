#include "cli/given_file.h"

#include <utility>

#include "common/text.h"

namespace tally {

Result<std::optional<MappedFile>> OpenIfGiven(const fs::path& path) {
  if (path.empty()) return std::optional<MappedFile>();
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(path));
  if (file.bytes().empty()) {
    return InputError(Quote(path.string()) + " is empty");
  }
  return std::optional<MappedFile>(std::move(file));
}

ByteSpan BytesOf(const std::optional<MappedFile>& file) {
  return file ? file->bytes() : ByteSpan();
}

}  // namespace tally
