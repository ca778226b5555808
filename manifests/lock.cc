#include "manifests/lock.h"

#include <algorithm>
#include <set>

#include "common/file.h"
#include "common/hash.h"
#include "common/text.h"
#include "manifests/yaml_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxLockSize = uint64_t{64} << 20;
constexpr uint64_t kSchemaVersion = 1;
constexpr uint64_t kMaxInputSize = uint64_t{1} << 40;

// Archive and suite.
using SuiteNames = std::set<std::pair<std::string, std::string>>;

void CheckVersions(YamlReader& reader, const YamlNode& root) {
  if (root.kind != YamlKind::kMap) {
    reader.RefuseFound(root, "a lock as a map");
    return;
  }
  const auto check = [&](std::string_view key, uint64_t known,
                         std::string_view meaning) {
    for (const YamlEntry& entry : root.entries) {
      if (entry.key != key) continue;
      if (entry.value.text != std::to_string(known) || entry.value.quoted) {
        reader.RefuseFound(entry.value,
                           std::to_string(known) + std::string(meaning));
      }
      return;
    }
    reader.Refuse(root.where,
                  "found no key " + Quote(key) + " in the lock, expected one");
  };
  check("lock", kSchemaVersion, ", the lock version that this tally reads");
  check("format_epoch", kFormatEpoch,
        ", the format epoch that this tally knows");
}

// Ordered refuses a name that does not come after the one before it.
class Ordered {
 public:
  Ordered(YamlReader& reader, std::string_view what)
      : reader_(reader), what_(what) {}

  void Next(const Location& where, const std::string& name) {
    if (!first_ && name <= last_) {
      reader_.Refuse(where, "found " + what_ + " " + Quote(name) + " after " +
                                Quote(last_) +
                                ", expected each once, sorted by bytes");
    }
    first_ = false;
    last_ = name;
  }

 private:
  YamlReader& reader_;
  std::string what_;
  bool first_ = true;
  std::string last_;
};

std::vector<LockedIndex> ReadIndexes(YamlReader& reader, const YamlNode& node) {
  std::vector<LockedIndex> indexes;
  Ordered ordered(reader, "index");
  for (const YamlNode& item : reader.Items(node)) {
    YamlMap map(reader, item, "an index", {"path", "sha256"});
    indexes.push_back({.path = map.Text("path", kRelativePath),
                       .sha256 = reader.Sha256(map.Need("sha256"))});
    ordered.Next(item.where, indexes.back().path);
  }
  if (indexes.empty()) {
    reader.Refuse(node.where, "found no indexes, expected one or more");
  }
  return indexes;
}

std::vector<std::string> ReadSigners(YamlReader& reader, const YamlNode& node) {
  std::vector<std::string> signers;
  Ordered ordered(reader, "fingerprint");
  for (const YamlNode& item : reader.Items(node)) {
    signers.push_back(reader.Text(item, kFingerprint));
    ordered.Next(item.where, signers.back());
  }
  if (signers.empty()) {
    reader.Refuse(node.where, "found no fingerprints, expected one or more");
  }
  return signers;
}

LockedSuite ReadSuite(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an archive",
              {"archive", "suite", "origin", "codename", "date",
               "inrelease_sha256", "signed_by", "indexes"});
  return {.archive = map.Text("archive", kArchiveName),
          .suite = map.Text("suite", kSuiteName),
          .origin = map.Text("origin", kPrintable),
          .codename = map.Text("codename", kSuiteName),
          .date = map.Text("date", kUtcTime),
          .inrelease_sha256 = reader.Sha256(map.Need("inrelease_sha256")),
          .signed_by = ReadSigners(reader, map.Need("signed_by")),
          .indexes = ReadIndexes(reader, map.Need("indexes"))};
}

std::vector<LockedSuite> ReadSuites(YamlReader& reader, const YamlNode& node) {
  std::vector<LockedSuite> suites;
  SuiteNames seen;
  for (const YamlNode& item : reader.Items(node)) {
    suites.push_back(ReadSuite(reader, item));
    const LockedSuite& suite = suites.back();
    if (!seen.emplace(suite.archive, suite.suite).second) {
      reader.Refuse(item.where, "found suite " + Quote(suite.suite) +
                                    " of archive " + Quote(suite.archive) +
                                    " again, expected it once");
    }
  }
  return suites;
}

Reasons ReadReasons(YamlReader& reader, const YamlNode& node,
                    const std::string& name) {
  YamlMap map(reader, node, "the reasons of a package",
              {"firmware", "initrd", "kernel", "root"});
  Reasons why;
  for (const YamlEntry& entry : node.entries) {
    const std::string chain = reader.Text(entry.value, kPackageChain);
    if (chain != name && !chain.ends_with(" > " + name)) {
      reader.RefuseFound(entry.value,
                         "a chain of packages that ends in " + Quote(name));
    }
    why[entry.key] = chain;
  }
  if (why.empty()) {
    reader.Refuse(node.where,
                  "found no reasons of a package, expected one or "
                  "more");
  }
  return why;
}

// The scripts that dpkg runs: deb-preinst(5) and its neighbours, and debconf's
// config.
std::map<std::string, Sha256Digest> ReadScripts(YamlReader& reader,
                                                const YamlNode& node) {
  YamlMap map(reader, node, "the scripts of a package",
              {"config", "postinst", "postrm", "preinst", "prerm"});
  std::map<std::string, Sha256Digest> scripts;
  for (const YamlEntry& entry : node.entries) {
    scripts[entry.key] = reader.Sha256(entry.value);
  }
  return scripts;
}

LockedPackage ReadPackage(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a package",
              {"name", "version", "architecture", "archive", "suite", "path",
               "size", "sha256", "source", "source_version", "why", "scripts"});
  LockedPackage package = {
      .name = map.Text("name", kPackageName),
      .version = map.Text("version", kPackageVersion),
      .architecture =
          reader.OneOf(map.Need("architecture"), {"all", "amd64", "arm64"}),
      .archive = map.Text("archive", kArchiveName),
      .suite = map.Text("suite", kSuiteName),
      .path = map.Text("path", kRelativePath),
      .size_bytes = map.Number("size", 1, kMaxInputSize),
      .sha256 = reader.Sha256(map.Need("sha256")),
      .source = map.Text("source", kPackageName),
      .source_version = map.Text("source_version", kPackageVersion)};
  package.why = ReadReasons(reader, map.Need("why"), package.name);
  package.scripts = ReadScripts(reader, map.Need("scripts"));
  return package;
}

// CheckOrigin: a package is from a suite whose evidence is in the lock, and
// runs on the lock's architecture.
void CheckOrigin(YamlReader& reader, const Location& where, const Lock& lock,
                 const SuiteNames& suites, const LockedPackage& package) {
  if (package.architecture != "all" &&
      package.architecture != lock.architecture) {
    reader.Refuse(where, "found architecture " + Quote(package.architecture) +
                             " of package " + Quote(package.name) +
                             ", expected 'all' or " + Quote(lock.architecture));
  }
  if (!suites.contains({package.archive, package.suite})) {
    reader.Refuse(where, "found suite " + Quote(package.suite) +
                             " of archive " + Quote(package.archive) +
                             " for package " + Quote(package.name) +
                             ", expected one of the lock's own 'archives'");
  }
}

void ReadPackages(YamlReader& reader, const YamlNode& node, Lock& lock) {
  SuiteNames suites;
  for (const LockedSuite& suite : lock.suites) {
    suites.emplace(suite.archive, suite.suite);
  }
  Ordered ordered(reader, "package");
  for (const YamlNode& item : reader.Items(node)) {
    lock.packages.push_back(ReadPackage(reader, item));
    ordered.Next(item.where, lock.packages.back().name);
    CheckOrigin(reader, item.where, lock, suites, lock.packages.back());
  }
}

void ReadFiles(YamlReader& reader, const YamlNode& node, Lock& lock) {
  Ordered ordered(reader, "file");
  for (const YamlNode& item : reader.Items(node)) {
    YamlMap map(reader, item, "a file", {"path", "size", "sha256"});
    lock.files.push_back({.path = map.Text("path", kRelativePath),
                          .size_bytes = map.Number("size", 0, kMaxInputSize),
                          .sha256 = reader.Sha256(map.Need("sha256"))});
    ordered.Next(item.where, lock.files.back().path);
  }
}

// CheckCanonical: what was read has one text, and that must be it. So a diff
// shows every change and nothing else, and the lock digest is that of the
// facts.
Status CheckCanonical(const Lock& lock, std::string_view text) {
  const std::string canonical = FormatLock(lock);
  if (canonical == text) return Ok();
  const std::vector<std::string> found = Split(text, '\n');
  const std::vector<std::string> expected = Split(canonical, '\n');
  size_t line = 0;
  while (line < found.size() && line < expected.size() &&
         found[line] == expected[line]) {
    ++line;
  }
  // A text that ends in a line feed splits into its lines and one empty part.
  const auto show = [&](const std::vector<std::string>& lines) {
    if (line >= lines.size()) return std::string("no line feed");
    if (line + 1 == lines.size()) return std::string("the end of the file");
    return Quote(lines[line]);
  };
  const Location where = {.line = static_cast<int>(line + 1), .column = 1};
  return InputError(AtLine(lock.path, where) + ": found " + show(found) +
                    ", expected " + show(expected))
      .Hint("a lock is written by tally lock, not by hand");
}

}  // namespace

Result<Lock> ParseLock(std::string_view text,
                       const std::filesystem::path& path) {
  TALLY_ASSIGN(const YamlNode root,
               ParseYaml(text, path, YamlFlow::kEmptyOnly));
  YamlReader reader(path);
  CheckVersions(reader, root);

  YamlMap map(reader, root, "the lock",
              {"lock", "format_epoch", "architecture", "archives", "packages",
               "files"});
  Lock lock = {.path = path,
               .sha256 = Sha256(AsBytes(text)),
               .architecture =
                   reader.OneOf(map.Need("architecture"), {"amd64", "arm64"}),
               .suites = ReadSuites(reader, map.Need("archives"))};
  ReadPackages(reader, map.Need("packages"), lock);
  ReadFiles(reader, map.Need("files"), lock);
  TALLY_TRY(reader.status());

  TALLY_TRY(CheckCanonical(lock, text));
  return lock;
}

Result<Lock> LoadLock(const std::filesystem::path& path) {
  TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxLockSize));
  return ParseLock(text, path);
}

std::filesystem::path LockPathFor(const std::filesystem::path& manifest_path) {
  return manifest_path.parent_path() / "lock.yaml";
}

std::vector<const LockedPackage*> PackagesOf(const Lock& lock,
                                             const std::string& tree) {
  std::vector<const LockedPackage*> packages;
  for (const LockedPackage& package : lock.packages) {
    if (package.why.contains(tree)) packages.push_back(&package);
  }
  return packages;
}

}  // namespace tally
