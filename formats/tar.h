// tar archives in one canonical form: regular files only, ustar headers, pax
// records where ustar has no room. See docs/formats/tar.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// The largest time that a ustar header holds, in the year 2242.
inline constexpr uint64_t kMaxTarTime = (uint64_t{1} << 33) - 1;

// TarHeader is what an archive says of one file. Mode is 0644 and the owner 0:0
// for all.
struct TarHeader {
  std::string name;  // relative and normal UTF-8, at most 4096 bytes
  uint64_t size_bytes = 0;
  uint64_t mtime = 0;  // seconds since 1970, at most kMaxTarTime

  bool operator==(const TarHeader&) const = default;
};

// TarWriter writes an archive front to back; contents are streamed.
class TarWriter {
 public:
  explicit TarWriter(ByteSink& sink) : sink_(sink) {}

  // Begin writes the header of a file. Names must come in byte order, each
  // once; one that does not fit is an input error.
  Status Begin(const TarHeader& header);
  // Append writes a piece of its content, End what pads it. A content that is
  // not as large as the header said is an input error.
  Status Append(ByteSpan bytes);
  Status End();
  // Add is Begin, Append and End.
  Status Add(const TarHeader& header, ByteSpan content);

  // Finish writes the end of the archive.
  Status Finish();

 private:
  ByteSink& sink_;
  std::string name_;  // of the file that was begun last
  uint64_t size_bytes_ = 0;
  uint64_t left_bytes_ = 0;
};

struct TarEntry {
  TarHeader header;
  ByteSpan content;     // inside the archive
  uint64_t offset = 0;  // of its first header in the archive
};

// TarReader reads only what TarWriter writes, one entry at a time. It holds
// nothing but one name: a mapped archive is never in memory whole.
class TarReader {
 public:
  explicit TarReader(ByteSpan archive) : archive_(archive) {}

  // Next returns the next entry, or nothing after the last one, when the
  // archive is known to end as it must.
  Result<std::optional<TarEntry>> Next();

 private:
  Result<ByteSpan> Take(const char* what, uint64_t size_bytes);
  Status TakeEnd();

  ByteSpan archive_;
  uint64_t offset_ = 0;
  std::string name_;
};

}  // namespace tally
