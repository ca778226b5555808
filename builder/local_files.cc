#include "builder/local_files.h"

#include "common/text.h"

namespace tally {

Result<std::map<std::string, Content>> ReadLocalFiles(const Lock& lock,
                                                      const fs::path& root) {
  std::map<std::string, Content> files;
  for (const LockedFile& file : lock.files) {
    const fs::path path = root / file.path;
    // Only the path is followed, never a link: the lock names bytes, and what a
    // link points to is the host's business.
    for (fs::path at = path; at != root && !at.empty(); at = at.parent_path()) {
      if (fs::is_symlink(at)) {
        return InputError(Quote(at.string()) +
                          " is a symbolic link, expected a file or directory");
      }
    }
    TALLY_ASSIGN(Bytes bytes, ReadFile(path, uint64_t{1} << 32));
    Content content = MakeContent(std::move(bytes));
    if (content.sha256 != file.sha256) {
      return Error(ErrorCode::kInput,
                   DigestMismatch(Quote(path.string()) +
                                      " is not the file that the lock names",
                                  file.sha256.hex(), content.sha256.hex())
                       .message())
          .Hint("if the change is meant, run tally lock again");
    }
    files[file.path] = std::move(content);
  }
  return files;
}

}  // namespace tally
