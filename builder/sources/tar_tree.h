// Tar archives as source trees: downloads, and one layer of an OCI image.
#pragma once

#include <string>

#include "builder/archive.h"
#include "builder/sources/mapped.h"
#include "builder/sources/source_tree.h"

namespace tally {

// Bounds on what one archive may unpack to, against decompression bombs.
inline constexpr uint64_t kMaxUnpackedBytes = uint64_t{64} << 30;
// A tar of text shrinks to a tenth; one of zeros is made to do harm.
inline constexpr uint64_t kMaxExpansion = 1000;

// TarSource is an archive that is not compressed; `mapped` has its file if it
// is one.
struct TarSource {
  const Content& content;
  const MappedFiles& mapped;
};

// OpenTar returns the tar archive in `file`, which may be compressed with gzip,
// xz or zstd: then it is unpacked into a temporary file that is gone when its
// content is. More than the bounds above is an InputError.
Result<Content> OpenTar(const Content& file, MappedFiles* mapped);

// EntryFrom turns a member into an entry, with the path as given. Owners that
// are no 32-bit numbers, extended attributes other than security.capability and
// user.*, an empty link target or one with NUL are InputErrors. `tar` keeps the
// content.
Result<SourceEntry> EntryFrom(const TarMember& member, const std::string& path,
                              const TarSource& tar);

// UnpackTar returns the tree of a tar archive (OpenTar), without the first
// `strip` components of each path; what has no more than those is left out.
// Path traversal, absolute paths, duplicate members, members below something
// that is no directory, and hard links to anything but an earlier file are
// InputErrors.
Result<SourceTree> UnpackTar(const TarSource& tar, unsigned strip);

}  // namespace tally
