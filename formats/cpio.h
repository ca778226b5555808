// The newc cpio archive (magic 070701), uncompressed: what the Linux kernel
// unpacks as its initial file system. See docs/formats/cpio.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/file_tree.h"

namespace tally {

// WriteCpio writes the one archive that this project makes of `files`: entries
// in list order, inode numbers from 1, device 0:0, the data of hard-linked
// files with the last link. The root becomes an entry "." only if it is not
// mode 0755 of 0:0. Extended attributes, times after 2106 and files of 4 GiB do
// not fit the format and are an input error, as is a list that CheckFileList
// refuses.
Status WriteCpio(const FileList& files, ByteSink& sink);

// CpioSize returns how many bytes WriteCpio will write.
Result<uint64_t> CpioSize(const FileList& files);

// init/initramfs.c skips entries whose name with NUL is longer than PATH_MAX.
inline constexpr uint64_t kMaxCpioNameSize = 4096;

// CpioEntry is one entry as stored, field names as in cpio(5).
struct CpioEntry {
  std::string name;
  uint32_t ino = 0;
  uint32_t mode = 0;  // with the file type bits
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t nlink = 0;
  uint32_t mtime = 0;
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  uint32_t rdev_major = 0;
  uint32_t rdev_minor = 0;
  ByteSpan content;     // file data or symlink target, inside the archive
  uint64_t offset = 0;  // of the header in the archive

  bool operator==(const CpioEntry& other) const;
};

// ParseCpio reads one newc archive up to its trailer, which is not in the
// result. Only zeros may follow. Contents are views into `archive`.
Result<std::vector<CpioEntry>> ParseCpio(ByteSpan archive);

// EncodeCpio writes entries as they are, then the trailer and padding to 512
// bytes: the inverse of ParseCpio. A name or size that does not fit a field is
// an input error.
Status EncodeCpio(const std::vector<CpioEntry>& entries, ByteSink& sink);

}  // namespace tally
