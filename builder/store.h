// The content store: every file that goes into an image, named by its SHA-256.
//
// Layout: sha256/ab/abcdef… (entries, read-only), partial/abcdef… (downloads
// that can be resumed), trees/ab/abcdef… (builder/tree_cache.h). Several
// processes may use one store at once.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/descriptor.h"
#include "common/digest.h"
#include "common/file.h"

namespace tally {

// DefaultStorePath returns $XDG_CACHE_HOME/tally/store, or else
// $HOME/.cache/tally/store. As the XDG base directory specification demands, a
// relative XDG_CACHE_HOME is ignored. UsageError if neither is set.
Result<fs::path> DefaultStorePath(
    const std::map<std::string, std::string>& environment);

// SizeRule says whether the size of an entry is known before it is written, or
// only that it is not larger.
enum class SizeRule { kExact, kAtMost };

// StoreWriter fills one entry. What it has written survives it (and the
// process), so that the next writer of the same entry can go on from there.
//
// It holds a lock: another writer of the same entry waits in Store::Write.
class StoreWriter : public ByteSink {
 public:
  StoreWriter(StoreWriter&&) noexcept;
  StoreWriter& operator=(StoreWriter&&) noexcept;
  ~StoreWriter() override;

  // size_bytes is how much is there already, from an earlier writer too.
  uint64_t size_bytes() const;

  // Append refuses to grow beyond the expected size. A full disk or another
  // failure to write removes the partial file.
  Status Append(ByteSpan bytes) override;

  // Restart drops what is there already.
  Status Restart();

  // Commit makes the entry visible if size and digest are as expected.
  // Otherwise it is a MismatchError, and the bytes are dropped.
  Status Commit();

 private:
  friend class Store;
  struct State;
  explicit StoreWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Store {
 public:
  // Open creates the directories that are missing. It waits while another
  // process has the store for itself.
  static Result<Store> Open(const fs::path& path);

  // LockAlone keeps everybody else out until this object and its copies are
  // gone. It is an IoError if another process uses the store.
  Status LockAlone();

  const fs::path& path() const { return path_; }
  fs::path EntryPath(const Sha256Digest& sha256) const;

  // Contains says whether there is an entry of that name and size. The bytes
  // are not looked at: Read and Verify do that.
  bool Contains(const Sha256Digest& sha256, uint64_t size_bytes) const;

  // SizeOf returns the size of the entry of that name, or nothing if there is
  // none. The bytes are not looked at.
  std::optional<uint64_t> SizeOf(const Sha256Digest& sha256) const;

  // Read returns the bytes of an entry after hashing them. No entry is an
  // IoError; a corrupt one is an InputError with path, expected and got.
  Result<MappedFile> Read(const Sha256Digest& sha256,
                          uint64_t size_bytes) const;

  // Verify is Read without the bytes.
  Status Verify(const Sha256Digest& sha256, uint64_t size_bytes) const;

  // Put adds bytes and returns their digest. An entry that is there already is
  // replaced only if it is corrupt.
  Result<Sha256Digest> Put(ByteSpan bytes);

  // Write begins or resumes an entry. It waits for another writer of the same
  // entry; look with Contains afterwards, that writer may have finished it.
  Result<StoreWriter> Write(const Sha256Digest& sha256, uint64_t size_bytes,
                            SizeRule rule = SizeRule::kExact);

 private:
  Store(fs::path path, std::shared_ptr<const Descriptor> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  fs::path path_;
  std::shared_ptr<const Descriptor> lock_;  // shared by all users of the store
};

}  // namespace tally
