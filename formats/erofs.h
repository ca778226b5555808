// EROFS images, uncompressed: one canonical form, readable by Linux 5.15 and
// later. See docs/formats/erofs.md.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/file_tree.h"
#include "formats/uuid.h"

namespace tally {

struct ErofsOptions {
  Uuid uuid;
  std::string volume_name;  // at most 15 bytes, no NUL
  int64_t build_time = 0;   // seconds since 1970, not negative

  bool operator==(const ErofsOptions&) const = default;
};

// ErofsSize returns how many bytes WriteErofs will write: a multiple of 4096.
Result<uint64_t> ErofsSize(const FileList& files, const ErofsOptions& options);

// WriteErofs writes the image front to back. A list that CheckFileList refuses,
// an extended attribute outside user., trusted., security. and the POSIX ACLs,
// or an image over 16 TiB is an input error.
Status WriteErofs(const FileList& files, const ErofsOptions& options,
                  ByteSink& sink);

// ErofsImage is what ReadErofs found.
struct ErofsImage {
  ErofsOptions options;
  FileList files;
  // Contents that are not in one piece in the image; `files` views them. Moving
  // the image keeps the views valid, hence no copies.
  std::vector<Bytes> joined_contents;

  ErofsImage() = default;
  ErofsImage(ErofsImage&&) = default;
  ErofsImage& operator=(ErofsImage&&) = default;
};

// ReadErofs reads an uncompressed image of 4096-byte blocks with directories,
// files and symlinks only: every image of WriteErofs, and the uncompressed ones
// of mkfs.erofs. Compression, chunks and several devices are an input error.
// Contents are views into `image` where they are in one piece there.
Result<ErofsImage> ReadErofs(ByteSpan image);

}  // namespace tally
