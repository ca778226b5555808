#include <algorithm>
#include <set>

#include "common/text.h"
#include "manifests/lock_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxEntries = 2'000'000;

Reasons ReadReasons(YamlReader& reader, const YamlNode& node,
                    const std::string& name) {
  YamlMap map(reader, node, "the reasons of a package",
              {"firmware", "initrd", "kernel", "root", "stub"});
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
// config. Epoch 1 has their digests.
std::vector<LockedScript> ReadScriptDigests(YamlReader& reader,
                                            const YamlNode& node) {
  YamlMap map(reader, node, "the scripts of a package",
              {"config", "postinst", "postrm", "preinst", "prerm"});
  std::vector<LockedScript> scripts;
  for (const YamlEntry& entry : node.entries) {
    scripts.push_back(
        {.name = entry.key, .sha256 = reader.Sha256(entry.value)});
  }
  std::ranges::sort(scripts, {}, &LockedScript::name);
  return scripts;
}

ScriptDisposition ReadDisposition(YamlReader& reader, const YamlNode& node) {
  const std::string name =
      reader.OneOf(node, {"none", "known", "acknowledged"});
  if (name == "known") return ScriptDisposition::kKnown;
  return name == "none" ? ScriptDisposition::kNone
                        : ScriptDisposition::kAcknowledged;
}

std::vector<LockedScript> ReadScripts(YamlReader& reader,
                                      const YamlNode& node) {
  std::vector<LockedScript> scripts;
  Ordered ordered(reader, "script");
  for (const YamlNode& item : reader.Items(node)) {
    YamlMap map(reader, item, "a script",
                {"script", "sha256", "disposition", "actions"});
    scripts.push_back(
        {.name = reader.OneOf(
             map.Need("script"),
             {"config", "postinst", "postrm", "preinst", "prerm", "triggers"}),
         .sha256 = reader.Sha256(map.Need("sha256")),
         .disposition = ReadDisposition(reader, map.Need("disposition")),
         .actions = reader.Texts(map.Need("actions"), kActionText)});
    ordered.Next(item.where, scripts.back().name);
    if (scripts.back().disposition == ScriptDisposition::kNone &&
        !scripts.back().actions.empty()) {
      reader.Refuse(item.where,
                    "found actions of a script with disposition 'none', "
                    "expected none");
    }
  }
  return scripts;
}

LockedPackage ReadPackage(YamlReader& reader, const YamlNode& node, int epoch) {
  const auto keys = [&](std::initializer_list<std::string_view> known) {
    return YamlMap(reader, node, "a package", known);
  };
  YamlMap map =
      epoch == 1
          ? keys({"name", "version", "architecture", "archive", "suite", "path",
                  "size", "sha256", "source", "source_version", "why",
                  "scripts"})
          : keys({"name", "version", "architecture", "archive", "suite", "date",
                  "path", "size", "sha256", "entries", "tree_sha256", "source",
                  "source_version", "why", "scripts"});
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
  if (epoch == 1) {
    package.scripts = ReadScriptDigests(reader, map.Need("scripts"));
    return package;
  }
  package.date = map.Text("date", kUtcTime);
  package.num_entries = map.Number("entries", 0, kMaxEntries);
  package.tree_sha256 = reader.Sha256(map.Need("tree_sha256"));
  package.scripts = ReadScripts(reader, map.Need("scripts"));
  return package;
}

// CheckOrigin: a package is from a suite whose evidence is in the lock, and
// runs on the lock's architecture.
void CheckOrigin(YamlReader& reader, const Location& where, const Lock& lock,
                 const LockedPackage& package) {
  if (package.architecture != "all" &&
      package.architecture != lock.architecture) {
    reader.Refuse(where, "found architecture " + Quote(package.architecture) +
                             " of package " + Quote(package.name) +
                             ", expected 'all' or " + Quote(lock.architecture));
  }
  if (EvidenceFor(lock, package) == nullptr) {
    const std::string date =
        lock.format_epoch > 1 ? " of " + Quote(package.date) : "";
    reader.Refuse(where, "found suite " + Quote(package.suite) + date +
                             " of archive " + Quote(package.archive) +
                             " for package " + Quote(package.name) +
                             ", expected one of the lock's own 'archives'");
  }
}

// FillDate: in epoch 1 a suite has one date.
void FillDate(const Lock& lock, LockedPackage& package) {
  for (const LockedSuite& suite : lock.suites) {
    if (suite.archive == package.archive && suite.suite == package.suite) {
      package.date = suite.date;
    }
  }
}

// CheckEvidenceUsed: where a suite has several entries, each vouched for some
// package. Its only one shows that it was looked at.
void CheckEvidenceUsed(YamlReader& reader, const Location& where,
                       const Lock& lock) {
  std::set<const LockedSuite*> used;
  for (const LockedPackage& package : lock.packages) {
    used.insert(EvidenceFor(lock, package));
  }
  for (const LockedSuite& suite : lock.suites) {
    const auto same = [&](const LockedSuite& other) {
      return other.archive == suite.archive && other.suite == suite.suite;
    };
    if (used.contains(&suite) || std::ranges::count_if(lock.suites, same) < 2) {
      continue;
    }
    reader.Refuse(where, "found no package of suite " + Quote(suite.suite) +
                             " of archive " + Quote(suite.archive) + " of " +
                             Quote(suite.date) +
                             ", expected one, as the suite has other entries");
  }
}

}  // namespace

void Ordered::Next(const Location& where, const std::string& name) {
  if (!first_ && name <= last_) {
    reader_.Refuse(where, "found " + what_ + " " + Quote(name) + " after " +
                              Quote(last_) +
                              ", expected each once, sorted by bytes");
  }
  first_ = false;
  last_ = name;
}

void ReadPackages(YamlReader& reader, const YamlNode& node, Lock& lock) {
  Ordered ordered(reader, "package");
  for (const YamlNode& item : reader.Items(node)) {
    lock.packages.push_back(ReadPackage(reader, item, lock.format_epoch));
    ordered.Next(item.where, lock.packages.back().name);
    if (lock.format_epoch == 1) FillDate(lock, lock.packages.back());
    CheckOrigin(reader, item.where, lock, lock.packages.back());
  }
  CheckEvidenceUsed(reader, node.where, lock);
}

}  // namespace tally
