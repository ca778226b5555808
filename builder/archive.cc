#include "builder/archive.h"

#include <memory>
#include <string_view>

#include "builder/archive_library.h"
#include "builder/utf8_names.h"
#include "common/check.h"
#include "common/text.h"

// A .deb (deb(5)) is an ar archive of three members: "debian-binary", then
// control.tar and data.tar, each perhaps compressed. Each tar is read straight
// out of the ar member, block by block.

namespace tally {
namespace {

struct ArchiveCloser {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchiveHandle = std::unique_ptr<archive, ArchiveCloser>;

Error LibraryError(archive* a, const std::string& what) {
  const char* text = archive_error_string(a);
  return InputError(what + ": " + (text != nullptr ? text : "unknown damage"));
}

// Filters are the compressions a package or an index may use.
void AllowFilters(archive* a) {
  archive_read_support_filter_gzip(a);
  archive_read_support_filter_xz(a);
  archive_read_support_filter_zstd(a);
}

// NextHeader returns the next entry, or null at the end. Warnings are failures:
// they mean that libarchive had to guess.
Result<archive_entry*> NextHeader(archive* a, const std::string& what) {
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(a, &entry);
  if (status == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
  if (status != ARCHIVE_OK) return LibraryError(a, what);
  return entry;
}

// ReadData appends the data of the current entry to `out`.
Status ReadData(archive* a, const std::string& what, uint64_t max_size_bytes,
                Bytes* out) {
  while (true) {
    const void* block = nullptr;
    size_t size_bytes = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(a, &block, &size_bytes, &offset);
    if (status == ARCHIVE_EOF) return Ok();
    if (status != ARCHIVE_OK) return LibraryError(a, what);
    if (offset != static_cast<la_int64_t>(out->size())) {
      return InputError(what + ": sparse data, expected every byte");
    }
    if (out->size() + size_bytes > max_size_bytes) {
      return InputError(what + ": unpacks to more than " +
                        FormatBytes(max_size_bytes));
    }
    const auto* bytes = static_cast<const uint8_t*>(block);
    out->insert(out->end(), bytes, bytes + size_bytes);
  }
}

// ReadWhole is ReadData of a tar member, which must be as long as its header
// says: libarchive leaves out a hole at the end of a sparse file.
Status ReadWhole(archive* tar, archive_entry* entry, const std::string& what,
                 uint64_t max_size_bytes, Bytes* out) {
  TALLY_TRY(ReadData(tar, what, max_size_bytes, out));
  const la_int64_t expected = archive_entry_size(entry);
  if (expected == static_cast<la_int64_t>(out->size())) return Ok();
  return InputError(what + ": found " + std::to_string(out->size()) +
                    " bytes, expected " + std::to_string(expected));
}

// FeedFromOuter hands the current ar member to an inner reader.
la_ssize_t FeedFromOuter(archive* inner, void* outer_pointer,
                         const void** block) {
  auto* outer = static_cast<archive*>(outer_pointer);
  size_t size_bytes = 0;
  la_int64_t offset = 0;
  const int status =
      archive_read_data_block(outer, block, &size_bytes, &offset);
  if (status == ARCHIVE_EOF) return 0;
  if (status != ARCHIVE_OK) {
    archive_set_error(inner, archive_errno(outer), "%s",
                      archive_error_string(outer));
    return -1;
  }
  return static_cast<la_ssize_t>(size_bytes);
}

// DebReader walks the ar members of a package.
class DebReader {
 public:
  explicit DebReader(ByteSpan deb) : outer_(archive_read_new()) {
    archive_read_support_format_ar(outer_.get());
    opened_ = archive_read_open_memory(outer_.get(), deb.data(), deb.size()) ==
              ARCHIVE_OK;
  }

  // OpenTar returns a reader of the member `name`, "control.tar" or "data.tar",
  // with whatever compression it has.
  Result<ArchiveHandle> OpenTar(const std::string& name) {
    if (!opened_) return LibraryError(outer_.get(), "package");
    TALLY_TRY(ExpectVersion());
    bool seen_control = name == "control.tar";
    while (true) {
      TALLY_ASSIGN(archive_entry * entry, NextHeader(outer_.get(), "package"));
      if (entry == nullptr) {
        return InputError("package: has no member '" + name + "'");
      }
      const char* found = archive_entry_pathname(entry);
      if (found == nullptr) return InputError("package: member without a name");
      // deb(5) allows further members only if their name begins with '_'.
      if (*found == '_') continue;
      const std::string expected = seen_control ? name : "control.tar";
      if (!IsTarNamed(found, expected)) {
        return InputError("package: found member " + Quote(found) +
                          ", expected '" + expected + "'");
      }
      if (seen_control) break;
      seen_control = true;
    }
    ArchiveHandle inner(archive_read_new());
    AllowFilters(inner.get());
    archive_read_support_format_tar(inner.get());
    if (archive_read_open(inner.get(), outer_.get(), nullptr, FeedFromOuter,
                          nullptr) != ARCHIVE_OK) {
      return LibraryError(inner.get(), name);
    }
    return inner;
  }

  // ExpectEnd refuses what follows the member that was read, but for members
  // that deb(5) allows.
  Status ExpectEnd() {
    while (true) {
      TALLY_ASSIGN(archive_entry * entry, NextHeader(outer_.get(), "package"));
      if (entry == nullptr) return Ok();
      const char* found = archive_entry_pathname(entry);
      if (found != nullptr && *found == '_') continue;
      return InputError("package: found member " +
                        Quote(found != nullptr ? found : "") +
                        " behind 'data.tar', expected the end");
    }
  }

 private:
  static bool IsTarNamed(std::string_view found, std::string_view name) {
    for (std::string_view suffix : {"", ".gz", ".xz", ".zst"}) {
      if (found == std::string(name) + std::string(suffix)) return true;
    }
    return false;
  }

  Status ExpectVersion() {
    TALLY_ASSIGN(archive_entry * entry, NextHeader(outer_.get(), "package"));
    const char* name =
        entry != nullptr ? archive_entry_pathname(entry) : nullptr;
    if (name == nullptr || std::string_view(name) != "debian-binary") {
      return InputError(
          "package: first member is not 'debian-binary', expected a Debian "
          "package");
    }
    Bytes version;
    TALLY_TRY(ReadData(outer_.get(), "debian-binary", 64, &version));
    if (!AsText(version).starts_with("2.")) {
      return InputError("package: format version " +
                        Quote(Trim(AsText(version))) + ", expected 2.x");
    }
    return Ok();
  }

  ArchiveHandle outer_;
  bool opened_ = false;
};

bool IsScript(std::string_view name) {
  return name == "preinst" || name == "postinst" || name == "prerm" ||
         name == "postrm" || name == "config" || name == "triggers";
}

Result<DebMember> ReadMember(archive* tar, archive_entry* entry,
                             uint64_t max_size_bytes) {
  DebMember member;
  const char* path = archive_entry_pathname(entry);
  if (path == nullptr) return InputError("data.tar: member without a name");
  member.path = path;
  member.mode = archive_entry_perm(entry) & 07777;
  member.uid = archive_entry_uid(entry);
  member.gid = archive_entry_gid(entry);
  if (const char* hard_link = archive_entry_hardlink(entry)) {
    member.type = DebMember::Type::kHardLink;
    member.target = hard_link;
    return member;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      member.type = DebMember::Type::kDirectory;
      return member;
    case AE_IFLNK: {
      const char* target = archive_entry_symlink(entry);
      member.type = DebMember::Type::kSymlink;
      member.target = target != nullptr ? target : "";
      return member;
    }
    case AE_IFREG:
      TALLY_TRY(ReadWhole(tar, entry, "data.tar: " + Quote(member.path),
                          max_size_bytes, &member.content));
      return member;
    default:
      return InputError("data.tar: " + Quote(member.path) +
                        " is a device, socket or pipe, expected a file, "
                        "directory or link");
  }
}

// OpenCompressed opens one compressed stream, at its first byte.
Result<ArchiveHandle> OpenCompressed(ByteSpan compressed) {
  ArchiveHandle reader(archive_read_new());
  AllowFilters(reader.get());
  archive_read_support_format_raw(reader.get());
  if (archive_read_open_memory(reader.get(), compressed.data(),
                               compressed.size()) != ARCHIVE_OK) {
    return LibraryError(reader.get(), "compressed data");
  }
  TALLY_ASSIGN(archive_entry * entry,
               NextHeader(reader.get(), "compressed data"));
  // Filter 0 is the outermost; without compression it is "none" already.
  if (entry == nullptr ||
      archive_filter_code(reader.get(), 0) == ARCHIVE_FILTER_NONE) {
    return InputError("compressed data: found neither xz, gzip nor zstd");
  }
  // Filters stack; the last one counted is "none".
  if (archive_filter_count(reader.get()) != 2) {
    return InputError("compressed data: compressed more than once");
  }
  return reader;
}

// ViewData returns the data of the current member as a view of `tar`, from
// which the reader hands out pieces without copying them.
Result<ByteSpan> ViewData(archive* reader, archive_entry* entry, ByteSpan tar,
                          const std::string& what) {
  const auto expected = static_cast<uint64_t>(archive_entry_size(entry));
  const uint8_t* begin = nullptr;
  uint64_t size_bytes = 0;
  while (true) {
    const void* block = nullptr;
    size_t block_bytes = 0;
    la_int64_t offset = 0;
    const int status =
        archive_read_data_block(reader, &block, &block_bytes, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return LibraryError(reader, what);
    if (offset != static_cast<la_int64_t>(size_bytes)) {
      return InputError(what + ": sparse data, expected every byte");
    }
    const auto* bytes = static_cast<const uint8_t*>(block);
    if (begin == nullptr) begin = bytes;
    TALLY_CHECK(block_bytes == 0 || bytes == begin + size_bytes);
    size_bytes += block_bytes;
  }
  // A hole at the end of a sparse file is left out.
  if (size_bytes != expected) {
    return InputError(what + ": found " + std::to_string(size_bytes) +
                      " bytes, expected " + std::to_string(expected));
  }
  if (size_bytes == 0) return ByteSpan();
  TALLY_CHECK(begin >= tar.data() &&
              begin + size_bytes <= tar.data() + tar.size());
  return ByteSpan(begin, size_bytes);
}

Result<TarMember> ReadTarMember(archive* reader, archive_entry* entry,
                                ByteSpan tar) {
  TarMember member;
  const char* path = archive_entry_pathname(entry);
  if (path == nullptr) return InputError("tar: member without a name");
  member.path = path;
  member.mode = archive_entry_perm(entry) & 07777;
  member.uid = archive_entry_uid(entry);
  member.gid = archive_entry_gid(entry);
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t value_bytes = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &value_bytes) ==
         ARCHIVE_OK) {
    const auto* bytes = static_cast<const uint8_t*>(value);
    member.xattrs[name] = Bytes(bytes, bytes + value_bytes);
  }
  if (const char* hard_link = archive_entry_hardlink(entry)) {
    member.type = TarMember::Type::kHardLink;
    member.target = hard_link;
    return member;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      member.type = TarMember::Type::kDirectory;
      return member;
    case AE_IFLNK: {
      const char* target = archive_entry_symlink(entry);
      member.type = TarMember::Type::kSymlink;
      member.target = target != nullptr ? target : "";
      return member;
    }
    case AE_IFREG: {
      TALLY_ASSIGN(member.content,
                   ViewData(reader, entry, tar, "tar: " + Quote(member.path)));
      return member;
    }
    default:
      return InputError("tar: " + Quote(member.path) +
                        " is a device, socket or pipe, expected a file, "
                        "directory or link");
  }
}

}  // namespace

Result<Bytes> Decompress(ByteSpan compressed, uint64_t max_size_bytes) {
  TALLY_ASSIGN(const ArchiveHandle reader, OpenCompressed(compressed));
  Bytes bytes;
  TALLY_TRY(ReadData(reader.get(), "compressed data", max_size_bytes, &bytes));
  return bytes;
}

bool IsCompressed(ByteSpan bytes) {
  ArchiveHandle reader(archive_read_new());
  AllowFilters(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  return archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) ==
             ARCHIVE_OK &&
         archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK &&
         archive_filter_code(reader.get(), 0) != ARCHIVE_FILTER_NONE;
}

Status DecompressTo(ByteSpan compressed, uint64_t max_size_bytes,
                    ByteSink& sink) {
  TALLY_ASSIGN(const ArchiveHandle reader, OpenCompressed(compressed));
  uint64_t size_bytes = 0;
  while (true) {
    const void* block = nullptr;
    size_t block_bytes = 0;
    la_int64_t offset = 0;
    const int status =
        archive_read_data_block(reader.get(), &block, &block_bytes, &offset);
    if (status == ARCHIVE_EOF) return Ok();
    if (status != ARCHIVE_OK) {
      return LibraryError(reader.get(), "compressed data");
    }
    size_bytes += block_bytes;
    if (size_bytes > max_size_bytes) {
      return InputError("compressed data: unpacks to more than " +
                        FormatBytes(max_size_bytes));
    }
    TALLY_TRY(sink.Append({static_cast<const uint8_t*>(block), block_bytes}));
  }
}

Status ReadTar(ByteSpan tar,
               const std::function<Status(TarMember member)>& visit) {
  const Utf8Names utf8_names;
  ArchiveHandle reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) !=
      ARCHIVE_OK) {
    return LibraryError(reader.get(), "tar");
  }
  for (uint64_t num_members = 0;; ++num_members) {
    TALLY_ASSIGN(archive_entry * entry, NextHeader(reader.get(), "tar"));
    if (entry == nullptr) return Ok();
    if (num_members == kMaxPackageMembers) {
      return InputError("tar: more than " + std::to_string(kMaxPackageMembers) +
                        " members");
    }
    TALLY_ASSIGN(TarMember member, ReadTarMember(reader.get(), entry, tar));
    TALLY_TRY(visit(std::move(member)));
  }
}

Result<DebControl> ReadDebControl(ByteSpan deb) {
  DebReader reader(deb);
  TALLY_ASSIGN(const ArchiveHandle tar, reader.OpenTar("control.tar"));
  DebControl control;
  bool has_control = false;
  while (true) {
    TALLY_ASSIGN(archive_entry * entry, NextHeader(tar.get(), "control.tar"));
    if (entry == nullptr) break;
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const char* path = archive_entry_pathname(entry);
    std::string_view name = path != nullptr ? path : "";
    if (name.starts_with("./")) name.remove_prefix(2);
    if (name != "control" && !IsScript(name)) continue;
    Bytes bytes;
    TALLY_TRY(ReadWhole(tar.get(), entry, "control.tar: " + Quote(name),
                        kMaxControlBytes, &bytes));
    if (name != "control") {
      control.scripts[std::string(name)] = std::move(bytes);
    } else if (has_control) {
      return InputError("control.tar: has two members 'control'");
    } else {
      has_control = true;
      control.control_text = AsText(bytes);
    }
  }
  if (!has_control) return InputError("control.tar: has no member 'control'");
  return control;
}

Status ReadDebData(ByteSpan deb,
                   const std::function<Status(DebMember member)>& visit) {
  DebReader reader(deb);
  TALLY_ASSIGN(const ArchiveHandle tar, reader.OpenTar("data.tar"));
  uint64_t left_bytes = kMaxPackageBytes;
  uint64_t num_members = 0;
  while (true) {
    TALLY_ASSIGN(archive_entry * entry, NextHeader(tar.get(), "data.tar"));
    if (entry == nullptr) return reader.ExpectEnd();
    if (++num_members > kMaxPackageMembers) {
      return InputError("data.tar: more than " +
                        std::to_string(kMaxPackageMembers) + " members");
    }
    TALLY_ASSIGN(DebMember member, ReadMember(tar.get(), entry, left_bytes));
    // Names count as well: an archive of names alone is a bomb, too.
    const uint64_t size_bytes =
        member.content.size() + member.path.size() + member.target.size();
    if (size_bytes > left_bytes) {
      return InputError("data.tar: unpacks to more than " +
                        FormatBytes(kMaxPackageBytes));
    }
    left_bytes -= size_bytes;
    TALLY_TRY(visit(std::move(member)));
  }
}

}  // namespace tally
