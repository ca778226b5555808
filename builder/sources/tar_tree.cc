#include "builder/sources/tar_tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "builder/merged_path.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxXattrBytes = 64 << 10;
constexpr size_t kMaxTargetBytes = 4095;

// Spooled is a mapped temporary file.
struct Spooled {
  TemporaryDirectory directory;
  Content content;
};

Result<uint32_t> TarOwnerId(int64_t id, const std::string& path) {
  // 2^32 - 1 means "leave it" to chown(2).
  if (id >= 0 && id < 0xffffffff) return static_cast<uint32_t>(id);
  return InputError(Quote(path) + " has owner id " + std::to_string(id) +
                    ", expected 0 to 4294967294");
}

Status CheckXattrs(const TarMember& member) {
  for (const auto& [name, value] : member.xattrs) {
    if (name != "security.capability" && !name.starts_with("user.")) {
      return InputError(Quote(member.path) + " has extended attribute " +
                        Quote(name) +
                        ", expected only security.capability and user.*");
    }
    if (value.size() > kMaxXattrBytes) {
      return InputError(Quote(member.path) + " has extended attribute " +
                        Quote(name) + " of " + std::to_string(value.size()) +
                        " bytes, expected at most 65536");
    }
  }
  return Ok();
}

Result<Content> ViewOf(ByteSpan bytes, const TarSource& tar) {
  HashSink hash;
  ReleasingSink releasing(hash, tar.mapped);
  TALLY_TRY(releasing.Append(bytes));
  return Content{
      .owner = tar.content.owner, .bytes = bytes, .sha256 = hash.Finish()};
}

// Stripped drops leading components; nothing if there are no more than those.
std::string Stripped(std::string path, unsigned strip) {
  for (; strip > 0; --strip) {
    const size_t slash = path.find('/');
    if (slash == std::string::npos) return "";
    path.erase(0, slash + 1);
  }
  return path;
}

using Entries = std::map<std::string, SourceEntry>;

// CheckParents: whatever is above a member is a directory.
Status CheckParents(const Entries& entries) {
  for (const auto& [path, entry] : entries) {
    for (std::string_view at = path; !at.empty();) {
      at = ParentPath(at);
      const auto above = entries.find(std::string(at));
      if (above == entries.end() ||
          above->second.type == NodeType::kDirectory) {
        continue;
      }
      return InputError("member " + Quote(path) + " is below " + Quote(at) +
                        ", which is no directory");
    }
  }
  return Ok();
}

Status AddMember(const TarMember& member, const TarSource& tar, unsigned strip,
                 Entries* entries) {
  TALLY_ASSIGN(const std::string whole, NormalPath(member.path));
  const std::string path = Stripped(whole, strip);
  if (path.empty() && (!whole.empty() || strip > 0)) return Ok();
  TALLY_ASSIGN(SourceEntry entry, EntryFrom(member, path, tar));
  if (path.empty() && entry.type != NodeType::kDirectory) {
    return InputError("the top of the archive is no directory");
  }
  if (member.type == TarMember::Type::kHardLink) {
    TALLY_ASSIGN(const std::string target, NormalPath(member.target));
    const auto found = entries->find(Stripped(target, strip));
    if (found == entries->end() || found->second.type != NodeType::kFile) {
      return InputError("hard link " + Quote(member.path) + " to " +
                        Quote(member.target) +
                        ", expected an earlier file of the archive");
    }
    entry = found->second;
    entry.path = path;
  }
  if (!entries->emplace(path, std::move(entry)).second) {
    return InputError("found member " + Quote(member.path) +
                      " again, expected it once");
  }
  return Ok();
}

}  // namespace

Result<Content> OpenTar(const Content& file, MappedFiles* mapped) {
  if (!IsCompressed(file.span())) return file;
  TALLY_ASSIGN(TemporaryDirectory directory, TemporaryDirectory::Create());
  const fs::path path = directory.path() / "tar";
  TALLY_ASSIGN(FileSink sink, FileSink::Create(path, 0600));
  const uint64_t limit =
      std::min(kMaxUnpackedBytes, file.size_bytes() * kMaxExpansion);
  TALLY_TRY(DecompressTo(file.span(), limit, sink));
  TALLY_ASSIGN(const FileDigest digest, sink.Close());
  if (digest.size_bytes == 0) return MakeContent(Bytes());
  TALLY_ASSIGN(Content content, mapped->Map(path));
  auto spooled = std::make_shared<const Spooled>(
      Spooled{.directory = std::move(directory), .content = content});
  return Content{
      .owner = spooled, .bytes = content.bytes, .sha256 = content.sha256};
}

Result<SourceEntry> EntryFrom(const TarMember& member, const std::string& path,
                              const TarSource& tar) {
  TALLY_TRY(CheckXattrs(member));
  SourceEntry entry;
  entry.path = path;
  entry.mode = member.mode;
  entry.xattrs = member.xattrs;
  TALLY_ASSIGN(entry.uid, TarOwnerId(member.uid, member.path));
  TALLY_ASSIGN(entry.gid, TarOwnerId(member.gid, member.path));
  switch (member.type) {
    case TarMember::Type::kDirectory:
      entry.type = NodeType::kDirectory;
      return entry;
    case TarMember::Type::kSymlink:
      entry.type = NodeType::kSymlink;
      entry.mode = 0777;
      entry.symlink_target = member.target;
      if (!member.target.empty() && member.target.size() <= kMaxTargetBytes) {
        return entry;
      }
      return InputError(
          "symbolic link " + Quote(member.path) + " has a target of " +
          std::to_string(member.target.size()) + " bytes, expected 1 to 4095");
    case TarMember::Type::kFile: {
      TALLY_ASSIGN(entry.content, ViewOf(member.content, tar));
      entry.inode = path;
      return entry;
    }
    case TarMember::Type::kHardLink:
      return entry;  // the caller knows what it links to
  }
  return entry;
}

Result<SourceTree> UnpackTar(const TarSource& tar, unsigned strip) {
  Entries entries;
  uint64_t name_bytes = 0;
  TALLY_TRY(ReadTar(tar.content.span(), [&](TarMember member) -> Status {
    name_bytes += member.path.size() + member.target.size();
    if (name_bytes > kMaxUnpackedBytes >> 6) {
      return InputError("tar: more than 1 GiB of names");
    }
    return AddMember(member, tar, strip, &entries);
  }));
  TALLY_TRY(CheckParents(entries));
  SourceTree tree;
  for (auto& entry : entries) tree.push_back(std::move(entry.second));
  return tree;
}

}  // namespace tally
