#include "builder/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "builder/store_file.h"
#include "common/check.h"
#include "common/descriptor.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kStorePieceBytes = 1 << 20;
constexpr mode_t kPartialMode = 0600;

std::string SizeAndDigest(uint64_t size_bytes, const Sha256Digest& sha256) {
  return sha256.hex() + " (" + std::to_string(size_bytes) + " bytes)";
}

Status WriteAll(int descriptor, ByteSpan bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Cannot("write", path);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return Ok();
}

// LockShared waits for a lock of the whole store. A file system without locks,
// or a directory that cannot be opened, is no obstacle to a build: then nobody
// may clean up meanwhile.
void LockShared(const Descriptor& directory) {
  while (directory.valid() && flock(directory.get(), LOCK_SH) != 0) {
    if (errno != EINTR) return;
  }
}

// IsNamed says whether `path` is still the file of the descriptor.
bool IsNamed(const fs::path& path, const struct stat& by_descriptor) {
  struct stat by_name = {};
  return lstat(path.c_str(), &by_name) == 0 &&
         by_name.st_ino == by_descriptor.st_ino &&
         by_name.st_dev == by_descriptor.st_dev;
}

// MakeWritable waits for a partial file that has the mode of an entry already:
// somebody is about to rename it, or died before that. Then it gets the mode of
// a partial file again.
bool MakeWritable(const fs::path& path) {
  const Descriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return errno == ENOENT;
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return false;
  }
  struct stat info = {};
  if (fstat(file.get(), &info) != 0) return false;
  return !IsNamed(path, info) || fchmod(file.get(), kPartialMode) == 0;
}

Descriptor OpenPartial(const fs::path& path) {
  return Descriptor(open(
      path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPartialMode));
}

// OpenLocked opens the partial file and waits for its lock. Whoever held the
// lock may have renamed or removed the file meanwhile; then there is a new one.
Result<Descriptor> OpenLocked(const fs::path& path) {
  while (true) {
    Descriptor file = OpenPartial(path);
    for (int i = 0; i < 10 && !file.valid() && errno == EACCES; ++i) {
      const bool again = MakeWritable(path);
      errno = EACCES;
      if (!again) break;
      file = OpenPartial(path);
    }
    if (!file.valid()) return Cannot("create", path);
    while (flock(file.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return Cannot("lock", path);
    }
    struct stat info = {};
    if (fstat(file.get(), &info) != 0) return Cannot("read", path);
    if (IsNamed(path, info)) {
      if (!S_ISREG(info.st_mode)) {
        return IoError(Quote(path.string()) + " is not a regular file");
      }
      return file;
    }
  }
}

}  // namespace

Result<fs::path> DefaultStorePath(
    const std::map<std::string, std::string>& environment) {
  const auto cache = environment.find("XDG_CACHE_HOME");
  if (cache != environment.end() && cache->second.starts_with('/')) {
    return fs::path(cache->second) / "tally/store";
  }
  const auto home = environment.find("HOME");
  if (home != environment.end() && home->second.starts_with('/')) {
    return fs::path(home->second) / ".cache/tally/store";
  }
  return UsageError("neither XDG_CACHE_HOME nor HOME is set")
      .Hint("name the store with --store DIR");
}

struct StoreWriter::State {
  fs::path partial;
  fs::path entry;
  Sha256Digest expected;
  uint64_t expected_bytes = 0;
  SizeRule size_rule = SizeRule::kExact;
  Descriptor file;
  Sha256Hasher hasher;
  uint64_t size_bytes = 0;

  Status Rehash();
  void Drop() { unlink(partial.c_str()); }
};

// Rehash reads what an earlier writer left, in place of trusting it.
Status StoreWriter::State::Rehash() {
  std::array<uint8_t, 65536> piece;
  while (true) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Cannot("read", partial);
    if (got == 0) return Ok();
    hasher.Update(ByteSpan(piece).first(static_cast<size_t>(got)));
    size_bytes += static_cast<uint64_t>(got);
  }
}

StoreWriter::StoreWriter(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
StoreWriter::StoreWriter(StoreWriter&&) noexcept = default;
StoreWriter& StoreWriter::operator=(StoreWriter&&) noexcept = default;

StoreWriter::~StoreWriter() {
  // An empty partial file is of no use to anybody.
  if (state_ && state_->file.valid() && state_->size_bytes == 0) state_->Drop();
}

uint64_t StoreWriter::size_bytes() const { return state_->size_bytes; }

Status StoreWriter::Append(ByteSpan bytes) {
  if (bytes.size() > state_->expected_bytes - state_->size_bytes) {
    return MismatchError("found more than the expected " +
                         std::to_string(state_->expected_bytes) + " bytes");
  }
  Status status = WriteAll(state_->file.get(), bytes, state_->partial);
  if (!status) {
    state_->Drop();
    state_->file.Close();
    return status;
  }
  state_->hasher.Update(bytes);
  state_->size_bytes += bytes.size();
  return Ok();
}

Status StoreWriter::Restart() {
  state_->hasher.Finish();
  state_->size_bytes = 0;
  if (ftruncate(state_->file.get(), 0) != 0 ||
      lseek(state_->file.get(), 0, SEEK_SET) != 0) {
    return Cannot("truncate", state_->partial);
  }
  return Ok();
}

Status StoreWriter::Commit() {
  State& state = *state_;
  const Sha256Digest got = state.hasher.Clone().Finish();
  const uint64_t expected_bytes = state.size_rule == SizeRule::kExact
                                      ? state.expected_bytes
                                      : state.size_bytes;
  if (state.size_bytes != expected_bytes || got != state.expected) {
    const uint64_t size_bytes = state.size_bytes;
    TALLY_TRY(Restart());
    return DigestMismatch("contents",
                          SizeAndDigest(expected_bytes, state.expected),
                          SizeAndDigest(size_bytes, got));
  }
  Status status = Ok();
  if (fchmod(state.file.get(), kEntryMode) != 0 ||
      fsync(state.file.get()) != 0) {
    status = Cannot("sync", state.partial);
  } else {
    status = CreateDirectories(state.entry.parent_path());
    if (status && rename(state.partial.c_str(), state.entry.c_str()) != 0) {
      status = Cannot("rename to", state.entry);
    }
  }
  if (!status) state.Drop();
  // The lock goes last: whoever waits for it must find the entry.
  if (status) status = SyncDirectory(state.entry.parent_path());
  state.file.Close();
  return status;
}

Result<Store> Store::Open(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (error) return ErrnoError("cannot find the store", error.value());
  TALLY_TRY(CreateDirectories(absolute / "sha256"));
  TALLY_TRY(CreateDirectories(absolute / "partial"));
  auto lock = std::make_shared<const Descriptor>(
      open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  LockShared(*lock);
  return Store(absolute, std::move(lock));
}

Status Store::LockAlone() {
  if (flock(lock_->get(), LOCK_EX | LOCK_NB) == 0) return Ok();
  const int error_number = errno;
  // A failed attempt gives up the lock that was held before.
  LockShared(*lock_);
  if (error_number != EWOULDBLOCK) {
    return ErrnoError("cannot lock store " + Quote(path_.string()),
                      error_number);
  }
  return IoError("store " + Quote(path_.string()) +
                 " is in use by another process")
      .Hint("run this again when that one is done");
}

fs::path Store::EntryPath(const Sha256Digest& sha256) const {
  const std::string hex = sha256.hex();
  return path_ / "sha256" / hex.substr(0, 2) / hex;
}

bool Store::Contains(const Sha256Digest& sha256, uint64_t size_bytes) const {
  return SizeOf(sha256) == size_bytes;
}

std::optional<uint64_t> Store::SizeOf(const Sha256Digest& sha256) const {
  struct stat info = {};
  if (lstat(EntryPath(sha256).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(info.st_size);
}

Result<MappedFile> Store::Read(const Sha256Digest& sha256,
                               uint64_t size_bytes) const {
  const fs::path entry = EntryPath(sha256);
  if (access(entry.c_str(), F_OK) != 0 && errno == ENOENT) {
    return IoError("store " + Quote(path_.string()) + " has no " + sha256.hex())
        .Hint("run 'tally fetch' to bring it there");
  }
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(entry));
  const Sha256Digest got = Sha256(file.bytes());
  if (got != sha256 || file.bytes().size() != size_bytes) {
    // A damaged input of ours: says nothing about anybody's release.
    return InputError(DigestMismatch("store entry " + Quote(entry.string()),
                                     SizeAndDigest(size_bytes, sha256),
                                     SizeAndDigest(file.bytes().size(), got))
                          .message())
        .Hint("the store is damaged: 'tally fetch' replaces the entry");
  }
  return file;
}

Status Store::Verify(const Sha256Digest& sha256, uint64_t size_bytes) const {
  TALLY_TRY(Read(sha256, size_bytes));
  return Ok();
}

Result<Sha256Digest> Store::Put(ByteSpan bytes) {
  const Sha256Digest sha256 = Sha256(bytes);
  if (Contains(sha256, bytes.size()) && Verify(sha256, bytes.size())) {
    return sha256;
  }
  TALLY_ASSIGN(StoreWriter writer, Write(sha256, bytes.size()));
  TALLY_TRY(writer.Restart());
  for (size_t at = 0; at < bytes.size(); at += kStorePieceBytes) {
    const size_t size = std::min(kStorePieceBytes, bytes.size() - at);
    TALLY_TRY(writer.Append(bytes.subspan(at, size)));
  }
  TALLY_TRY(writer.Commit());
  return sha256;
}

Result<StoreWriter> Store::Write(const Sha256Digest& sha256,
                                 uint64_t size_bytes, SizeRule rule) {
  auto state = std::make_unique<StoreWriter::State>();
  state->partial = path_ / "partial" / sha256.hex();
  state->entry = EntryPath(sha256);
  state->expected = sha256;
  state->expected_bytes = size_bytes;
  state->size_rule = rule;
  TALLY_ASSIGN(state->file, OpenLocked(state->partial));
  TALLY_TRY(state->Rehash());
  const bool too_large = state->size_bytes > size_bytes;
  StoreWriter writer(std::move(state));
  if (too_large) TALLY_TRY(writer.Restart());
  return writer;
}

}  // namespace tally
