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

// IsCompressed says whether Decompress would take the bytes.
bool IsCompressed(ByteSpan bytes);

// DecompressTo is Decompress in pieces, for what need not fit into memory.
Status DecompressTo(ByteSpan compressed, uint64_t max_size_bytes,
                    ByteSink& sink);

// TarMember is one member of a tar archive, as the archive has it: nothing
// about the path is checked yet.
struct TarMember {
  enum class Type { kDirectory, kFile, kSymlink, kHardLink };
  std::string path;  // "./usr/bin/x"
  Type type = Type::kFile;
  unsigned mode = 0;  // permission bits, 07777
  int64_t uid = 0;
  int64_t gid = 0;
  std::string target;                   // of a symbolic or hard link
  ByteSpan content;                     // of a file: a view of the archive
  std::map<std::string, Bytes> xattrs;  // by full name
};

// ReadTar calls `visit` for each member of an archive that is not compressed,
// in order. Device nodes, sockets, pipes and sparse files are InputErrors, and
// more than kMaxPackageMembers members.
Status ReadTar(ByteSpan tar,
               const std::function<Status(TarMember member)>& visit);

// DebControl is what control.tar says.
struct DebControl {
  std::string control_text;
  // What dpkg acts on, by name: the maintainer scripts preinst, postinst,
  // prerm, postrm and config, and the file "triggers" (deb-triggers(5)).
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
