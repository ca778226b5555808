// Files: capped reads, atomic writes. Directories published whole or not at all
// are in staging_directory.h.
//
// All descriptors are close-on-exec. Nothing here depends on the umask: modes
// are set explicitly.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/descriptor.h"
#include "common/digest.h"

namespace tally {

namespace fs = std::filesystem;

// ReadFile returns the whole file, which must be a regular file of at most
// `max_size_bytes`. One that is not there or too large is an InputError.
Result<Bytes> ReadFile(const fs::path& path, uint64_t max_size_bytes);
// ReadTextFile is ReadFile for text; the encoding is not checked.
Result<std::string> ReadTextFile(const fs::path& path, uint64_t max_size_bytes);

// WriteFileAtomic writes beside `path`, syncs, and renames over it. On failure
// `path` is untouched and nothing is left behind. Mode 0644 unless given.
Status WriteFileAtomic(const fs::path& path, ByteSpan bytes,
                       unsigned mode = 0644);

// FileDigest is the size and SHA-256 of a file, read once in pieces.
struct FileDigest {
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};
Result<FileDigest> DigestFile(const fs::path& path);
// DigestStream is DigestFile for what a user names: also a pipe, for whose
// writer it waits, or a device.
Result<FileDigest> DigestStream(const fs::path& path);

// MappedFile maps a regular file for reading. Nobody else may write to the file
// meanwhile: what they write shows through.
class MappedFile {
 public:
  static Result<MappedFile> Open(const fs::path& path);
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  ~MappedFile();

  // bytes are valid for the life of this object. If somebody truncates the file
  // meanwhile, reading them kills the process.
  ByteSpan bytes() const { return {data_, size_bytes_}; }

 private:
  MappedFile() = default;
  static Result<MappedFile> Copy(const Descriptor& file, const fs::path& path);
  const uint8_t* data_ = nullptr;
  uint64_t size_bytes_ = 0;
};

// WillRead asks for the pages of a part of a MappedFile at once: one by one
// each costs a fault. A hint, and without effect on other memory.
void WillRead(ByteSpan mapped);
// DoneReading gives the pages of a part of a MappedFile back: the process holds
// fewer at a time, and there is less to do when the mapping ends. Reading them
// again brings them back. Whole pages inside of the part only. Other memory
// than that of a MappedFile would be lost.
void DoneReading(ByteSpan mapped);

// FileSink writes a new file front to back. The file does not exist before
// Create() and is complete after Close().
class FileSink : public ByteSink {
 public:
  // Create fails if the file exists.
  static Result<FileSink> Create(const fs::path& path, unsigned mode = 0644);
  FileSink(FileSink&&) noexcept;
  FileSink& operator=(FileSink&&) noexcept;
  ~FileSink() override;

  Status Append(ByteSpan bytes) override;
  // Close flushes and syncs, and returns size and digest of what was written.
  Result<FileDigest> Close();

 private:
  struct State;
  explicit FileSink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// TemporaryDirectory lives in TMPDIR (or /tmp) and is removed at the end.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> Create();
  TemporaryDirectory(TemporaryDirectory&&) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) noexcept;
  ~TemporaryDirectory();
  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// IsAbsent: there is no such file (and not just one that we may not see).
bool IsAbsent(const fs::path& path);
// IsDirectory follows symbolic links; a path that cannot be looked at is none.
bool IsDirectory(const fs::path& path);

// CreateDirectories makes `path` and its parents with mode 0755.
Status CreateDirectories(const fs::path& path);

// SyncDirectory makes the names in a directory durable.
Status SyncDirectory(const fs::path& path);
// RemoveTree removes what it can; it runs on paths that failed already.
void RemoveTree(const fs::path& path);
// RandomSuffix returns 16 hexadecimal digits for the name of a temporary file.
std::string RandomSuffix();

// ListFiles returns the relative paths of all regular files below `root`,
// sorted by bytes. Symbolic links and special files are an error.
Result<std::vector<std::string>> ListFiles(const fs::path& root);

}  // namespace tally
