#include "tests/support/test_files.h"

#include <cstdio>
#include <cstdlib>

namespace tally::test {

fs::path SourcePath(const std::string& relative) {
  return fs::path(TALLY_SOURCE_DIR) / relative;
}

std::optional<fs::path> SharedVector(const std::string& relative) {
  const char* from_environment = std::getenv("TALLY_VECTORS");
  const fs::path root = from_environment != nullptr
                            ? fs::path(from_environment)
                            : SourcePath("../shared/vectors");
  const fs::path path = root / relative;
  if (!fs::exists(path)) return std::nullopt;
  return path;
}

Bytes MustRead(const fs::path& path) {
  Result<Bytes> bytes = ReadFile(path, uint64_t{1} << 30);
  if (!bytes) {
    std::fprintf(stderr, "test: %s\n", bytes.error().ToString().c_str());
    std::abort();
  }
  return std::move(bytes).value();
}

Scratch::Scratch() : directory_(TemporaryDirectory::Create().value()) {}

fs::path Scratch::Write(const std::string& relative,
                        std::string_view text) const {
  return Write(relative, AsBytes(text));
}

fs::path Scratch::Write(const std::string& relative, ByteSpan bytes) const {
  const fs::path file = path() / relative;
  if (!CreateDirectories(file.parent_path()) || !WriteFileAtomic(file, bytes)) {
    std::fprintf(stderr, "test: cannot write %s\n", file.c_str());
    std::abort();
  }
  return file;
}

}  // namespace tally::test
