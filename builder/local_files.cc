#include "builder/local_files.h"

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxLocalFileBytes = uint64_t{1} << 32;

}  // namespace

Result<fs::path> LocalPath(const fs::path& root, const std::string& path) {
  fs::path at = root;
  std::error_code error;
  for (const std::string& component : Split(path, '/')) {
    at /= component;
    if (fs::is_symlink(fs::symlink_status(at, error))) {
      return InputError(Quote(at.string()) +
                        " is a symbolic link, expected a file or directory");
    }
  }
  return at;
}

Result<Bytes> ReadLocalFile(const fs::path& root, const std::string& path) {
  TALLY_ASSIGN(const fs::path at, LocalPath(root, path));
  return ReadFile(at, kMaxLocalFileBytes);
}

Result<FileDigest> DigestLocalFile(const fs::path& root,
                                   const std::string& path) {
  TALLY_ASSIGN(const fs::path at, LocalPath(root, path));
  return DigestFile(at);
}

namespace {

Result<Content> OpenLocalFile(const fs::path& root, const LockedFile& file,
                              MappedFiles* mapped) {
  constexpr uint64_t kMaxReadBytes = 1 << 20;
  if (mapped != nullptr && file.size_bytes > kMaxReadBytes) {
    TALLY_ASSIGN(const fs::path at, LocalPath(root, file.path));
    return mapped->Map(at);
  }
  TALLY_ASSIGN(Bytes bytes, ReadLocalFile(root, file.path));
  return MakeContent(std::move(bytes));
}

}  // namespace

Result<std::map<std::string, Content>> ReadLocalFiles(const Lock& lock,
                                                      const fs::path& root,
                                                      MappedFiles* mapped) {
  std::map<std::string, Content> files;
  for (const LockedFile& file : lock.files) {
    TALLY_ASSIGN(Content content, OpenLocalFile(root, file, mapped));
    if (content.sha256 != file.sha256 ||
        content.size_bytes() != file.size_bytes) {
      return InputError(Quote((root / file.path).string()) +
                        " is not the file that the lock names\n  expected " +
                        file.sha256.hex() + "\n       got " +
                        content.sha256.hex())
          .Hint("if the change is meant, run tally lock again");
    }
    files[file.path] = std::move(content);
  }
  return files;
}

}  // namespace tally
