#include "formats/tpm_pcr_file.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace tally {
namespace {

// The selection sha256:0,4 + sha1:1.
const std::vector<TpmPcrBank> kBanks = {
    {.hash = HashAlgorithm::kSha256, .pcrs = 0x11},
    {.hash = HashAlgorithm::kSha1, .pcrs = 2}};
const std::vector<Bytes> kValues = {Bytes(32, 0xa0), Bytes(32, 0xa4),
                                    Bytes(20, 0xb1)};

// Serialized writes tpm2-tss's structures as an x86 machine has them in memory,
// with 0xee where nobody looks.
struct Serialized {
  uint32_t banks = 2;
  uint16_t first_hash = 0xb;
  uint8_t select_bytes = 3;
  uint32_t lists = 2;
  uint32_t first_count = 2;
  uint16_t first_size = 32;
  std::string trailing;

  static void Fill(ByteWriter& w, uint64_t size_bytes) {
    w.Raw(Bytes(size_bytes, 0xee));
  }
  Bytes Write() const {
    ByteWriter w;
    w.U32Le(banks).U16Le(first_hash).U8(select_bytes);
    w.Raw(Bytes{0x11, 0, 0, 0, 0xee});
    w.U16Le(4).U8(3).Raw(Bytes{2, 0, 0, 0xee, 0xee});
    Fill(w, 14 * 8);
    w.U32Le(lists);
    w.U32Le(first_count);
    w.U16Le(first_size).Raw(kValues[0]);
    Fill(w, 32);
    w.U16Le(32).Raw(kValues[1]);
    Fill(w, 32 + 6 * 66);
    w.U32Le(1).U16Le(20).Raw(kValues[2]);
    Fill(w, 44 + 7 * 66);
    w.Text(trailing);
    return std::move(w).Take();
  }
  std::string Refusal() const {
    const auto file = ParseTpmPcrFile(Write());
    return file ? "accepted" : file.error().message();
  }
};

TEST(TpmPcrFile, ReadsTheSerializedForm) {
  const Bytes bytes = Serialized().Write();
  EXPECT_EQ(bytes.size(), 132u + 4 + 2 * 532);
  const auto file = ParseTpmPcrFile(bytes);
  ASSERT_TRUE(file) << file.error().ToString();
  EXPECT_EQ(*file, (TpmPcrFile{kBanks, kValues}));
}

TEST(TpmPcrFile, ReadsTheMarshaledForm) {
  ByteWriter w;
  w.U32Be(2).U16Be(0xb).U8(3).Raw(Bytes{0x11, 0, 0});
  w.U16Be(4).U8(3).Raw(Bytes{2, 0, 0});
  w.U32Be(2).U32Be(2);
  w.U16Be(32).Raw(kValues[0]).U16Be(32).Raw(kValues[1]);
  w.U32Be(1).U16Be(20).Raw(kValues[2]);
  const auto file = ParseTpmPcrFile(w.bytes());
  ASSERT_TRUE(file) << file.error().ToString();
  EXPECT_EQ(*file, (TpmPcrFile{kBanks, kValues}));
  for (size_t size = 0; size < w.size(); ++size) {
    EXPECT_FALSE(ParseTpmPcrFile(ByteSpan(w.bytes()).first(size))) << size;
  }
}

TEST(TpmPcrFile, ReadsBareValues) {
  ByteWriter w;
  for (const Bytes& value : kValues) w.Raw(value);
  EXPECT_EQ(ParseTpmPcrValues(w.bytes(), kBanks).value(), kValues);
  EXPECT_EQ(ParseTpmPcrValues(ByteSpan(w.bytes()).first(83), kBanks)
                .error()
                .message(),
            "pcr values: pcr1 at 0x40: needs 20 bytes, 19 left");
  w.U8(0);
  EXPECT_EQ(
      ParseTpmPcrValues(w.bytes(), kBanks).error().message(),
      "pcr values: end at 0x54: 1 trailing bytes, expected the end of the "
      "data");
}

TEST(TpmPcrFile, RejectsEachFlaw) {
  Serialized file;
  file.banks = 17;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: count at 0x0: found 17, expected at most 16");
  file = {};
  file.first_hash = 7;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: hash at 0x4: found algorithm 0x7, expected "
            "another of sha1, sha256, sha384 or sha512");
  file = {};
  file.first_hash = 4;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: hash at 0xc: found algorithm sha1, expected "
            "another of sha1, sha256, sha384 or sha512");
  file = {};
  file.select_bytes = 5;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: sizeofSelect at 0x6: found 5, expected 3 or "
            "4");
  file = {};
  file.lists = 33;
  EXPECT_EQ(
      file.Refusal(),
      "tpm2-tools pcr file: lists at 0x84: found 33, expected at most 32");
  file = {};
  file.first_count = 9;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: digest count at 0x88: found 9, expected at "
            "most 8");
  file = {};
  file.first_count = 1;
  EXPECT_EQ(
      file.Refusal(),
      "tpm2-tools pcr file: digest size at 0x2a0: found 20, a PCR of bank "
      "'sha256' has 32");
  file = {};
  file.first_size = 20;
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: digest size at 0x8c: found 20, a PCR of bank "
            "'sha256' has 32");
  file = {};
  file.trailing = "x";
  EXPECT_EQ(file.Refusal(),
            "tpm2-tools pcr file: end at 0x4b0: 1 trailing bytes, expected the "
            "end of the data");
  EXPECT_EQ(ParseTpmPcrFile({}).error().message(),
            "tpm2-tools pcr file: count at 0x0: needs 4 bytes, 0 left");
}

TEST(TpmPcrFile, RejectsTooManyAndTooFewValues) {
  ByteWriter w;
  w.U32Be(1).U16Be(0xb).U8(3).Raw(Bytes{1, 0, 0}).U32Be(1);
  ByteWriter none = w;
  none.U32Be(0);
  EXPECT_EQ(ParseTpmPcrFile(none.bytes()).error().message(),
            "tpm2-tools pcr file: found 0 values for 1 selected PCRs");
  w.U32Be(2).U16Be(32).Raw(kValues[0]).U16Be(32).Raw(kValues[0]);
  EXPECT_EQ(ParseTpmPcrFile(w.bytes()).error().message(),
            "tpm2-tools pcr file: digest size at 0x34: found a value more than "
            "the 1 selected PCRs");
}

}  // namespace
}  // namespace tally
