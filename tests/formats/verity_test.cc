#include "formats/verity.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/formats/run_program.h"
#include "tests/formats/sample_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

VerityOptions Options() {
  VerityOptions options = {
      .uuid = ParseUuid("01020304-0506-4708-890a-0b0c0d0e0f10").value()};
  for (size_t i = 0; i < options.salt.size(); ++i) {
    options.salt[i] = static_cast<uint8_t>(i + 17);
  }
  return options;
}

struct Built {
  VerityRootHash root;
  Bytes hash_area;
};

// Build feeds `data` in pieces of `piece_size`.
Built Build(ByteSpan data, size_t piece_size = 100000) {
  VerityBuilder builder(Options());
  for (size_t at = 0; at < data.size(); at += piece_size) {
    const size_t size = std::min(piece_size, data.size() - at);
    EXPECT_TRUE(builder.Append(data.subspan(at, size)));
  }
  BufferSink sink;
  const auto root = builder.Finish(sink);
  EXPECT_TRUE(root) << root.error().ToString();
  return {.root = *root, .hash_area = sink.bytes()};
}

Bytes Data(size_t num_blocks) {
  return ToBytes(AsBytes(test::Pattern(num_blocks * 4096, 5)));
}

class VerityWithTool : public testing::TestWithParam<size_t> {};

TEST_P(VerityWithTool, WritesTheBytesOfVeritysetup) {
  TALLY_NEED_PROGRAM(veritysetup, "veritysetup");
  const Bytes data = Data(GetParam());
  const Built built = Build(data);
  const test::Scratch scratch;
  const fs::path data_file = scratch.Write("data", data);
  const fs::path hash_file = scratch.path() / "hash";
  const ToolOutput output = test::RunProgram(
      veritysetup, {"format", "--salt=" + Hex(Options().salt),
                    "--uuid=" + FormatUuid(Options().uuid), "--hash=sha256",
                    "--data-block-size=4096", "--hash-block-size=4096",
                    data_file.string(), hash_file.string()});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
  EXPECT_NE(output.stdout_text.find(built.root.hex()), std::string::npos)
      << output.stdout_text;
  EXPECT_TRUE(test::MustRead(hash_file) == built.hash_area);
  EXPECT_EQ(built.hash_area.size(), VerityHashAreaSize(data.size()));
}

TEST_P(VerityWithTool, IsVerifiedByVeritysetup) {
  TALLY_NEED_PROGRAM(veritysetup, "veritysetup");
  Bytes data = Data(GetParam());
  const Built built = Build(data);
  const test::Scratch scratch;
  const fs::path hash_file = scratch.Write("hash", built.hash_area);
  const fs::path good = scratch.Write("good", data);
  data.back() ^= 1;
  const fs::path bad = scratch.Write("bad", data);
  const auto verify = [&](const fs::path& file) {
    return test::RunProgram(veritysetup, {"verify", file.string(),
                                          hash_file.string(), built.root.hex()})
        .exit_status;
  };
  EXPECT_EQ(verify(good), 0);
  EXPECT_NE(verify(bad), 0);
}

// Trees of no level, one, one full level, two, and three.
INSTANTIATE_TEST_SUITE_P(Blocks, VerityWithTool,
                         testing::Values(1, 2, 128, 129, 16385));

TEST(Verity, DoesNotDependOnHowTheDataIsCut) {
  const Bytes data = Data(20);
  const Built whole = Build(data, data.size());
  for (const size_t piece :
       std::initializer_list<size_t>{1, 100, 4095, 4096, 4097, 12288}) {
    const Built cut = Build(data, piece);
    EXPECT_EQ(cut.root, whole.root) << piece;
    EXPECT_EQ(cut.hash_area, whole.hash_area) << piece;
  }
}

TEST(Verity, TakesLeavesThatWereHashedInParts) {
  const Bytes data = Data(300);
  const Built whole = Build(data);
  for (const size_t part_blocks : {size_t{1}, size_t{7}, size_t{300}}) {
    Bytes leaves;
    for (size_t at = 0; at < data.size(); at += part_blocks * 4096) {
      const size_t size = std::min(part_blocks * 4096, data.size() - at);
      const Bytes part =
          VerityLeaves(ByteSpan(data).subspan(at, size), Options().salt);
      leaves.insert(leaves.end(), part.begin(), part.end());
    }
    BufferSink sink;
    EXPECT_EQ(WriteVerityHashArea(Options(), leaves, sink).value(), whole.root);
    EXPECT_EQ(sink.bytes(), whole.hash_area);
  }
  BufferSink sink;
  EXPECT_EQ(
      WriteVerityHashArea(Options(), {}, sink).error().message(),
      "dm-verity: data has 0 bytes, expected a positive multiple of 4096");
}

TEST(Verity, KeepsItsBytes) {
  // Format epoch 1: this never changes.
  EXPECT_EQ(Build(Data(200)).root.hex(),
            "3fc6c836a1be1a1c531fce3b87e00bbf6d95ed206d66c516f163560991fcf2fd");
}

TEST(Verity, VerifiesWhatItBuilt) {
  const Bytes data = Data(300);
  const Built built = Build(data);
  EXPECT_EQ(VerifyVerity(data, built.hash_area).value(), built.root);
  const VeritySuperblock superblock =
      ParseVeritySuperblock(built.hash_area).value();
  EXPECT_EQ(superblock.uuid, Options().uuid);
  EXPECT_EQ(superblock.salt, ToBytes(Options().salt));
  EXPECT_EQ(superblock.num_data_blocks, 300u);
  EXPECT_EQ(RecomputeRoot(data, superblock).value(), built.root);
}

TEST(Verity, RejectsChangedData) {
  Bytes data = Data(300);
  const Built built = Build(data);
  data[5 * 4096] ^= 1;
  const auto root = VerifyVerity(data, built.hash_area);
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code(), ErrorCode::kMismatch);
  // The digest of the first leaf block is the first in the level above.
  EXPECT_EQ(root.error().ToString(),
            "dm-verity: hash area at 0x1000 does not belong to the data");
}

TEST(Verity, RejectsAChangedTree) {
  const Bytes data = Data(300);
  Bytes hash_area = Build(data).hash_area;
  hash_area[9000] ^= 1;
  EXPECT_EQ(VerifyVerity(data, hash_area).error().ToString(),
            "dm-verity: hash area at 0x2328 does not belong to the data");
  hash_area = Build(data).hash_area;
  hash_area.push_back(1);
  EXPECT_EQ(VerifyVerity(data, hash_area).error().ToString(),
            "dm-verity hash area: padding at 0x5000: found 0x1, expected zero");
  hash_area.resize(0x4fff);
  EXPECT_EQ(VerifyVerity(data, hash_area).error().ToString(),
            "dm-verity: hash area has 20479 bytes, expected 20480");
}

TEST(Verity, RejectsDataThatIsNotWholeBlocks) {
  BufferSink sink;
  VerityBuilder empty(Options());
  EXPECT_EQ(
      empty.Finish(sink).error().ToString(),
      "dm-verity: data has 0 bytes, expected a positive multiple of 4096");
  VerityBuilder ragged(Options());
  ASSERT_TRUE(ragged.Append(Bytes(5000)));
  EXPECT_EQ(
      ragged.Finish(sink).error().ToString(),
      "dm-verity: data has 5000 bytes, expected a positive multiple of 4096");
  const VeritySuperblock superblock = {.num_data_blocks = 2};
  EXPECT_EQ(RecomputeRoot(Bytes(4096), superblock).error().ToString(),
            "dm-verity: data has 4096 bytes, the superblock says 2 blocks of "
            "4096");
}

TEST(Verity, RejectsBadSuperblocks) {
  const Bytes good = Build(Data(2)).hash_area;
  const auto error = [&good](size_t at, uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    const auto superblock = ParseVeritySuperblock(bad);
    return superblock ? "" : superblock.error().ToString();
  };
  EXPECT_EQ(error(0, 'x'),
            "dm-verity superblock: signature at 0x0: found "
            "'xerity\\x00\\x00', expected 'verity' and two zeros");
  EXPECT_EQ(error(8, 2),
            "dm-verity superblock: version at 0x8: found 2, expected 1");
  EXPECT_EQ(error(12, 0),
            "dm-verity superblock: hash_type at 0xc: found 0, expected 1");
  EXPECT_EQ(error(0x25, '9'),
            "dm-verity superblock: algorithm at 0x20: found 'sha259', expected "
            "'sha256' and zeros");
  EXPECT_EQ(error(0x26, 'x'),
            "dm-verity superblock: algorithm at 0x20: found 'sha256x', "
            "expected 'sha256' and zeros");
  EXPECT_EQ(error(0x41, 2),
            "dm-verity superblock: data_block_size at 0x40: found 512, "
            "expected 4096");
  EXPECT_EQ(error(0x48, 0),
            "dm-verity superblock: data_blocks at 0x48: found 0, expected at "
            "least 1");
  EXPECT_EQ(error(0x51, 2),
            "dm-verity superblock: salt_size at 0x50: found 544, expected at "
            "most 256");
  EXPECT_EQ(error(0x50, 31),
            "dm-verity superblock: salt padding at 0x77: found 0x30, expected "
            "zero");
  EXPECT_EQ(ParseVeritySuperblock(ByteSpan(good).first(511)).error().ToString(),
            "dm-verity superblock: _pad2 at 0x158: needs 168 bytes, 167 left");
}

}  // namespace
}  // namespace tally
