// Says where two files of a release differ first: which path inside of an
// image, and which field of it. Bytes in, text out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// Difference is one thing that is not the same on both sides.
struct Difference {
  std::string place;  // "/etc/passwd", "partition 1 'root'", "offset 0x1000"
  std::string field;  // "mode", "mtime", "content at 0x10", …
  std::string first;
  std::string second;

  // ToString returns "/etc/passwd: mode\n  first …\n  second …".
  std::string ToString() const;
};

// FindDifference returns the first difference of two versions of the file
// `name` of a release ("artifacts/root.erofs"), or nothing if their bytes are
// equal. What kind of image it is, its first bytes say. An image that cannot be
// read, and equal fields in other places, come to an offset.
std::optional<Difference> FindDifference(std::string_view name, ByteSpan first,
                                         ByteSpan second);

// CauseRank orders the files of a release by what causes what: a difference in
// the root file system changes its hash tree, the command line, the disk and
// every measurement. Lower comes first.
int CauseRank(std::string_view name);

}  // namespace tally
