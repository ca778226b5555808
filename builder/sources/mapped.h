// Large files: mapped, not read, and given back as soon as they were used, so
// that memory does not grow with them.
#pragma once

#include <sys/stat.h>

#include <vector>

#include "builder/content.h"
#include "common/file.h"

namespace tally {

// MappedFiles maps files and remembers where they are in memory.
class MappedFiles {
 public:
  // Map maps and hashes a regular file. Symbolic links are followed.
  Result<Content> Map(const fs::path& path);

  // Contains says whether the bytes are those of a mapped file.
  bool Contains(ByteSpan bytes) const;

  // CheckUnchanged is an InputError if somebody wrote to one of the files since
  // it was mapped: then what was hashed is not what went into an image.
  Status CheckUnchanged() const;

 private:
  struct Entry {
    fs::path path;
    ByteSpan bytes;
    struct stat info;
  };
  std::vector<Entry> entries_;  // sorted by address
};

// ReleasingSink passes bytes on in pieces, and releases the pages of mapped
// files behind each.
class ReleasingSink : public ByteSink {
 public:
  ReleasingSink(ByteSink& next, const MappedFiles& mapped)
      : next_(next), mapped_(mapped) {}
  Status Append(ByteSpan bytes) override;

 private:
  ByteSink& next_;
  const MappedFiles& mapped_;
};

}  // namespace tally
