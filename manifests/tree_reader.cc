#include "manifests/tree_reader.h"

#include <algorithm>
#include <set>

#include "common/text.h"

namespace tally {
namespace {

// 2^32 - 1 means "leave it" to chown(2).
constexpr uint64_t kMaxId = 0xfffffffe;

uint32_t ReadId(YamlMap& map, std::string_view key) {
  return static_cast<uint32_t>(map.NumberOr(key, 0, kMaxId, 0));
}

unsigned ReadModeOr(YamlReader& reader, const YamlMap& map,
                    unsigned otherwise) {
  const YamlNode* node = map.Find("mode");
  return node == nullptr ? otherwise : reader.Mode(*node);
}

ConflictChoice ReadConflict(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a conflict", {"path", "keep"});
  return {.path = map.Text("path", kImagePath),
          .keep = map.Text("keep", kPackageName),
          .where = map.where()};
}

DirectorySpec ReadDirectory(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a directory", {"path", "mode", "uid", "gid"});
  return {.path = map.Text("path", kImagePath),
          .mode = ReadModeOr(reader, map, 0755),
          .uid = ReadId(map, "uid"),
          .gid = ReadId(map, "gid"),
          .where = map.where()};
}

FileSpec ReadFileSpec(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a file",
              {"path", "source", "content", "mode", "uid", "gid"});
  FileSpec file = {.path = map.Text("path", kImagePath),
                   .mode = ReadModeOr(reader, map, 0644),
                   .uid = ReadId(map, "uid"),
                   .gid = ReadId(map, "gid"),
                   .where = map.where()};
  const YamlNode* source = map.Find("source");
  const YamlNode* content = map.Find("content");
  if ((source == nullptr) == (content == nullptr)) {
    reader.Refuse(map.where(),
                  std::string("found ") +
                      (source == nullptr ? "neither 'source' nor 'content'"
                                         : "both 'source' and 'content'") +
                      " in a file, expected one of them");
  }
  if (source != nullptr) file.source = reader.Text(*source, kRelativePath);
  if (content != nullptr) file.content = reader.Text(*content, kAnyText);
  return file;
}

SymlinkSpec ReadSymlink(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a symbolic link", {"path", "target"});
  return {.path = map.Text("path", kImagePath),
          .target = map.Text("target", kLinkTarget),
          .where = map.where()};
}

ModeSpec ReadModeSpec(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a mode", {"path", "mode", "uid", "gid"});
  return {.path = map.Text("path", kImagePath),
          .mode = reader.Mode(map.Need("mode")),
          .uid = ReadId(map, "uid"),
          .gid = ReadId(map, "gid"),
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
          .modes = map.ListOrNone("modes", ReadModeSpec)};
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
               "directories", "files", "symlinks", "modes"});
  return ReadTree(map);
}

InitrdSpec ReadInitrd(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "initrd",
              {"packages", "omit", "include", "exclude", "conflicts",
               "directories", "files", "symlinks", "modes", "modules"});
  return {.tree = ReadTree(map),
          .modules = ReadModules(reader, map),
          .where = map.where()};
}

}  // namespace tally
