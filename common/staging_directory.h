// Directories published whole or not at all.
#pragma once

#include <memory>

#include "common/bytes.h"
#include "common/file.h"

namespace tally {

// Existing says what may happen to a directory that is there already.
enum class Existing { kReplace, kRefuse };

// StagingDirectory is a directory that becomes `destination` in one rename, or
// never existed.
//
// It is created beside the destination and locked. If the process dies, the
// next StagingDirectory for the same destination removes what it left.
class StagingDirectory {
 public:
  static Result<StagingDirectory> Create(const fs::path& destination);
  StagingDirectory(StagingDirectory&&) noexcept;
  StagingDirectory& operator=(StagingDirectory&&) noexcept;
  // Removes the directory unless it was published.
  ~StagingDirectory();

  const fs::path& path() const;

  // Publish syncs every file and directory below, then renames: whoever sees
  // the destination sees it whole, after a power failure too. What is at the
  // destination by then is replaced in one exchange, or an error, as `existing`
  // says.
  Status Publish(Existing existing);

 private:
  struct State;
  explicit StagingDirectory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// StagedFile writes a new file front to back, for a directory that Publish will
// sync: it neither syncs nor hashes. The disk begins to write while there is
// still more to come, so that Publish has little to wait for.
class StagedFile : public ByteSink {
 public:
  // Create fails if the file exists.
  static Result<StagedFile> Create(const fs::path& path, unsigned mode = 0644);
  StagedFile(StagedFile&&) noexcept;
  StagedFile& operator=(StagedFile&&) noexcept;
  ~StagedFile() override;

  Status Append(ByteSpan bytes) override;
  Status Close();

 private:
  struct State;
  explicit StagedFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tally
