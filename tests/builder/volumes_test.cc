#include "builder/volumes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"
#include "formats/erofs.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;
using testing::HasSubstr;

Manifest SampleManifest() {
  Manifest manifest;
  manifest.path = "m.yaml";
  manifest.source_date_epoch = 1735689600;
  VolumeSpec volume;
  volume.name = "weights";
  volume.path = "/srv/weights";
  volume.tree.files.push_back({.path = "/lib/x", .content = "hello"});
  volume.tree.files.push_back({.path = "/big", .source = "big"});
  manifest.volumes.push_back(volume);
  return manifest;
}

class Volumes : public testing::Test {
 protected:
  void SetUp() override {
    Bytes big(9 << 20);
    for (size_t i = 0; i < big.size(); ++i) {
      big[i] = static_cast<uint8_t>(i / 4096);
    }
    sources_.local_files["big"] =
        sources_.mapped.Map(scratch_.Write("big", big)).value();
    fs::create_directory(scratch_.path() / "out");
  }
  Result<std::vector<VolumeBinding>> Write() {
    TALLY_ASSIGN(const auto trees, AssembleVolumes(manifest_, sources_));
    return WriteVolumes(manifest_, lock_, sources_, trees,
                        scratch_.path() / "out");
  }

  Scratch scratch_;
  Manifest manifest_ = SampleManifest();
  Lock lock_ = {.path = "lock.yaml", .sha256 = Sha256(AsBytes("lock"))};
  Sources sources_;
};

TEST_F(Volumes, AreDisksThatTheirWordBinds) {
  const auto bindings = Write();
  ASSERT_TRUE(bindings) << bindings.error().ToString();
  ASSERT_EQ(bindings->size(), 1u);
  const VolumeBinding& binding = bindings->front();
  EXPECT_EQ(binding.mount, "/srv/weights");
  const Bytes disk =
      test::MustRead(scratch_.path() / "out" / "volume-weights.img");
  const auto data = CheckVolumeDisk(binding, disk);
  ASSERT_TRUE(data) << data.error().ToString();
  const auto image = ReadErofs(*data);
  ASSERT_TRUE(image) << image.error().ToString();
  ASSERT_EQ(image->files.size(), 4u);
  EXPECT_EQ(image->files[1].path, "big");
  EXPECT_EQ(Sha256(image->files[1].content),
            sources_.local_files["big"].sha256);
  // A volume is no system: /lib stays where it is.
  EXPECT_EQ(image->files[3].path, "lib/x");

  Bytes other = disk;
  other[2 << 20] ^= 1;
  EXPECT_FALSE(CheckVolumeDisk(binding, other));
  VolumeBinding wrong = binding;
  wrong.data = binding.hashes;
  EXPECT_EQ(CheckVolumeDisk(wrong, disk).error().message(),
            "'volume-weights.img' has other partitions than the command line "
            "names");
}

TEST_F(Volumes, WordsAreReadBack) {
  const auto bindings = Write();
  ASSERT_TRUE(bindings) << bindings.error().ToString();
  const std::string word = VolumeWord(bindings->front());
  EXPECT_THAT(word, testing::StartsWith("tally.volume=weights:"));
  EXPECT_THAT(word, testing::EndsWith(":/srv/weights"));
  const auto parsed = ParseVolumeWords("quiet " + word + " roothash=x");
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(*parsed, *bindings);
  EXPECT_EQ(ParseVolumeWords("tally.volume=a:b").error().message(),
            "found volume 'a:b', expected NAME:ROOTHASH:DATA:HASH:PATH");
}

TEST_F(Volumes, SameInputsGiveTheSameBytes) {
  ASSERT_TRUE(Write());
  const Bytes first =
      test::MustRead(scratch_.path() / "out" / "volume-weights.img");
  fs::remove(scratch_.path() / "out" / "volume-weights.img");
  ASSERT_TRUE(Write());
  EXPECT_EQ(first,
            test::MustRead(scratch_.path() / "out" / "volume-weights.img"));
}

TEST_F(Volumes, NeedAnEmptyPlaceInTheRoot) {
  Tree root;
  ASSERT_TRUE(AddVolumeMountPoints(manifest_, &root));
  EXPECT_EQ(root.Find("srv/weights")->type, NodeType::kDirectory);
  ASSERT_TRUE(AddVolumeMountPoints(manifest_, &root));
  ASSERT_TRUE(root.Add("srv/weights/x", GeneratedFile("test", "x")));
  EXPECT_EQ(AddVolumeMountPoints(manifest_, &root).error().message(),
            "m.yaml:0:0: '/srv/weights' in the root has 'x' in it, expected an "
            "empty directory for volume 'weights'");
}

TEST_F(Volumes, ReportAChangeOfTheirFiles) {
  EXPECT_TRUE(sources_.mapped.CheckUnchanged());
  scratch_.Write("big", "other");
  EXPECT_THAT(sources_.mapped.CheckUnchanged().error().message(),
              HasSubstr("/big' changed while it was being used"));
}

}  // namespace
}  // namespace tally
