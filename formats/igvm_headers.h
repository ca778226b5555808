// The content of single IGVM headers, for the reader.
#pragma once

#include <optional>
#include <string>

#include "formats/igvm.h"

namespace tally {

// IgvmFileData hands out the data that headers name by file offset. The first
// failure sticks.
class IgvmFileData {
 public:
  // The data begins at `start`, behind the headers.
  IgvmFileData(ByteSpan file, uint64_t start) : file_(file), start_(start) {}

  // Offset is the value of a file offset field, and where the field is.
  struct Offset {
    uint32_t value = 0;
    uint64_t field_at = 0;
  };
  static Offset ReadOffset(ByteReader& r);

  // Contents returns that much of the file; nothing if the offset is 0.
  IgvmContents Contents(const Offset& offset, uint64_t size_bytes);
  // VbsContents returns a register list, which says itself how long it is.
  IgvmContents VbsContents(const Offset& offset);

  Status status() const;

 private:
  ByteSpan file_;
  uint64_t start_;
  std::optional<std::string> failure_;
};

// Each reads the content of a known header of its section from `r`, which the
// caller finishes.
IgvmPlatform ReadIgvmPlatform(ByteReader& r);
IgvmInitialization ReadIgvmInitialization(ByteReader& r, uint32_t type,
                                          IgvmFileData& data);
// `igvm` has what was read before this header.
IgvmDirective ReadIgvmDirective(ByteReader& r, uint32_t type, const Igvm& igvm,
                                IgvmFileData& data);

}  // namespace tally
