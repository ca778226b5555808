#include "formats/uki.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/support/pe_file.h"

namespace tally {
namespace {

using test::StubPe;

class Buffer : public ByteSink {
 public:
  Status Append(ByteSpan bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return Ok();
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

UkiSection SectionOf(std::string name, std::string_view content) {
  return {std::move(name), AsBytes(content)};
}

Result<Bytes> UkiOf(const Bytes& stub,
                    const std::vector<UkiSection>& sections) {
  Buffer buffer;
  TALLY_TRY(WriteUki(stub, sections, buffer));
  return buffer.bytes();
}

std::string UkiRefusal(const Bytes& stub,
                       const std::vector<UkiSection>& sections) {
  const auto uki = UkiOf(stub, sections);
  return uki ? "accepted" : uki.error().ToString();
}

std::vector<std::string> Words(const std::vector<UkiSection>& sections) {
  std::vector<std::string> words;
  for (const UkiSection& section : sections) {
    words.push_back(section.name + "=" + std::string(AsText(section.content)));
  }
  return words;
}

using Texts = std::vector<std::string>;

TEST(Uki, WhatIsWrittenIsReadAgain) {
  const std::vector<UkiSection> sections = {
      SectionOf(".osrel", "ID=x"), SectionOf(".cmdline", "quiet"),
      SectionOf(".initrd", "init"), SectionOf(".linux", "kernel")};
  const auto file = UkiOf(StubPe(), sections);
  ASSERT_TRUE(file) << file.error().ToString();
  const auto uki = ReadUki(*file);
  ASSERT_TRUE(uki) << uki.error().ToString();
  // The stub's own .sbat is measured with the rest.
  EXPECT_EQ(uki->sections.size(), 5u);
  ASSERT_EQ(uki->profiles.size(), 1u);
  EXPECT_EQ(Words(uki->profiles[0].sections),
            (Texts{".linux=kernel", ".osrel=ID=x", ".cmdline=quiet",
                   ".initrd=init", ".sbat=" + std::string(0x20, 's')}));
  EXPECT_EQ(AsText(FindUkiSection(*uki, ".linux")->content), "kernel");
  EXPECT_EQ(FindUkiSection(*uki, ".dtb"), nullptr);
}

TEST(Uki, TheLayoutIsCanonical) {
  const Bytes file =
      UkiOf(StubPe(), {SectionOf(".osrel", std::string(513, 'o')),
                       SectionOf(".linux", "kernel")})
          .value();
  const Pe pe = ParsePe(file).value();
  ASSERT_EQ(pe.sections.size(), 4u);
  EXPECT_EQ(pe.sections[2], (PeSection{.name = ".osrel",
                                       .virtual_size = 513,
                                       .virtual_address = 0x10000,
                                       .raw_size = 1024,
                                       .raw_offset = 0x800,
                                       .characteristics = 0x40000040}));
  EXPECT_EQ(pe.sections[3], (PeSection{.name = ".linux",
                                       .virtual_size = 6,
                                       .virtual_address = 0x11000,
                                       .raw_size = 512,
                                       .raw_offset = 0xc00,
                                       .characteristics = 0x40000040}));
  EXPECT_EQ(pe.size_of_image, 0x12000u);
  EXPECT_EQ(file.size(), 0xe00u);
  // Neither time stamp nor checksum of the stub's build survives.
  for (const size_t at : {test::kPeTestHeader + 8, test::kPeTestChecksum}) {
    EXPECT_EQ(Hex(ByteSpan(file).subspan(at, 4)), "00000000");
  }
}

TEST(Uki, AProfileTakesThePlaceOfTheBase) {
  const Bytes file =
      UkiOf(StubPe(),
            {SectionOf(".linux", "kernel"), SectionOf(".cmdline", "base"),
             SectionOf(".profile", "ID=one"), SectionOf(".profile", "ID=two"),
             SectionOf(".cmdline", "two"), SectionOf(".linux", "other")})
          .value();
  const Uki uki = ReadUki(file).value();
  ASSERT_EQ(uki.profiles.size(), 2u);
  const std::string sbat = ".sbat=" + std::string(0x20, 's');
  EXPECT_EQ(Words(uki.profiles[0].sections),
            (Texts{".linux=kernel", ".cmdline=base", sbat, ".profile=ID=one"}));
  EXPECT_EQ(Words(uki.profiles[1].sections),
            (Texts{".linux=other", ".cmdline=two", sbat, ".profile=ID=two"}));
}

TEST(Uki, RefusesSectionsThatAreNoneOrTwice) {
  EXPECT_EQ(UkiRefusal(StubPe(), {SectionOf(".text2", "x")}),
            "UKI: found section '.text2', expected one of .linux, .osrel, "
            ".cmdline, .initrd, .ucode, .splash, .dtb, .uname, .sbat, .pcrsig, "
            ".pcrpkey, .profile, .dtbauto, .hwids, .efifw");
  EXPECT_EQ(UkiRefusal(StubPe(), {SectionOf(".linux", "")}),
            "UKI: found section '.linux' without content");
  EXPECT_EQ(UkiRefusal(StubPe(),
                       {SectionOf(".linux", "a"), SectionOf(".linux", "b")}),
            "UKI: found section '.linux' twice, expected it once");
  EXPECT_EQ(UkiRefusal(StubPe(), {SectionOf(".sbat", "a")}),
            "UKI: found section '.sbat' twice, expected it once; the stub has "
            "one");
  const Bytes twice = test::MakePe({{".linux", 1, 0x1000, 0x200, 0x400},
                                    {".linux", 1, 0x2000, 0x200, 0x600}});
  EXPECT_EQ(ReadUki(twice).error().ToString(),
            "UKI: found section '.linux' twice, expected it once in a profile");
}

TEST(Uki, RefusesStubsThatCannotBeExtended) {
  EXPECT_EQ(UkiRefusal(Bytes(3), {}),
            "PE: DOS header magic at 0x0: found 0x0, expected 0x5a4d (\"MZ\")");
  const Bytes signed_stub =
      AttachPeCertificate(StubPe(), AsBytes("signature")).value();
  EXPECT_EQ(UkiRefusal(signed_stub, {SectionOf(".linux", "x")}),
            "UKI: found a signed stub, expected one without certificates: they "
            "do not cover the image");
  std::vector<test::PeTestSection> many(17, {".x", 0, 0x1000, 0, 0});
  EXPECT_EQ(UkiRefusal(test::MakePe(many), {SectionOf(".linux", "x")}),
            "UKI: found a stub with headers of 1024 bytes, 1 more sections "
            "need 1048");
  Bytes occupied = StubPe();
  occupied[test::kPeTestSections + 2 * 40 + 3] = 1;
  EXPECT_EQ(UkiRefusal(occupied, {SectionOf(".linux", "x")}),
            "UKI: found data behind the stub's section table at 0x198, "
            "expected room for more sections");
}

TEST(Uki, RefusesContentThatTheFileDoesNotHave) {
  EXPECT_EQ(ReadUki(test::MakePe({{".linux", 0x300, 0x1000, 0x200, 0x400}}))
                .error()
                .ToString(),
            "UKI: found section '.linux' with 768 bytes in memory and 512 in "
            "the file, expected all of them in the file");
}

}  // namespace
}  // namespace tally
