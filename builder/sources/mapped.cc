#include "builder/sources/mapped.h"

#include <algorithm>
#include <functional>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kReleasedPieceBytes = 4 << 20;

}  // namespace

Result<Content> MappedFiles::Map(const fs::path& path) {
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(path));
  Entry entry = {.path = path, .bytes = file.bytes(), .info = {}};
  if (stat(path.c_str(), &entry.info) != 0) {
    return IoError("cannot read " + Quote(path.string()));
  }
  Sha256Hasher hasher;
  for (ByteSpan rest = entry.bytes; !rest.empty();) {
    const ByteSpan piece =
        rest.first(std::min<size_t>(rest.size(), kReleasedPieceBytes));
    hasher.Update(piece);
    DoneReading(piece);
    rest = rest.subspan(piece.size());
  }
  const auto at =
      std::ranges::upper_bound(entries_, entry.bytes.data(), std::less<>(),
                               [](const Entry& e) { return e.bytes.data(); });
  entries_.insert(at, entry);
  return Content{.owner = std::make_shared<const MappedFile>(std::move(file)),
                 .bytes = entry.bytes,
                 .sha256 = hasher.Finish()};
}

bool MappedFiles::Contains(ByteSpan bytes) const {
  auto after =
      std::ranges::upper_bound(entries_, bytes.data(), std::less<>(),
                               [](const Entry& e) { return e.bytes.data(); });
  if (after == entries_.begin()) return false;
  const ByteSpan mapped = std::prev(after)->bytes;
  return bytes.data() + bytes.size() <= mapped.data() + mapped.size();
}

Status MappedFiles::CheckUnchanged() const {
  for (const Entry& entry : entries_) {
    struct stat now = {};
    if (stat(entry.path.c_str(), &now) != 0) continue;  // a spool file of ours
    const auto same_time = [](const timespec& a, const timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    if (now.st_ino == entry.info.st_ino && now.st_size == entry.info.st_size &&
        same_time(now.st_mtim, entry.info.st_mtim)) {
      continue;
    }
    return InputError(Quote(entry.path.string()) +
                      " changed while it was being used");
  }
  return Ok();
}

Status ReleasingSink::Append(ByteSpan bytes) {
  const bool mapped =
      bytes.size() >= kReleasedPieceBytes && mapped_.Contains(bytes);
  if (!mapped) return next_.Append(bytes);
  while (!bytes.empty()) {
    const ByteSpan piece =
        bytes.first(std::min<size_t>(bytes.size(), kReleasedPieceBytes));
    TALLY_TRY(next_.Append(piece));
    DoneReading(piece);
    bytes = bytes.subspan(piece.size());
  }
  return Ok();
}

}  // namespace tally
