#include "cli/check_places.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "builder/sources/directory.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {
namespace {

Status CopyFile(const fs::path& from, const fs::path& to) {
  TALLY_ASSIGN(const MappedFile bytes, MappedFile::Open(from));
  TALLY_TRY(CreateDirectories(to.parent_path()));
  TALLY_ASSIGN(FileSink sink, FileSink::Create(to));
  TALLY_TRY(sink.Append(bytes.bytes()));
  TALLY_TRY(sink.Close());
  return Ok();
}

Status CopyDirectory(const fs::path& from, const fs::path& to) {
  TALLY_TRY(CreateDirectories(to.parent_path()));
  std::error_code error;
  fs::copy(from, to,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks,
           error);
  if (!error) return Ok();
  return ErrnoError("cannot copy " + Quote(from.string()), error.value());
}

}  // namespace

Result<fs::path> CopyProject(const Inputs& inputs, const fs::path& to) {
  const fs::path from = inputs.manifest.path.parent_path();
  TALLY_TRY(CreateDirectories(to));
  for (const LockedDirectory& directory : inputs.lock.directories) {
    TALLY_TRY(CopyDirectory(from / directory.path, to / directory.path));
    // Where the files of a release are the project, the listing has their
    // links.
    const std::string listing = directory.path + kListingSuffix;
    if (IsAbsent(from / listing)) continue;
    TALLY_TRY(CopyFile(from / listing, to / listing));
  }
  for (auto file = inputs.lock.files.rbegin(); file != inputs.lock.files.rend();
       ++file) {
    if (!IsAbsent(to / file->path)) continue;
    TALLY_TRY(CopyFile(from / file->path, to / file->path));
  }
  const fs::path manifest = to / kManifestFile;
  for (const auto& [source, destination] :
       {std::pair(LockPathFor(inputs.manifest.path), LockPathFor(manifest)),
        std::pair(inputs.manifest.path, manifest)}) {
    if (IsAbsent(destination)) TALLY_TRY(CopyFile(source, destination));
  }
  return manifest;
}

Result<fs::path> OtherStore(const Store& store, const fs::path& path) {
  TALLY_TRY(CreateDirectories(path));
  std::error_code error;
  fs::create_directory_symlink(store.path() / "sha256", path / "sha256", error);
  if (error) {
    return ErrnoError("cannot link " + Quote((path / "sha256").string()),
                      error.value());
  }
  return path;
}

Status GiveTo(const fs::path& path, uint32_t uid) {
  std::error_code error;
  std::vector<fs::path> paths = {path};
  for (fs::recursive_directory_iterator at(path, error), end;
       !error && at != end; at.increment(error)) {
    paths.push_back(at->path());
  }
  for (const fs::path& each : paths) {
    if (lchown(each.c_str(), uid, uid) != 0) {
      return ErrnoError("cannot give away " + Quote(each.string()), errno);
    }
  }
  return Ok();
}

bool IsOpenTo(const fs::path& path, uint32_t uid) {
  struct stat info = {};
  for (fs::path at = path; !at.empty(); at = at.parent_path()) {
    if (stat(at.c_str(), &info) != 0) return false;
    const bool owns = info.st_uid == uid;
    const mode_t needed = at == path || !S_ISDIR(info.st_mode) ? 04 : 0;
    const mode_t bits = needed | (S_ISDIR(info.st_mode) ? 01 : 0);
    const mode_t mode = owns ? info.st_mode >> 6 : info.st_mode;
    if ((mode & bits) != bits) return false;
    if (at == at.root_path()) break;
  }
  return true;
}

}  // namespace tally
