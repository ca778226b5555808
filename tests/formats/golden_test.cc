// The byte forms of every writer, held against what this format epoch has
// always written. A difference here needs a new epoch, never a new golden
// value.

#include <gtest/gtest.h>

#include <cstdlib>

#include "common/hash.h"
#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"
#include "tests/formats/sample_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr char kGolden[] = "tests/golden/format-epoch-1.txt";

// GoldenTree has one of everything: sizes around block borders, links, modes.
test::SampleTree GoldenTree() {
  test::SampleTree tree;
  tree.Directory("dir", 01777);
  tree.File("dir/empty", "");
  tree.File("dir/small", "hello\n", 04755).uid = 7;
  tree.File("dir/block", std::string(4096, 'b'));
  tree.File("dir/tail", std::string(10000, 't')).gid = 70000;
  tree.HardLink("dir/tail-link", "dir/tail");
  tree.Symlink("link", "dir/small");
  for (int i = 0; i < 300; ++i) {
    tree.File("dir/many-" + std::to_string(1000 + i), std::to_string(i));
  }
  return tree;
}

std::string DigestOf(const BufferSink& sink) {
  return Sha256(sink.bytes()).hex();
}

// Lines returns "<writer> <sha256>" for every writer.
std::string Lines() {
  const test::SampleTree tree = GoldenTree();
  const FileList files = tree.Build();
  const Uuid uuid = DeriveUuid(AsBytes("seed"), "golden");
  std::string lines;
  BufferSink cpio;
  EXPECT_TRUE(WriteCpio(files, cpio));
  lines += "cpio " + DigestOf(cpio) + "\n";

  BufferSink erofs;
  EXPECT_TRUE(WriteErofs(
      files, {.uuid = uuid, .volume_name = "golden", .build_time = 1700000000},
      erofs));
  lines += "erofs " + DigestOf(erofs) + "\n";

  VerityBuilder verity({.uuid = uuid, .salt = {1, 2, 3}});
  EXPECT_TRUE(verity.Append(erofs.bytes()));
  BufferSink hashes;
  const Result<VerityRootHash> root = verity.Finish(hashes);
  EXPECT_TRUE(root);
  lines += "dm-verity " + DigestOf(hashes) + "\n";

  const Result<GptPlan> gpt =
      PlanGpt(uuid, {{.type_guid = kGptRootX86_64,
                      .unique_guid = DeriveUuid(AsBytes("seed"), "part"),
                      .name = "root",
                      .size_bytes = 4096,
                      .attributes = kGptReadOnly}});
  EXPECT_TRUE(gpt);
  lines += "gpt-primary " + Sha256(gpt->primary).hex() + "\n";
  lines += "gpt-backup " + Sha256(gpt->backup).hex() + "\n";

  const std::string metadata = FormatEifMetadata({.image_name = "golden",
                                                  .image_version = "1",
                                                  .build_time = "now",
                                                  .build_tool = "tally",
                                                  .build_tool_version = "1",
                                                  .operating_system = "Linux",
                                                  .kernel_version = "6"});
  const Result<Bytes> eif =
      EncodeEif(MakeEif(EifArchitecture::kX86_64,
                        {.kernel = AsBytes("kernel"),
                         .cmdline = "console=ttyS0",
                         .metadata = metadata,
                         .ramdisks = {AsBytes("one"), AsBytes("two")}}));
  EXPECT_TRUE(eif);
  return lines + "eif " + Sha256(*eif).hex() + "\n";
}

TEST(FormatEpoch1, WritesTheSameBytesForEver) {
  const std::string lines = Lines();
  const fs::path golden = test::SourcePath(kGolden);
  if (std::getenv("TALLY_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomic(golden, AsBytes(lines)));
    GTEST_SKIP() << "rewrote " << kGolden;
  }
  EXPECT_EQ(lines, AsText(test::MustRead(golden)));
}

}  // namespace
}  // namespace tally
