// Hostile and damaged bundles. Good ones: tests/cli/scripts/bundle.txt.
#include "builder/input_bundle.h"

#include <gtest/gtest.h>

#include "builder/locked_inputs.h"
#include "common/hash.h"
#include "formats/tar.h"
#include "manifests/manifest.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;

constexpr char kManifestText[] = R"(tally: 1
name: tiny
version: "1.0"
architecture: amd64
source_date_epoch: 1700000000
archives:
  - {name: debian, suites: [bookworm], keyring: keyring.gpg}
kernel: {package: kernel, image: /boot/vmlinuz}
initrd: {packages: [], modules: []}
root:
  packages: []
  files:
    - {path: /usr/bin/run, source: run.sh, mode: "0755"}
payload: {run: [/usr/bin/run]}
disk: {cmdline: quiet}
)";

const std::string kSource = "#!/bin/sh\n";
const std::string kPackage = "not a package, but these bytes";
const std::string kInRelease = "signed";
const std::string kIndex = "Package: kernel\n";

Lock SampleLock() {
  Lock lock = {.architecture = "amd64"};
  lock.suites = {{.archive = "debian",
                  .suite = "bookworm",
                  .origin = "Debian",
                  .codename = "bookworm",
                  .date = "2026-07-11T10:16:37Z",
                  .inrelease_sha256 = Sha256(AsBytes(kInRelease)),
                  .signed_by = {"4CB50190207B4758A3F73A796ED0E7B82643E131"},
                  .indexes = {{.path = "main/binary-amd64/Packages",
                               .sha256 = Sha256(AsBytes(kIndex))}}}};
  lock.packages = {{.name = "kernel",
                    .version = "1.0",
                    .architecture = "amd64",
                    .archive = "debian",
                    .suite = "bookworm",
                    .date = "2026-07-11T10:16:37Z",
                    .path = "pool/kernel.deb",
                    .size_bytes = kPackage.size(),
                    .sha256 = Sha256(AsBytes(kPackage)),
                    .source = "kernel",
                    .source_version = "1.0",
                    .why = {{"kernel", "kernel"}}}};
  lock.files = {{.path = "run.sh",
                 .size_bytes = kSource.size(),
                 .sha256 = Sha256(AsBytes(kSource))}};
  return lock;
}

struct Entry {
  TarHeader header;
  std::string content;
};

class InputBundle : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.Write("m/manifest.yaml", std::string_view(kManifestText));
    scratch_.Write("m/run.sh", std::string_view(kSource));
    for (const std::string& text : {kPackage, kInRelease, kIndex}) {
      ASSERT_TRUE(store_.Put(AsBytes(text)));
    }
  }

  Result<Bytes> Export(BundledEvidence evidence = BundledEvidence::kWith) {
    TALLY_ASSIGN(const Manifest manifest,
                 LoadManifest(scratch_.path() / "m/manifest.yaml"));
    const Lock lock = SampleLock();
    BufferSink sink;
    TALLY_TRY(WriteInputBundle({.manifest = manifest,
                                .lock = lock,
                                .store = store_,
                                .local_files = scratch_.path() / "m",
                                .evidence = evidence},
                               sink));
    return std::move(sink).Take();
  }
  std::vector<Entry> Entries() {
    const Bytes bundle = Export().value();
    TarReader reader(bundle);
    std::vector<Entry> entries;
    while (const auto entry = reader.Next().value()) {
      entries.push_back({entry->header, std::string(AsText(entry->content))});
    }
    return entries;
  }
  static Bytes Pack(const std::vector<Entry>& entries) {
    BufferSink sink;
    TarWriter writer(sink);
    for (Entry entry : entries) {
      entry.header.size_bytes = entry.content.size();
      EXPECT_TRUE(writer.Add(entry.header, AsBytes(entry.content)));
    }
    EXPECT_TRUE(writer.Finish());
    return std::move(sink).Take();
  }
  // ImportError returns what an import says, and that nothing came of it.
  std::string ImportError(const std::vector<Entry>& entries) {
    const Scratch other;
    Store store = Store::Open(other.path() / "store").value();
    fs::create_directory(other.path() / "out");
    const auto report =
        ReadInputBundle(Pack(entries), store, other.path() / "out");
    return report ? "" : report.error().ToString();
  }

  const Scratch scratch_;
  Store store_ = Store::Open(scratch_.path() / "store").value();
};

TEST_F(InputBundle, ImportsWhatItExported) {
  const Result<Bytes> bundle = Export();
  ASSERT_TRUE(bundle) << bundle.error().ToString();
  EXPECT_EQ(*Export(), *bundle);
  const Scratch other;
  Store store = Store::Open(other.path() / "store").value();
  fs::create_directory(other.path() / "out");
  const auto report = ReadInputBundle(*bundle, store, other.path() / "out");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->name, "tiny");
  EXPECT_EQ(report->num_added, 3u);
  EXPECT_TRUE(report->has_evidence);
  EXPECT_EQ(AsText(test::MustRead(other.path() / "out/run.sh")), kSource);
  EXPECT_EQ(AsText(test::MustRead(other.path() / "out/lock.yaml")),
            FormatLock(SampleLock()));
  for (const StoredInput& input : InputsOf(SampleLock())) {
    EXPECT_TRUE(store.Verify(input.sha256, input.size_bytes));
  }
  EXPECT_EQ(ReadInputBundle(*bundle, store, "")->num_present, 3u);
}

TEST_F(InputBundle, LeavesOutEvidenceIfAsked) {
  const Scratch other;
  Store store = Store::Open(other.path() / "store").value();
  const auto report =
      ReadInputBundle(*Export(BundledEvidence::kWithout), store, "");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->num_added, 1u);
  EXPECT_FALSE(report->has_evidence);
}

TEST_F(InputBundle, NamesWhatTheStoreLacks) {
  const Sha256Digest index = Sha256(AsBytes(kIndex));
  fs::remove(store_.EntryPath(index));
  EXPECT_EQ(Export().error().ToString(),
            "'debian dists/bookworm/main/binary-amd64/Packages' is not in the "
            "store");
  fs::remove(store_.EntryPath(Sha256(AsBytes(kPackage))));
  EXPECT_EQ(Export(BundledEvidence::kWithout).error().ToString(),
            "'kernel 1.0 amd64' is not in the store whole");
}

TEST_F(InputBundle, RejectsOtherContents) {
  for (size_t i = 1; i < Entries().size(); ++i) {
    std::vector<Entry> entries = Entries();
    entries[i].content[0] ^= 1;
    const std::string error = ImportError(entries);
    EXPECT_NE(error.find("'" + entries[i].header.name + "'\n  expected "),
              std::string::npos)
        << error;
  }
}

TEST_F(InputBundle, RejectsMissingEntries) {
  const std::vector<Entry> all = Entries();
  for (size_t i = 0; i < all.size(); ++i) {
    std::vector<Entry> entries = all;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string error = ImportError(entries);
    EXPECT_NE(error.find("expected '" + all[i].header.name + "'"),
              std::string::npos)
        << error;
  }
}

TEST_F(InputBundle, RejectsEntriesThatNobodyCallsFor) {
  std::vector<Entry> entries = Entries();
  Entry more = entries.back();
  more.header.name = "store/" + std::string(64, 'f');
  entries.push_back(more);
  const std::string error = ImportError(entries);
  EXPECT_NE(error.find("found 'store/ffff"), std::string::npos) << error;
  EXPECT_NE(error.find(", expected the end of the bundle"), std::string::npos);

  entries = Entries();
  more = entries[3];
  more.header.name = "sources/a";
  entries.insert(entries.begin() + 3, more);
  EXPECT_NE(ImportError(entries).find("expected 'sources/run.sh'"),
            std::string::npos);
}

TEST_F(InputBundle, RejectsLargerEntries) {
  std::vector<Entry> entries = Entries();
  entries[3].content += "x";
  EXPECT_EQ(ImportError(entries),
            "'sources/run.sh' has 11 bytes, expected at most 10");
}

TEST_F(InputBundle, RejectsOtherTimes) {
  std::vector<Entry> entries = Entries();
  entries[2].header.mtime = 1;
  EXPECT_EQ(ImportError(entries),
            "'manifest.yaml' has time 1, expected 1700000000 as all files of "
            "the bundle");
  entries = Entries();
  for (Entry& entry : entries) entry.header.mtime = 1;
  EXPECT_EQ(ImportError(entries),
            "the files of the bundle have time 1, expected 1700000000, the "
            "manifest's source_date_epoch");
}

TEST_F(InputBundle, RejectsAnotherVersionAndSpelling) {
  std::vector<Entry> entries = Entries();
  std::string& json = entries[0].content;
  json.replace(json.find("\"tally_bundle\":1"), 16, "\"tally_bundle\":2");
  EXPECT_EQ(ImportError(entries), "bundle.json: tally_bundle is 2, expected 1");
  entries = Entries();
  entries[0].content += "\n";
  EXPECT_EQ(ImportError(entries),
            "bundle.json: found another spelling, expected canonical JSON (RFC "
            "8785) and one newline");
}

}  // namespace
}  // namespace tally
