#include "builder/tree_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "builder/store_file.h"
#include "common/check.h"
#include "common/descriptor.h"
#include "common/hash.h"
#include "common/interrupt.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kTreeCacheMagic("tally-tree-1\n\0\0\0", 16);
constexpr uint64_t kHeaderSize = 64;
constexpr uint64_t kAlignment = 64;
// A listing has at most this many bytes for each entry, and the control text.
constexpr uint64_t kMaxCachedListingBytes = uint64_t{1} << 30;
constexpr size_t kBufferBytes = 1 << 20;
constexpr std::string_view kTemporaryPrefix = "tree-";

// RemoveAbandoned removes what processes that died left: their lock is free.
void RemoveAbandoned(const fs::path& partial) {
  std::error_code error;
  for (fs::directory_iterator at(partial, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path path = at->path();
    if (!path.filename().string().starts_with(kTemporaryPrefix)) continue;
    const Descriptor file(
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.valid() && flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      unlink(path.c_str());
    }
  }
}

// TemporaryEntry is a file of the store's directory `partial` that becomes an
// entry, or is gone. It is locked, so that a clean-up leaves it alone.
class TemporaryEntry : public ByteSink {
 public:
  static Result<TemporaryEntry> Create(const Store& store) {
    const fs::path partial = store.path() / "partial";
    RemoveAbandoned(partial);
    // Until it is locked, another process may take it for an abandoned one.
    for (int attempt = 0; attempt < 10; ++attempt) {
      std::string path =
          (partial / std::string(kTemporaryPrefix)).string() + "XXXXXX";
      TemporaryEntry entry;
      entry.file_ = Descriptor(mkostemp(path.data(), O_CLOEXEC));
      if (!entry.file_.valid()) return Cannot("create", path);
      entry.path_ = path;
      struct stat info = {};
      if (flock(entry.file_.get(), LOCK_EX) != 0 ||
          fstat(entry.file_.get(), &info) != 0) {
        return Cannot("lock", path);
      }
      if (info.st_nlink > 0) return entry;
    }
    return IoError("cannot lock a file in " + Quote(partial.string()));
  }
  TemporaryEntry(TemporaryEntry&&) noexcept = default;
  TemporaryEntry& operator=(TemporaryEntry&&) = delete;
  ~TemporaryEntry() override {
    if (file_.valid()) unlink(path_.c_str());
  }

  const fs::path& path() const { return path_; }

  // Append gathers small pieces: a package may have thousands of small files.
  Status Append(ByteSpan bytes) override {
    if (buffer_.size() + bytes.size() > kBufferBytes) TALLY_TRY(FlushBuffer());
    if (bytes.size() >= kBufferBytes) return Write(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return Ok();
  }

  Status FlushBuffer() {
    TALLY_TRY(Write(buffer_));
    buffer_.clear();
    return Ok();
  }

  // Publish does not sync: what a power failure does to the entry is found when
  // it is read.
  Status Publish(const fs::path& entry) {
    if (fchmod(file_.get(), kEntryMode) != 0) {
      return Cannot("set the mode of", path_);
    }
    TALLY_TRY(CreateDirectories(entry.parent_path()));
    if (rename(path_.c_str(), entry.c_str()) != 0) {
      return Cannot("rename to", entry);
    }
    file_.Close();
    return Ok();
  }

 private:
  TemporaryEntry() = default;

  Status Write(ByteSpan bytes) {
    while (!bytes.empty()) {
      const ssize_t put = write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return Cannot("write", path_);
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return Ok();
  }

  fs::path path_;
  Descriptor file_;
  Bytes buffer_;
};

// Bind makes the contents of `package` views of `entry`, which `owner` keeps.
// They are of the same package.
void Bind(const TreeCacheEntry& entry, const std::shared_ptr<const void>& owner,
          UnpackedPackage* package) {
  TALLY_CHECK(package->entries.size() == entry.contents.size());
  for (size_t i = 0; i < entry.contents.size(); ++i) {
    Content& content = package->entries[i].content;
    content.owner = entry.contents[i].empty() ? nullptr : owner;
    content.bytes = entry.contents[i];
  }
}

// HashWanted hashes the files of which a wanted entry is a name.
Status HashWanted(const TreeCacheEntry& entry, const PathFilter& wanted) {
  const std::vector<ListedEntry>& entries = entry.listing.entries;
  std::vector<bool> hashed(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const UnpackedEntry& listed = entries[i].entry;
    if (listed.type != NodeType::kFile || !wanted(listed.path)) continue;
    const size_t first = entries[i].link_of.value_or(i);
    if (hashed[first]) continue;
    hashed[first] = true;
    TALLY_TRY(CheckInterrupted());
    if (Sha256(entry.contents[first]) != listed.content.sha256) {
      return InputError("contents of " + Quote(listed.path) +
                        " differ from the listing");
    }
  }
  return Ok();
}

Result<UnpackedPackage> ReadMapped(MappedFile file, const std::string& name,
                                   const Sha256Digest& tree_sha256,
                                   const PathFilter& wanted) {
  const auto owner = std::make_shared<const MappedFile>(std::move(file));
  TALLY_ASSIGN(TreeCacheEntry entry, ParseTreeCacheEntry(owner->bytes()));
  const Sha256Digest got = Sha256(entry.listing_bytes);
  if (got != tree_sha256) {
    return InputError("listing has digest " + got.hex() + ", expected " +
                      tree_sha256.hex());
  }
  TALLY_TRY(HashWanted(entry, wanted));
  UnpackedPackage package{.name = name};
  package.control_text = std::move(entry.listing.control_text);
  package.entries.reserve(entry.listing.entries.size());
  for (ListedEntry& listed : entry.listing.entries) {
    package.entries.push_back(std::move(listed.entry));
  }
  Bind(entry, owner, &package);
  return package;
}

}  // namespace

Result<TreeCacheEntry> ParseTreeCacheEntry(ByteSpan file) {
  ByteReader reader("tree cache entry", file);
  const std::string_view magic =
      AsText(reader.Take("magic", kTreeCacheMagic.size()));
  if (magic != kTreeCacheMagic) {
    reader.Fail("magic", "found " + Quote(magic) + ", expected " +
                             Quote(kTreeCacheMagic));
  }
  const uint64_t listing_size = reader.Count(
      "listing size", reader.U64Le("listing size"), kMaxCachedListingBytes);
  reader.Zeros("reserved", kHeaderSize - kTreeCacheMagic.size() - 8);
  TreeCacheEntry entry;
  entry.listing_bytes = reader.Take("listing", listing_size);
  TALLY_TRY(reader.status());
  TALLY_ASSIGN(entry.listing, ParseListing(entry.listing_bytes));
  const auto pad = [&reader] {
    reader.Zeros("padding",
                 AlignUp(reader.offset(), kAlignment) - reader.offset());
  };
  pad();
  entry.contents.reserve(entry.listing.entries.size());
  for (const ListedEntry& listed : entry.listing.entries) {
    if (listed.link_of) {
      entry.contents.push_back(entry.contents[*listed.link_of]);
      continue;
    }
    entry.contents.push_back(reader.Take("contents", listed.size_bytes));
    // Not looked at: it would bring in pages of files that nobody wants.
    reader.Skip("padding",
                AlignUp(reader.offset(), kAlignment) - reader.offset());
    TALLY_TRY(reader.status());
  }
  TALLY_TRY(reader.Finish());
  return entry;
}

Status WriteTreeCacheEntry(const UnpackedPackage& package, ByteSpan listing,
                           ByteSink& sink) {
  ByteWriter header;
  header.Text(kTreeCacheMagic);
  header.U64Le(listing.size()).ZerosUntil(kHeaderSize);
  TALLY_TRY(sink.Append(header.bytes()));
  TALLY_TRY(sink.Append(listing));
  const auto pad = [&sink](uint64_t size_bytes) {
    return AppendZeros(sink, AlignUp(size_bytes, kAlignment) - size_bytes);
  };
  TALLY_TRY(pad(kHeaderSize + listing.size()));
  for (const UnpackedEntry& entry : package.entries) {
    if (entry.type != NodeType::kFile || !entry.hard_link_of.empty()) continue;
    TALLY_TRY(sink.Append(entry.content.span()));
    TALLY_TRY(pad(entry.content.size_bytes()));
  }
  return Ok();
}

fs::path CachedTreePath(const Store& store, const Sha256Digest& tree_sha256) {
  const std::string hex = tree_sha256.hex();
  return store.path() / "trees" / hex.substr(0, 2) / hex;
}

Result<UnpackedPackage> ReadCachedTree(const Store& store,
                                       const std::string& name,
                                       const Sha256Digest& tree_sha256,
                                       const PathFilter& wanted) {
  const fs::path path = CachedTreePath(store, tree_sha256);
  if (IsAbsent(path)) {
    return IoError("store " + Quote(store.path().string()) + " has no tree " +
                   tree_sha256.hex());
  }
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(path));
  Result<UnpackedPackage> package =
      ReadMapped(std::move(file), name, tree_sha256, wanted);
  if (package) return package;
  return std::move(package).error().While("reading " + Quote(path.string()));
}

Status CacheTree(const Store& store, ByteSpan listing,
                 const Sha256Digest& tree_sha256, UnpackedPackage* package) {
  TALLY_ASSIGN(TemporaryEntry file, TemporaryEntry::Create(store));
  TALLY_TRY(WriteTreeCacheEntry(*package, listing, file));
  TALLY_TRY(file.FlushBuffer());
  // Mapped before it has its name: nobody else has touched this file.
  TALLY_ASSIGN(MappedFile mapped, MappedFile::Open(file.path()));
  const auto owner = std::make_shared<const MappedFile>(std::move(mapped));
  TALLY_ASSIGN(const TreeCacheEntry entry, ParseTreeCacheEntry(owner->bytes()));
  TALLY_TRY(file.Publish(CachedTreePath(store, tree_sha256)));
  Bind(entry, owner, package);
  return Ok();
}

}  // namespace tally
