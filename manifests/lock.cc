#include "manifests/lock.h"

#include <algorithm>
#include <set>

#include "common/file.h"
#include "common/hash.h"
#include "common/text.h"
#include "manifests/lock_reader.h"
#include "manifests/system_reader.h"
#include "manifests/yaml_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxLockSize = uint64_t{64} << 20;

// ReadVersion returns the version of the text, which is the format epoch as
// well; another one may have other keys and rules, so it comes first.
int ReadVersion(YamlReader& reader, const YamlNode& root) {
  if (root.kind != YamlKind::kMap) {
    reader.RefuseFound(root, "a lock as a map");
    return kFormatEpoch;
  }
  const auto read = [&](std::string_view key, int min, int max,
                        const std::string& meaning) {
    for (const YamlEntry& entry : root.entries) {
      if (entry.key != key) continue;
      for (int number = min; number <= max && !entry.value.quoted; ++number) {
        if (entry.value.text == std::to_string(number)) return number;
      }
      reader.RefuseFound(entry.value, meaning);
      return max;
    }
    reader.Refuse(root.where,
                  "found no key " + Quote(key) + " in the lock, expected one");
    return max;
  };
  const int version = read("lock", kOldestFormatEpoch, kFormatEpoch,
                           "1 or 2, the lock versions that this tally reads");
  return read("format_epoch", version, version,
              std::to_string(version) +
                  ", the format epoch of a lock of version " +
                  std::to_string(version));
}

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

// ReadSuites: the evidence of one suite stands together, by date. Epoch 1 has
// one date only.
std::vector<LockedSuite> ReadSuites(YamlReader& reader, const YamlNode& node,
                                    int epoch) {
  std::vector<LockedSuite> suites;
  std::set<std::pair<std::string, std::string>> seen;
  for (const YamlNode& item : reader.Items(node)) {
    suites.push_back(ReadSuite(reader, item));
    const LockedSuite& suite = suites.back();
    if (seen.emplace(suite.archive, suite.suite).second) continue;
    const std::string found = "found suite " + Quote(suite.suite) +
                              " of archive " + Quote(suite.archive);
    if (epoch == 1) {
      reader.Refuse(item.where, found + " again, expected it once");
      continue;
    }
    const LockedSuite& last = suites[suites.size() - 2];
    if (last.archive != suite.archive || last.suite != suite.suite) {
      reader.Refuse(item.where,
                    found + " again, expected it after its first entry");
    } else if (last.date >= suite.date) {
      reader.Refuse(item.where, found + " of " + Quote(suite.date) +
                                    " after that of " + Quote(last.date) +
                                    ", expected each date once, sorted");
    }
  }
  return suites;
}

std::map<std::string, uint32_t> ReadIds(YamlReader& reader,
                                        const YamlNode& node,
                                        std::string_view what) {
  std::map<std::string, uint32_t> ids;
  if (node.kind != YamlKind::kMap) reader.RefuseFound(node, "a map of ids");
  for (const YamlEntry& entry : node.entries) {
    if (!kAccountName.accepts(entry.key)) {
      reader.Refuse(entry.where, "found " + std::string(what) + " " +
                                     Quote(entry.key) + ", expected " +
                                     std::string(kAccountName.expected));
    }
    ids[entry.key] =
        static_cast<uint32_t>(reader.Number(entry.value, 0, kMaxAccountId));
  }
  return ids;
}

LockedAccounts ReadAccounts(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "the accounts", {"users", "groups"});
  return {.users = ReadIds(reader, map.Need("users"), "user"),
          .groups = ReadIds(reader, map.Need("groups"), "group")};
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
  const int epoch = ReadVersion(reader, root);
  TALLY_TRY(reader.status());

  const auto keys = [&](std::initializer_list<std::string_view> known) {
    return YamlMap(reader, root, "the lock", known);
  };
  YamlMap map = epoch == 1 ? keys({"lock", "format_epoch", "architecture",
                                   "archives", "packages", "files"})
                           : keys({"lock", "format_epoch", "architecture",
                                   "archives", "packages", "accounts", "files",
                                   "downloads", "directories", "oci_images"});
  Lock lock = {.path = path,
               .sha256 = Sha256(AsBytes(text)),
               .format_epoch = epoch,
               .architecture =
                   reader.OneOf(map.Need("architecture"), {"amd64", "arm64"}),
               .suites = ReadSuites(reader, map.Need("archives"), epoch)};
  if (epoch > 1) lock.accounts = ReadAccounts(reader, map.Need("accounts"));
  ReadPackages(reader, map.Need("packages"), lock);
  ReadFiles(reader, map.Need("files"), lock);
  ReadLockedSources(reader, map, lock);
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

const LockedSuite* EvidenceFor(const Lock& lock, const LockedPackage& package) {
  for (const LockedSuite& suite : lock.suites) {
    if (suite.archive == package.archive && suite.suite == package.suite &&
        suite.date == package.date) {
      return &suite;
    }
  }
  return nullptr;
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
