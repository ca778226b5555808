#include "formats/eif.h"

#include <gtest/gtest.h>

#include <string>

#include "common/json.h"
#include "formats/crc32.h"

namespace tally {
namespace {

Eif ExampleEif() {
  return MakeEif(EifArchitecture::kX86_64,
                 {.kernel = AsBytes("kernel"),
                  .cmdline = "console=ttyS0",
                  .metadata = "{}",
                  .ramdisks = {AsBytes("boot"), AsBytes("app")}});
}

Bytes ExampleBytes() { return EncodeEif(ExampleEif()).value(); }

// EifRefusal parses the example with bytes replaced at `offset`, its checksum
// made right again.
std::string EifRefusal(size_t offset, const Bytes& replacement) {
  Bytes file = ExampleBytes();
  std::copy(replacement.begin(), replacement.end(),
            file.begin() + static_cast<ptrdiff_t>(offset));
  Crc32Hasher crc;
  crc.Update(ByteSpan(file).first(544)).Update(ByteSpan(file).subspan(548));
  ByteWriter w;
  w.U32Be(crc.value());
  if (offset != 544) {
    std::copy(w.bytes().begin(), w.bytes().end(), file.begin() + 544);
  }
  const auto eif = ParseEif(file);
  return eif ? "accepted" : eif.error().message();
}

std::string EifRefusal(const Eif& eif) {
  const auto file = EncodeEif(eif);
  return file ? "accepted" : file.error().message();
}

TEST(Eif, HasTheBytesOfTheSpecification) {
  // Written field by field with python3 struct and zlib.crc32 after
  // aws-nitro-enclaves-image-format 935dc626, src/defs/mod.rs:
  //   h = struct.pack('>4sHHQQHH', b'.eif', 4, 1, 3, 5, 0, 4)
  //   offsets 548 562 575 589, sizes 2 1 2 1, crc over all but itself
  Eif eif = MakeEif(EifArchitecture::kAarch64, {.kernel = AsBytes("kk"),
                                                .cmdline = "c",
                                                .metadata = "{}",
                                                .ramdisks = {AsBytes("r")}});
  eif.default_memory_bytes = 3;
  eif.default_cpus = 5;
  const Bytes file = EncodeEif(eif).value();
  ByteWriter expected;
  expected.Text(".eif").U16Be(4).U16Be(1).U64Be(3).U64Be(5).U16Be(0).U16Be(4);
  for (const unsigned offset : {548u, 562u, 575u, 589u}) expected.U64Be(offset);
  expected.Zeros(28 * 8);
  for (const unsigned size : {2u, 1u, 2u, 1u}) expected.U64Be(size);
  expected.Zeros(28 * 8 + 4).U32Be(0x346bb224);
  expected.U16Be(1).U16Be(0).U64Be(2).Text("kk");
  expected.U16Be(2).U16Be(0).U64Be(1).Text("c");
  expected.U16Be(5).U16Be(0).U64Be(2).Text("{}");
  expected.U16Be(3).U16Be(0).U64Be(1).Text("r");
  EXPECT_EQ(file, expected.bytes());
}

TEST(Eif, RoundTrips) {
  const Bytes file = ExampleBytes();
  const auto eif = ParseEif(file);
  ASSERT_TRUE(eif) << eif.error().ToString();
  EXPECT_EQ(eif->sections.size(), 5u);
  EXPECT_EQ(AsText(eif->sections[1].bytes), "console=ttyS0");
  EXPECT_EQ(AsText(eif->sections[4].bytes), "app");
  EXPECT_EQ(eif->default_memory_bytes, 1u << 30);
  EXPECT_EQ(eif->default_cpus, 2u);
  EXPECT_EQ(EncodeEif(*eif).value(), file);
}

TEST(Eif, RejectsEveryTruncation) {
  const Bytes file = ExampleBytes();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseEif(ByteSpan(file).first(size))) << size;
  }
  EXPECT_EQ(ParseEif(ByteSpan(file).first(100)).error().message(),
            "eif: section offset 9 at 0x64: needs 8 bytes, 0 left");
  EXPECT_EQ(ParseEif(ByteSpan(file).first(550)).error().message(),
            "eif: section flags at 0x226: needs 2 bytes, 0 left");
}

TEST(Eif, RejectsEveryFlippedByte) {
  const Bytes file = ExampleBytes();
  for (size_t i = 0; i < file.size(); ++i) {
    Bytes flipped = file;
    flipped[i] ^= 1;
    EXPECT_FALSE(ParseEif(flipped)) << i;
  }
}

TEST(Eif, RejectsBadHeaders) {
  EXPECT_EQ(EifRefusal(0, {'.', 'e', 'i', 'g'}),
            "eif: magic at 0x0: expected '.eif'");
  EXPECT_EQ(EifRefusal(4, {0, 3}), "eif: version at 0x4: found 3, expected 4");
  EXPECT_EQ(EifRefusal(6, {0, 2}),
            "eif: flags at 0x6: found 0x2, expected 0x0 or 0x1");
  EXPECT_EQ(EifRefusal(24, {0, 1}),
            "eif: reserved at 0x19: found 0x1, expected zero");
  EXPECT_EQ(EifRefusal(26, {0, 33}),
            "eif: section count at 0x1a: found 33, expected at most 32");
  EXPECT_EQ(EifRefusal(28 + 8 * 5, {9}),
            "eif: section offset 5 at 0x44: found 0x9, expected zero");
  EXPECT_EQ(EifRefusal(540, {9}),
            "eif: unused at 0x21c: found 0x9, expected zero");
}

TEST(Eif, RejectsABadChecksum) {
  const std::string refusal = EifRefusal(544, {0, 0, 0, 0});
  EXPECT_TRUE(
      refusal.starts_with("eif: checksum at 0x220: found 0x0, expected"))
      << refusal;
}

TEST(Eif, RejectsSectionsThatDoNotFollowEachOther) {
  // The second section overlaps the first, in the header's view.
  EXPECT_EQ(EifRefusal(28 + 8, {0, 0, 0, 0, 0, 0, 2, 0x25}),
            "eif: section 1 begins at 0x236, but the header says 0x225");
  EXPECT_EQ(EifRefusal(28 + 256, {0, 0, 0, 0, 0, 0, 0, 7}),
            "eif: section size at 0x228: found 6, but the header says 7");
  EXPECT_EQ(EifRefusal(552, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
            "eif: section size at 0x228: found 18446744073709551615, but the "
            "header says 6");
  EXPECT_EQ(EifRefusal(26, {0, 4}),
            "eif: section offset 4 at 0x42: found 0x2, expected zero");
}

TEST(Eif, RejectsASectionOutsideTheFile) {
  // Header and section agree on a size that the file does not have.
  Bytes file = ExampleBytes();
  file[28 + 256] = 1;
  file[552] = 1;
  EXPECT_EQ(ParseEif(file).error().message(),
            "eif: section contents at 0x230: needs 72057594037927942 bytes, 76 "
            "left");
}

TEST(Eif, RejectsBadSectionHeaders) {
  EXPECT_EQ(EifRefusal(548, {0, 0}),
            "eif section: type at 0x224: found 0, expected 1 to 5");
  EXPECT_EQ(EifRefusal(548, {0, 6}),
            "eif section: type at 0x224: found 6, expected 1 to 5");
  EXPECT_EQ(EifRefusal(550, {0, 1}),
            "eif: section flags at 0x227: found 0x1, expected zero");
}

TEST(Eif, RejectsTrailingBytes) {
  Bytes file = ExampleBytes();
  file.push_back(0);
  EXPECT_EQ(
      ParseEif(file).error().message(),
      "eif: end at 0x27c: 1 trailing bytes, expected the end of the data");
}

TEST(Eif, RejectsMissingDoubleAndMisplacedSections) {
  Eif eif = ExampleEif();
  eif.sections.resize(1);
  EXPECT_EQ(EifRefusal(eif), "eif: no cmdline section");
  eif.sections.clear();
  EXPECT_EQ(EifRefusal(eif), "eif: no kernel section");
  eif = ExampleEif();
  eif.sections.resize(3);
  EXPECT_EQ(EifRefusal(eif), "eif: no ramdisk section");
  eif = ExampleEif();
  std::swap(eif.sections[0], eif.sections[3]);
  EXPECT_EQ(EifRefusal(eif), "eif: section 0 is ramdisk, expected kernel");
  eif = ExampleEif();
  eif.sections.push_back(eif.sections[0]);
  EXPECT_EQ(EifRefusal(eif), "eif: more than one kernel section");
  eif = ExampleEif();
  eif.sections.push_back(eif.sections[2]);
  EXPECT_EQ(EifRefusal(eif), "eif: more than one metadata section");
  eif = ExampleEif();
  eif.sections.insert(eif.sections.end(), 28, eif.sections[4]);
  EXPECT_EQ(EifRefusal(eif), "eif: 33 sections, expected at most 32");
}

// FailingSink refuses the n-th append.
class FailingSink : public ByteSink {
 public:
  explicit FailingSink(int n) : left_(n) {}
  Status Append(ByteSpan) override {
    if (left_-- == 0) return IoError("disk full");
    return Ok();
  }

 private:
  int left_;
};

TEST(Eif, PassesOnTheFailureOfASink) {
  for (int n = 0; n < 12; ++n) {
    FailingSink sink(n);
    const Status status = WriteEif(ExampleEif(), sink);
    ASSERT_FALSE(status) << n;
    EXPECT_EQ(status.error().message(), "disk full");
  }
  FailingSink enough(12);
  EXPECT_TRUE(WriteEif(ExampleEif(), enough));
}

TEST(EifMetadata, HasTheMembersThatNitroCliRequires) {
  const std::string text = FormatEifMetadata({.image_name = "minimal",
                                              .image_version = "1",
                                              .build_time = "none",
                                              .build_tool = "tally",
                                              .build_tool_version = "0.1.0",
                                              .operating_system = "Debian",
                                              .kernel_version = "6.12"});
  EXPECT_EQ(text,
            R"({"BuildMetadata":{"BuildTime":"none","BuildTool":"tally",)"
            R"("BuildToolVersion":"0.1.0","KernelVersion":"6.12",)"
            R"("OperatingSystem":"Debian"},"CustomMetadata":null,)"
            R"("DockerInfo":null,"ImageName":"minimal","ImageVersion":"1"})");
  EXPECT_TRUE(ParseJson(text));
}

}  // namespace
}  // namespace tally
