// The tries of kmod: modules.dep.bin, modules.alias.bin and others, in which
// modprobe looks up names and patterns.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

// KmodIndexEntry is one value of a key.
struct KmodIndexEntry {
  std::string key;
  std::string value;
  uint32_t priority = 0;  // values of a key are tried from the lowest up

  bool operator==(const KmodIndexEntry&) const = default;
};

// EncodeKmodIndex writes what depmod writes when it inserts `entries` in this
// order. Values of a key that have the same priority end up in reverse order.
// Keys and values that are not ASCII, keys of more than 1023 bytes, values of
// more than 1 MiB and an index of more than 256 MiB are InputErrors.
Result<Bytes> EncodeKmodIndex(const std::vector<KmodIndexEntry>& entries);

// ParseKmodIndex accepts what EncodeKmodIndex writes, and nothing else. The
// entries are in an order that gives the same bytes again.
Result<std::vector<KmodIndexEntry>> ParseKmodIndex(ByteSpan bytes);

}  // namespace tally
