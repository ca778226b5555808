#include "manifests/tree_reader.h"

#include <algorithm>
#include <set>

#include "common/text.h"
#include "manifests/source_reader.h"

namespace tally {
namespace {

// 2^32 - 1 means "leave it" to chown(2).
constexpr uint64_t kMaxId = 0xfffffffe;

uint32_t ReadId(YamlMap& map, std::string_view key) {
  return static_cast<uint32_t>(map.NumberOr(key, 0, kMaxId, 0));
}

// ReadOwner takes a name or a number for the user, and for the group.
OwnerSpec ReadOwner(YamlReader& reader, YamlMap& map) {
  OwnerSpec owner = {.uid = ReadId(map, "uid"), .gid = ReadId(map, "gid")};
  const auto read_name = [&](std::string_view name, std::string_view number) {
    const YamlNode* node = map.Find(name);
    if (node == nullptr) return std::string();
    if (map.Find(number) != nullptr) {
      reader.Refuse(map.where(), "found both " + Quote(name) + " and " +
                                     Quote(number) + ", expected one of them");
    }
    return reader.Text(*node, kAccountName);
  };
  owner.user = read_name("user", "uid");
  owner.group = read_name("group", "gid");
  return owner;
}

unsigned ReadModeOr(YamlReader& reader, const YamlMap& map,
                    unsigned otherwise) {
  const YamlNode* node = map.Find("mode");
  return node == nullptr ? otherwise : reader.Mode(*node);
}

ConflictChoice ReadConflict(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a conflict", {"path", "keep"});
  return {.path = map.Text("path", kImagePath),
          .keep = map.Text("keep", kConflictWinner),
          .where = map.where()};
}

DirectorySpec ReadDirectory(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a directory",
              {"path", "mode", "uid", "gid", "user", "group"});
  return {.path = map.Text("path", kImagePath),
          .mode = ReadModeOr(reader, map, 0755),
          .owner = ReadOwner(reader, map),
          .where = map.where()};
}

FileSpec ReadFileSpec(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a file",
              {"path", "source", "content", "download", "mode", "uid", "gid",
               "user", "group"});
  FileSpec file = {.path = map.Text("path", kImagePath),
                   .mode = ReadModeOr(reader, map, 0644),
                   .owner = ReadOwner(reader, map),
                   .where = map.where()};
  ReadOnlyOne(reader, map, "a file",
              {{"source", kRelativePath, &file.source},
               {"content", kAnyText, &file.content},
               {"download", kSourceName, &file.download}});
  return file;
}

SymlinkSpec ReadSymlink(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a symbolic link", {"path", "target"});
  return {.path = map.Text("path", kImagePath),
          .target = map.Text("target", kLinkTarget),
          .where = map.where()};
}

ModeSpec ReadModeSpec(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a mode",
              {"path", "mode", "uid", "gid", "user", "group"});
  return {.path = map.Text("path", kImagePath),
          .mode = reader.Mode(map.Need("mode")),
          .owner = ReadOwner(reader, map),
          .where = map.where()};
}

TreeSpec ReadTree(YamlMap& map) {
  return {.packages = map.ListOrNone("packages", ReadPackageRequest),
          .omit = map.UniqueTextsOrNone("omit", kPackageName),
          .include = map.UniqueTextsOrNone("include", kImageGlob),
          .exclude = map.UniqueTextsOrNone("exclude", kImageGlob),
          .conflicts = map.ListOrNone("conflicts", ReadConflict),
          .directories = map.ListOrNone("directories", ReadDirectory),
          .files = map.ListOrNone("files", ReadFileSpec),
          .symlinks = map.ListOrNone("symlinks", ReadSymlink),
          .modes = map.ListOrNone("modes", ReadModeSpec),
          .trees = map.ListOrNone("trees", ReadTreeSource)};
}

// The kernel takes '-' and '_' in a module's name as the same.
std::vector<std::string> ReadModules(YamlReader& reader, const YamlMap& map) {
  const YamlNode* node = map.Find("modules");
  if (node == nullptr) return {};
  std::set<std::string> seen;
  for (const YamlNode& item : reader.Items(*node)) {
    std::string name = reader.Text(item, kModuleName);
    if (!reader.ok()) return {};
    std::ranges::replace(name, '-', '_');
    if (!seen.insert(name).second) {
      reader.Refuse(item.where,
                    "found " + Quote(item.text) + " again, expected it once");
    }
  }
  return reader.Texts(*node, kModuleName);
}

}  // namespace

PackageRequest ReadPackageRequest(YamlReader& reader, const YamlNode& node) {
  if (node.kind != YamlKind::kMap) {
    return {.name = reader.Text(node, kPackageName), .where = node.where};
  }
  YamlMap map(reader, node, "a package", {"name", "suite"});
  PackageRequest request = {.name = map.Text("name", kPackageName),
                            .where = map.where()};
  if (const YamlNode* suite = map.Find("suite")) {
    request.suite = reader.Text(*suite, kSuiteName);
  }
  return request;
}

TreeSpec ReadRootTree(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "root",
              {"packages", "omit", "include", "exclude", "conflicts",
               "directories", "files", "symlinks", "modes", "trees"});
  return ReadTree(map);
}

InitrdSpec ReadInitrd(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "initrd",
      {"packages", "omit", "include", "exclude", "conflicts", "directories",
       "files", "symlinks", "modes", "trees", "modules"});
  return {.tree = ReadTree(map),
          .modules = ReadModules(reader, map),
          .where = map.where()};
}

VolumeSpec ReadVolume(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "a volume",
      {"name", "path", "directories", "files", "symlinks", "modes", "trees"});
  return {.name = map.Text("name", kVolumeName),
          .path = map.Text("path", kMountPath),
          .tree = ReadTree(map),
          .where = map.where()};
}

}  // namespace tally
