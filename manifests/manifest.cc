#include "manifests/manifest.h"

#include <algorithm>

#include "common/file.h"
#include "common/hash.h"
#include "common/text.h"
#include "manifests/manifest_checks.h"
#include "manifests/source_reader.h"
#include "manifests/system_reader.h"
#include "manifests/target_reader.h"
#include "manifests/tree_reader.h"
#include "manifests/yaml_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxManifestSize = 1u << 20;
constexpr uint64_t kSchemaVersion = 1;
// Every image has an initrd, and cpio has no room for times after 2106.
constexpr uint64_t kMaxSourceDateEpoch = 0xffffffff;
constexpr std::string_view kDefaultKeyring =
    "/usr/share/keyrings/debian-archive-keyring.gpg";

// The version comes first: another one may have other keys and rules.
void CheckSchemaVersion(YamlReader& reader, const YamlNode& root) {
  if (root.kind != YamlKind::kMap) {
    reader.RefuseFound(root, "a manifest as a map");
    return;
  }
  for (const YamlEntry& entry : root.entries) {
    if (entry.key != "tally") continue;
    if (entry.value.kind != YamlKind::kScalar || entry.value.quoted ||
        entry.value.text != std::to_string(kSchemaVersion)) {
      reader.RefuseFound(entry.value,
                         "1, the schema version that this tally reads");
    }
    return;
  }
  reader.Refuse(root.where,
                "found no key 'tally' in the manifest, expected 'tally: 1'");
}

ArchiveSpec ReadArchive(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an archive",
              {"name", "suites", "components", "keyring", "allow_expired"});
  ArchiveSpec archive = {
      .name = map.Text("name", kArchiveName),
      .suites = reader.UniqueTexts(map.Need("suites"), kSuiteName),
      .components = {"main"},
      .keyring = map.TextOr("keyring", kKeyringPath, kDefaultKeyring),
      .allow_expired = map.FlagOr("allow_expired", false),
      .where = map.where()};
  if (archive.suites.empty()) {
    reader.Refuse(map.where(),
                  "found no suites in an archive, expected one or more");
  }
  if (const YamlNode* components = map.Find("components")) {
    archive.components = reader.UniqueTexts(*components, kComponentName);
    if (archive.components.empty()) {
      reader.Refuse(components->where,
                    "found no components in an archive, expected one or more");
    }
  }
  return archive;
}

FirmwareSpec ReadFirmware(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "firmware", {"package", "file", "vars"});
  FirmwareSpec firmware = {
      .package = ReadPackageRequest(reader, map.Need("package")),
      .file = map.Text("file", kImagePath)};
  if (const YamlNode* vars = map.Find("vars")) {
    firmware.vars = reader.Text(*vars, kImagePath);
  }
  return firmware;
}

KernelSpec ReadKernel(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "kernel", {"package", "image"});
  return {.package = ReadPackageRequest(reader, map.Need("package")),
          .image = map.Text("image", kImagePath)};
}

PayloadSpec ReadPayload(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "payload", {"run", "mode"});
  PayloadSpec payload = {.run = reader.Texts(map.Need("run"), kArgument),
                         .where = map.where()};
  if (payload.run.empty()) {
    reader.Refuse(map.where(),
                  "found an empty 'run' in payload, expected a program and its "
                  "arguments");
  } else {
    // The program's rule is stricter than that of its arguments.
    reader.Text(map.Need("run").items[0], kImagePath);
  }
  if (const YamlNode* mode = map.Find("mode")) {
    payload.mode = reader.OneOf(*mode, {"service", "pid1"}) == "pid1"
                       ? PayloadMode::kPid1
                       : PayloadMode::kService;
  }
  return payload;
}

DiskSpec ReadDisk(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "disk", {"cmdline"});
  return {.cmdline = map.Text("cmdline", kDiskCommandLine)};
}

UkiSpec ReadUki(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "uki", {"package", "stub"});
  return {.package = ReadPackageRequest(reader, map.Need("package")),
          .stub = map.Text("stub", kImagePath),
          .where = map.where()};
}

EifSpec ReadEif(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "eif", {"cmdline"});
  return {.cmdline = map.Text("cmdline", kCommandLine)};
}

void ReadSections(YamlReader& reader, YamlMap& map, Manifest& manifest) {
  const YamlNode& archives = map.Need("archives");
  manifest.archives = map.ListOrNone("archives", ReadArchive);
  if (manifest.archives.empty()) {
    reader.Refuse(archives.where, "found no archives, expected one or more");
  }
  manifest.prefer = map.UniqueTextsOrNone("prefer", kPackageName);
  if (const YamlNode* node = map.Find("firmware")) {
    manifest.firmware = ReadFirmware(reader, *node);
  }
  manifest.kernel = ReadKernel(reader, map.Need("kernel"));
  manifest.initrd = ReadInitrd(reader, map.Need("initrd"));
  manifest.root = ReadRootTree(reader, map.Need("root"));
  manifest.downloads = map.ListOrNone("downloads", ReadDownload);
  manifest.oci_images = map.ListOrNone("oci_images", ReadOciImage);
  manifest.volumes = map.ListOrNone("volumes", ReadVolume);
  if (const YamlNode* node = map.Find("system")) {
    manifest.system = ReadSystem(reader, *node);
  }
  manifest.payload = ReadPayload(reader, map.Need("payload"));
  if (const YamlNode* node = map.Find("disk")) {
    manifest.disk = ReadDisk(reader, *node);
  }
  if (const YamlNode* node = map.Find("uki")) {
    manifest.uki = ReadUki(reader, *node);
  }
  if (const YamlNode* node = map.Find("eif")) {
    manifest.eif = ReadEif(reader, *node);
  }
  manifest.targets = map.ListOrNone("targets", ReadTarget);
}

}  // namespace

Result<Manifest> ParseManifest(std::string_view text,
                               const std::filesystem::path& path) {
  TALLY_ASSIGN(const YamlNode root, ParseYaml(text, path, YamlFlow::kAny));
  YamlReader reader(path);
  CheckSchemaVersion(reader, root);

  YamlMap map(reader, root, "the manifest", {"tally",
                                             "name",
                                             "version",
                                             "architecture",
                                             "source_date_epoch",
                                             "archives",
                                             "prefer",
                                             "firmware",
                                             "kernel",
                                             "initrd",
                                             "root",
                                             "downloads",
                                             "oci_images",
                                             "volumes",
                                             "system",
                                             "payload",
                                             "disk",
                                             "uki",
                                             "eif",
                                             "targets"});
  Manifest manifest = {.path = path,
                       .sha256 = Sha256(AsBytes(text)),
                       .name = map.Text("name", kReleaseName),
                       .version = map.Text("version", kReleaseVersion),
                       .architecture = reader.OneOf(map.Need("architecture"),
                                                    {"amd64", "arm64"}),
                       .source_date_epoch = static_cast<int64_t>(map.Number(
                           "source_date_epoch", 0, kMaxSourceDateEpoch))};
  ReadSections(reader, map, manifest);
  TALLY_TRY(reader.status());

  // From here on every value is well formed; the rest is how they agree.
  TALLY_TRY(CheckManifest(manifest));
  return manifest;
}

Result<Manifest> LoadManifest(const std::filesystem::path& path) {
  TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxManifestSize));
  return ParseManifest(text, path);
}

std::vector<const TreeSpec*> TreesOf(const Manifest& manifest) {
  std::vector<const TreeSpec*> trees = {&manifest.initrd.tree, &manifest.root};
  for (const VolumeSpec& volume : manifest.volumes) {
    trees.push_back(&volume.tree);
  }
  return trees;
}

std::map<std::string, Location> DirectoriesOf(const Manifest& manifest) {
  std::map<std::string, Location> directories;
  for (const TreeSpec* tree : TreesOf(manifest)) {
    for (const TreeSourceSpec& x : tree->trees) {
      if (x.directory) directories.emplace(*x.directory, x.where);
    }
  }
  for (const TargetSpec& x : manifest.targets) {
    if (x.tdx && x.tdx->acpi) directories.emplace(*x.tdx->acpi, x.where);
  }
  return directories;
}

std::string At(const Manifest& manifest, const Location& where) {
  return AtLine(manifest.path, where);
}

}  // namespace tally
