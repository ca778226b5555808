// Content: the bytes of one file, shared and never changed.
#pragma once

#include <memory>

#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// Content is the bytes of a file and their digest. Copies share the bytes.
struct Content {
  // What keeps the bytes alive: a buffer, or a mapped file.
  std::shared_ptr<const void> owner;
  ByteSpan bytes;
  Sha256Digest sha256;

  ByteSpan span() const { return bytes; }
  uint64_t size_bytes() const { return bytes.size(); }
};

// MakeContent hashes `bytes` and keeps them.
Content MakeContent(Bytes bytes);
// TextContent is MakeContent of a text.
Content TextContent(std::string_view text);

}  // namespace tally
