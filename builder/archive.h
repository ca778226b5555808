// Reading archives: Debian packages, and compressed data. The only place that
// sees libarchive.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/bytes.h"

namespace tally {

// Bounds on what one package may unpack to, against decompression bombs.
inline constexpr uint64_t kMaxPackageBytes = uint64_t{8} << 30;
inline constexpr uint64_t kMaxPackageMembers = 2'000'000;
inline constexpr uint64_t kMaxControlBytes = 16 << 20;

// Decompress returns the contents of one xz, gzip or zstd stream, recognised by
// its first bytes. Anything else, trailing garbage, truncation, or more than
// `max_size_bytes` of output is an InputError.
Result<Bytes> Decompress(ByteSpan compressed, uint64_t max_size_bytes);

// DebControl is what control.tar says.
struct DebControl {
  std::string control_text;
  // Maintainer scripts by name: preinst, postinst, prerm, postrm, config.
  std::map<std::string, Bytes> scripts;
};

Result<DebControl> ReadDebControl(ByteSpan deb);

// DebMember is one member of data.tar, as the package has it: nothing about the
// path is checked yet.
struct DebMember {
  enum class Type { kDirectory, kFile, kSymlink, kHardLink };
  std::string path;  // "./usr/bin/x"
  Type type = Type::kFile;
  unsigned mode = 0;  // permission bits, 07777
  int64_t uid = 0;
  int64_t gid = 0;
  std::string target;  // of a symbolic or hard link
  Bytes content;       // of a file
};

// ReadDebData calls `visit` for each member of data.tar, in order. Device
// nodes, sockets and pipes are InputErrors: no package has a use for them.
Status ReadDebData(ByteSpan deb,
                   const std::function<Status(DebMember member)>& visit);

}  // namespace tally
