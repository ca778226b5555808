#include "common/staging_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "common/descriptor.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/path_text.h"
#include "common/text.h"

namespace tally {
namespace {

// How much is written before the disk is asked to begin.
constexpr uint64_t kWritebackBytes = 8 << 20;

}  // namespace

struct StagingDirectory::State {
  fs::path destination;
  fs::path path;
  Descriptor lock;
  bool published = false;
};

StagingDirectory::StagingDirectory(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
StagingDirectory::StagingDirectory(StagingDirectory&&) noexcept = default;
StagingDirectory& StagingDirectory::operator=(
    StagingDirectory&& other) noexcept {
  std::swap(state_, other.state_);  // the other one removes what was ours
  return *this;
}

StagingDirectory::~StagingDirectory() {
  if (state_ && !state_->published) RemoveTree(state_->path);
}

const fs::path& StagingDirectory::path() const { return state_->path; }

namespace {

// LockDirectory returns an invalid descriptor if somebody alive holds the lock.
Descriptor LockDirectory(const fs::path& path) {
  Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.valid() && flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    return Descriptor();
  }
  return directory;
}

// RemoveAbandoned deletes staging directories whose owner died: their lock is
// free.
void RemoveAbandoned(const fs::path& parent, const std::string& prefix) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(parent, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().filename().string().starts_with(prefix)) {
      found.push_back(at->path());
    }
  }
  for (const fs::path& path : found) {
    const Descriptor lock = LockDirectory(path);
    if (lock.valid()) RemoveTree(path);
  }
}

Status SyncFile(const fs::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return ErrnoError(CannotDo("open", path), errno);
  if (fsync(file.get()) == 0) return Ok();
  return ErrnoError(CannotDo("sync", path), errno);
}

// SyncTree syncs several files at once: each waits for the disk, and a file
// system's journal takes them together. Names come after what they name.
Status SyncTree(const fs::path& root) {
  constexpr unsigned kThreads = 8;
  std::vector<fs::path> directories = {root};
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end;
       !error && at != end; at.increment(error)) {
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) directories.push_back(at->path());
    if (fs::is_regular_file(status)) files.push_back(at->path());
  }
  if (error) return ErrnoError(CannotDo("read", root), error.value());
  TALLY_TRY(ParallelFor(files.size(), kThreads,
                        [&](size_t i) { return SyncFile(files[i]); }));
  return ParallelFor(directories.size(), kThreads,
                     [&](size_t i) { return SyncDirectory(directories[i]); });
}

}  // namespace

Result<StagingDirectory> StagingDirectory::Create(const fs::path& destination) {
  auto state = std::make_unique<State>();
  // "out/x/" and "out/x" are the same destination.
  std::error_code error;
  state->destination = fs::absolute(destination, error).lexically_normal();
  if (error) {
    return ErrnoError(CannotDo("find directory", destination), error.value());
  }
  if (!state->destination.has_filename()) {
    state->destination = state->destination.parent_path();
  }
  const fs::path parent = state->destination.parent_path();
  TALLY_TRY(CreateDirectories(parent));
  const std::string prefix =
      "." + state->destination.filename().string() + ".staging-";
  RemoveAbandoned(parent, prefix);
  // Until it is locked, another process may take the new directory for an
  // abandoned one and remove it: then try again under another name.
  int error_number = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    state->path = parent / (prefix + RandomSuffix());
    if (mkdir(state->path.c_str(), 0700) != 0) {
      return ErrnoError(CannotDo("create directory", state->path), errno);
    }
    // mkdir() is subject to the umask: nobody could open the directory.
    (void)chmod(state->path.c_str(), 0700);
    state->lock = LockDirectory(state->path);
    // chmod() fails if the directory is gone, and unlike mkdir() ignores the
    // umask.
    if (state->lock.valid() && chmod(state->path.c_str(), 0755) == 0) {
      return StagingDirectory(std::move(state));
    }
    error_number = errno;
    RemoveTree(state->path);
  }
  return ErrnoError(CannotDo("lock", state->path), error_number);
}

Status StagingDirectory::Publish(Existing existing) {
  const fs::path parent = state_->destination.parent_path();
  TALLY_TRY(SyncTree(state_->path));

  const char* from = state_->path.c_str();
  const char* to = state_->destination.c_str();
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
    state_->published = true;
    return SyncDirectory(parent);
  }
  if (errno != EEXIST || existing == Existing::kRefuse) {
    return ErrnoError(CannotDo("rename to", state_->destination), errno);
  }
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0) {
    return ErrnoError(CannotDo("replace", state_->destination), errno);
  }
  // The staging name now holds what was there before; the destructor removes
  // it.
  return SyncDirectory(parent);
}

struct StagedFile::State {
  fs::path path;
  Descriptor descriptor;
  uint64_t size_bytes = 0;
  uint64_t begun_bytes = 0;  // what the disk was asked to write

  void BeginWriteback();
};

void StagedFile::State::BeginWriteback() {
  const uint64_t waiting_bytes = size_bytes - begun_bytes;
  if (waiting_bytes < kWritebackBytes) return;
  // A hint: where it fails, the sync does all the work.
  (void)sync_file_range(descriptor.get(), static_cast<off_t>(begun_bytes),
                        static_cast<off_t>(waiting_bytes),
                        SYNC_FILE_RANGE_WRITE);
  begun_bytes = size_bytes;
}

StagedFile::StagedFile(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
StagedFile::StagedFile(StagedFile&&) noexcept = default;
StagedFile& StagedFile::operator=(StagedFile&&) noexcept = default;
StagedFile::~StagedFile() = default;

Result<StagedFile> StagedFile::Create(const fs::path& path, unsigned mode) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->descriptor = Descriptor(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  // Not open()'s mode argument: the umask would change that one.
  if (!state->descriptor.valid() ||
      fchmod(state->descriptor.get(), mode) != 0) {
    return ErrnoError(CannotDo("create", path), errno);
  }
  return StagedFile(std::move(state));
}

Status StagedFile::Append(ByteSpan bytes) {
  while (!bytes.empty()) {
    TALLY_TRY(CheckInterrupted());
    const ssize_t put =
        write(state_->descriptor.get(), bytes.data(),
              std::min<uint64_t>(bytes.size(), kWritebackBytes));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoError(CannotDo("write", state_->path), errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
    state_->size_bytes += static_cast<uint64_t>(put);
    state_->BeginWriteback();
  }
  return Ok();
}

Status StagedFile::Close() {
  if (state_->descriptor.Close()) return Ok();
  return ErrnoError(CannotDo("close", state_->path), errno);
}

}  // namespace tally
