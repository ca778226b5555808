// Where tests find and put files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/file.h"
#include "common/process.h"

namespace tally::test {

// SourcePath returns a path below the project's root.
fs::path SourcePath(const std::string& relative);

// SharedVector returns a path below ../shared/vectors (or TALLY_VECTORS), or
// nothing if the vectors are not there. Tests skip with TALLY_NEED_VECTOR.
std::optional<fs::path> SharedVector(const std::string& relative);

// MustRead returns a file's bytes; it ends the test run if there is none.
Bytes MustRead(const fs::path& path);

// Scratch is a fresh directory for one test, removed at its end.
class Scratch {
 public:
  Scratch();
  const fs::path& path() const { return directory_.path(); }
  // Write puts a file below the directory and returns its path.
  fs::path Write(const std::string& relative, std::string_view text) const;
  fs::path Write(const std::string& relative, ByteSpan bytes) const;

 private:
  TemporaryDirectory directory_;
};

}  // namespace tally::test

// TALLY_NEED_VECTOR(name, "snp/…") declares the path `name`, or skips the test
// visibly.
#define TALLY_NEED_VECTOR(name, relative)                               \
  const auto name##_found = ::tally::test::SharedVector(relative);      \
  if (!name##_found) GTEST_SKIP() << "no shared vector " << (relative); \
  const ::tally::fs::path name = *name##_found

// TALLY_NEED_PROGRAM(name, "fsck.erofs") declares the path `name`, or skips.
#define TALLY_NEED_PROGRAM(name, program)                            \
  const auto name##_found = ::tally::FindProgram(program);           \
  if (!name##_found) GTEST_SKIP() << "not installed: " << (program); \
  const ::tally::fs::path name = *name##_found
