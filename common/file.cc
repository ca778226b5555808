#include "common/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "common/check.h"
#include "common/descriptor.h"
#include "common/hash.h"
#include "common/interrupt.h"
#include "common/path_text.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

Result<Descriptor> OpenForReading(const fs::path& path, int flags) {
  Descriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (descriptor.valid()) return descriptor;
  const int error_number = errno;
  Error error = ErrnoError(CannotDo("open", path), error_number);
  // A file that is not there is somebody's mistake, not the system's.
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return InputError(error.message());
  }
  return error;
}

// OpenRegular opens for reading and says how large the file is.
struct OpenFile {
  Descriptor descriptor;
  uint64_t size_bytes = 0;
};
Result<OpenFile> OpenRegular(const fs::path& path) {
  // O_NONBLOCK: opening a named pipe must fail below, not hang here.
  OpenFile file;
  TALLY_ASSIGN(file.descriptor, OpenForReading(path, O_NONBLOCK));
  struct stat info = {};
  if (fstat(file.descriptor.get(), &info) != 0) {
    return ErrnoError(CannotDo("read", path), errno);
  }
  if (!S_ISREG(info.st_mode)) {
    return InputError(Quote(path.string()) + " is not a regular file");
  }
  file.size_bytes = static_cast<uint64_t>(info.st_size);
  return file;
}

// ReadSome fills as much of `buffer` as the file has left.
Result<size_t> ReadSome(int descriptor, std::span<uint8_t> buffer,
                        const fs::path& path) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got =
        read(descriptor, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(CannotDo("read", path), errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

Status WriteAll(int descriptor, ByteSpan bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoError(CannotDo("write", path), errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return Ok();
}

fs::path ParentOf(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

Status SyncDirectory(const fs::path& path) {
  const Descriptor directory(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return ErrnoError(CannotDo("open", path), errno);
  if (fsync(directory.get()) != 0)
    return ErrnoError(CannotDo("sync", path), errno);
  return Ok();
}

std::string RandomSuffix() {
  std::array<uint8_t, 8> bytes = {};
  TALLY_CHECK(getrandom(bytes.data(), bytes.size(), 0) ==
              static_cast<ssize_t>(bytes.size()));
  return Hex(bytes);
}

void RemoveTree(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

namespace {

Error TooLarge(const fs::path& path, const std::string& found,
               uint64_t max_size_bytes) {
  return InputError(Quote(path.string()) + " has " + found +
                    " bytes, expected at most " +
                    std::to_string(max_size_bytes));
}

// ReadToEnd is for files of the kernel (/proc, /sys, securityfs), which say
// that their size is zero, or a page.
Result<Bytes> ReadToEnd(const Descriptor& file, const fs::path& path,
                        uint64_t max_size_bytes) {
  Bytes bytes;
  Bytes piece(kPieceBytes);
  while (true) {
    TALLY_ASSIGN(const size_t got, ReadSome(file.get(), piece, path));
    bytes.insert(bytes.end(), piece.begin(),
                 piece.begin() + static_cast<std::ptrdiff_t>(got));
    if (bytes.size() > max_size_bytes) {
      return TooLarge(path, "more", max_size_bytes);
    }
    if (got < piece.size()) return bytes;
  }
}

}  // namespace

Result<Bytes> ReadFile(const fs::path& path, uint64_t max_size_bytes) {
  TALLY_ASSIGN(const OpenFile file, OpenRegular(path));
  if (file.size_bytes > max_size_bytes) {
    return TooLarge(path, std::to_string(file.size_bytes), max_size_bytes);
  }
  if (file.size_bytes == 0) {
    return ReadToEnd(file.descriptor, path, max_size_bytes);
  }
  Bytes bytes(file.size_bytes);
  TALLY_ASSIGN(const size_t got, ReadSome(file.descriptor.get(), bytes, path));
  bytes.resize(got);
  return bytes;
}

Result<std::string> ReadTextFile(const fs::path& path,
                                 uint64_t max_size_bytes) {
  TALLY_ASSIGN(const Bytes bytes, ReadFile(path, max_size_bytes));
  return std::string(AsText(bytes));
}

Status WriteFileAtomic(const fs::path& path, ByteSpan bytes, unsigned mode) {
  const fs::path temporary = ParentOf(path) / ("." + path.filename().string() +
                                               ".tmp-" + RandomSuffix());
  TALLY_ASSIGN(FileSink sink, FileSink::Create(temporary, mode));
  Status status = sink.Append(bytes);
  if (status) {
    Result<FileDigest> closed = sink.Close();
    if (!closed) status = std::move(closed).error();
  }
  if (status && rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoError(CannotDo("rename to", path), errno);
  }
  if (!status) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(ParentOf(path));
}

namespace {

Result<FileDigest> DigestOpen(const Descriptor& file, const fs::path& path) {
  Sha256Hasher hasher;
  FileDigest digest;
  Bytes piece(kPieceBytes);
  while (true) {
    TALLY_TRY(CheckInterrupted());
    TALLY_ASSIGN(const size_t got, ReadSome(file.get(), piece, path));
    hasher.Update(ByteSpan(piece).first(got));
    digest.size_bytes += got;
    if (got < piece.size()) break;
  }
  digest.sha256 = hasher.Finish();
  return digest;
}

}  // namespace

Result<FileDigest> DigestFile(const fs::path& path) {
  TALLY_ASSIGN(const OpenFile file, OpenRegular(path));
  return DigestOpen(file.descriptor, path);
}

Result<FileDigest> DigestStream(const fs::path& path) {
  TALLY_ASSIGN(const Descriptor file, OpenForReading(path, 0));
  return DigestOpen(file, path);
}

Result<MappedFile> MappedFile::Open(const fs::path& path) {
  TALLY_ASSIGN(const OpenFile file, OpenRegular(path));
  if (file.size_bytes == 0) return Copy(file.descriptor, path);
  void* data = mmap(nullptr, file.size_bytes, PROT_READ, MAP_PRIVATE,
                    file.descriptor.get(), 0);
  // Files of the kernel are none that can be mapped.
  if (data == MAP_FAILED && errno == ENODEV) {
    return Copy(file.descriptor, path);
  }
  if (data == MAP_FAILED) return ErrnoError(CannotDo("map", path), errno);
  MappedFile mapped;
  mapped.size_bytes_ = file.size_bytes;
  mapped.data_ = static_cast<const uint8_t*>(data);
  return mapped;
}

Result<MappedFile> MappedFile::Copy(const Descriptor& file,
                                    const fs::path& path) {
  constexpr uint64_t kMaxBytes = 256 << 20;
  TALLY_ASSIGN(const Bytes bytes, ReadToEnd(file, path, kMaxBytes));
  MappedFile mapped;
  if (bytes.empty()) return mapped;
  void* data = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return ErrnoError(CannotDo("map", path), errno);
  mapped.data_ = static_cast<const uint8_t*>(data);
  mapped.size_bytes_ = bytes.size();
  std::ranges::copy(bytes, static_cast<uint8_t*>(data));
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_bytes_);
}

namespace {

// Advise applies to the whole pages inside of `mapped`.
void Advise(ByteSpan mapped, int advice) {
  static const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t skip_bytes =
      AlignUp(reinterpret_cast<uintptr_t>(mapped.data()), page_bytes) -
      reinterpret_cast<uintptr_t>(mapped.data());
  if (mapped.size() < skip_bytes + page_bytes) return;
  const size_t size_bytes =
      (mapped.size() - skip_bytes) / page_bytes * page_bytes;
  (void)madvise(const_cast<uint8_t*>(mapped.data()) + skip_bytes, size_bytes,
                advice);
}

}  // namespace

void WillRead(ByteSpan mapped) { Advise(mapped, MADV_POPULATE_READ); }
void DoneReading(ByteSpan mapped) { Advise(mapped, MADV_DONTNEED); }

struct FileSink::State {
  fs::path path;
  Descriptor descriptor;
  Sha256Hasher hasher;
  uint64_t size_bytes = 0;
};

FileSink::FileSink(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileSink::FileSink(FileSink&&) noexcept = default;
FileSink& FileSink::operator=(FileSink&&) noexcept = default;
FileSink::~FileSink() = default;

Result<FileSink> FileSink::Create(const fs::path& path, unsigned mode) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->descriptor = Descriptor(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!state->descriptor.valid()) {
    return ErrnoError(CannotDo("create", path), errno);
  }
  // Not open()'s mode argument: the umask would change that one.
  if (fchmod(state->descriptor.get(), mode) != 0) {
    const int error_number = errno;
    unlink(path.c_str());
    return ErrnoError(CannotDo("create", path), error_number);
  }
  return FileSink(std::move(state));
}

Status FileSink::Append(ByteSpan bytes) {
  TALLY_TRY(CheckInterrupted());
  state_->hasher.Update(bytes);
  state_->size_bytes += bytes.size();
  return WriteAll(state_->descriptor.get(), bytes, state_->path);
}

Result<FileDigest> FileSink::Close() {
  if (fsync(state_->descriptor.get()) != 0) {
    return ErrnoError(CannotDo("sync", state_->path), errno);
  }
  if (!state_->descriptor.Close()) {
    return ErrnoError(CannotDo("close", state_->path), errno);
  }
  return FileDigest{.size_bytes = state_->size_bytes,
                    .sha256 = state_->hasher.Finish()};
}

Result<TemporaryDirectory> TemporaryDirectory::Create() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern =
      (fs::path(base != nullptr && *base != '\0' ? base : "/tmp") /
       "tally-XXXXXX")
          .string();
  // mkdtemp() is subject to the umask, chmod() is not.
  if (mkdtemp(pattern.data()) == nullptr || chmod(pattern.c_str(), 0700) != 0) {
    return ErrnoError(CannotDo("create directory", pattern), errno);
  }
  return TemporaryDirectory(fs::path(pattern));
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory& TemporaryDirectory::operator=(
    TemporaryDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!path_.empty()) RemoveTree(path_);
}

bool IsAbsent(const fs::path& path) {
  std::error_code error;
  return !fs::exists(path, error) && !error;
}

bool IsDirectory(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

Status CreateDirectories(const fs::path& path) {
  // With an error code: the other form throws where a parent is not readable.
  std::error_code ignored;
  if (path.empty() || fs::is_directory(path, ignored)) return Ok();
  TALLY_TRY(CreateDirectories(path.parent_path()));
  if (mkdir(path.c_str(), 0755) == 0) {
    // mkdir() is subject to the umask, chmod() is not.
    if (chmod(path.c_str(), 0755) == 0) return Ok();
    return ErrnoError(CannotDo("set the mode of", path), errno);
  }
  // Another process may have made it meanwhile.
  const int error_number = errno;
  if (error_number == EEXIST && fs::is_directory(path, ignored)) return Ok();
  return ErrnoError(CannotDo("create directory", path), error_number);
}

Result<std::vector<std::string>> ListFiles(const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(root, error), end;
       !error && at != end; at.increment(error)) {
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    const std::string name = at->path().lexically_relative(root).string();
    if (!fs::is_regular_file(status)) {
      return InputError(Quote(name) + " is neither a file nor a directory");
    }
    names.push_back(name);
  }
  if (error) return ErrnoError(CannotDo("list", root), error.value());
  std::ranges::sort(names);
  return names;
}

}  // namespace tally
