#include "formats/pe.h"

#include <gtest/gtest.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/text.h"
#include "tests/support/pe_file.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakePe;
using test::PutU32;
using test::StubPe;

std::string PeRefusal(const Bytes& file) {
  const auto pe = ParsePe(file);
  return pe ? "accepted" : pe.error().ToString();
}

std::string Digest(const Bytes& file, PePadding padding = PePadding::kAsIs) {
  const auto pe = ParsePe(file);
  if (!pe) return pe.error().ToString();
  return Hex(PeImageDigest(*pe, HashAlgorithm::kSha256, padding));
}

// A PE file's headers without what the digest leaves out.
Bytes HashedHeaders(const Bytes& file) {
  ByteWriter writer;
  const ByteSpan all = file;
  writer.Raw(all.first(test::kPeTestChecksum));
  writer.Raw(all.subspan(test::kPeTestChecksum + 4,
                         test::kPeTestSecurity - test::kPeTestChecksum - 4));
  writer.Raw(all.subspan(test::kPeTestSecurity + 8,
                         test::kPeTestHeadersSize - test::kPeTestSecurity - 8));
  return writer.bytes();
}

TEST(Pe, ReadsHeadersAndSections) {
  const Bytes file = StubPe();
  const auto pe = ParsePe(file);
  ASSERT_TRUE(pe) << pe.error().ToString();
  EXPECT_EQ(pe->machine, kPeMachineX86_64);
  EXPECT_TRUE(pe->is_pe32_plus);
  EXPECT_EQ(pe->section_alignment, 4096u);
  EXPECT_EQ(pe->file_alignment, 512u);
  EXPECT_EQ(pe->size_of_image, 0x10000u);
  ASSERT_EQ(pe->sections.size(), 2u);
  EXPECT_EQ(pe->sections[1], (PeSection{.name = ".sbat",
                                        .virtual_size = 0x20,
                                        .virtual_address = 0x2000,
                                        .raw_size = 0x200,
                                        .raw_offset = 0x600,
                                        .characteristics = 0x60000020}));
  EXPECT_EQ(AsText(PeContent(*pe, pe->sections[1])), std::string(0x20, 's'));
  EXPECT_EQ(pe->checksum_offset, test::kPeTestChecksum);
  EXPECT_EQ(pe->security_entry_offset, test::kPeTestSecurity);
}

TEST(Pe, TheDigestLeavesOutChecksumAndCertificates) {
  Bytes file = StubPe();
  ByteWriter hashed;
  hashed.Raw(HashedHeaders(file)).Raw(ByteSpan(file).subspan(0x400));
  EXPECT_EQ(Digest(file), Sha256(hashed.bytes()).hex());
  const std::string before = Digest(file);
  PutU32(&file, test::kPeTestChecksum, 0);
  EXPECT_EQ(Digest(file), before);
  file[0x400] ^= 1;
  EXPECT_NE(Digest(file), before);
}

TEST(Pe, TheDigestTakesSectionsByTheirPlaceInTheFile) {
  const Bytes file = MakePe({{".late", 0x10, 0x1000, 0x200, 0x600},
                             {".soon", 0x10, 0x2000, 0x200, 0x400},
                             {".bss", 0x100, 0x3000, 0, 0}});
  ByteWriter hashed;
  hashed.Raw(HashedHeaders(file)).Raw(ByteSpan(file).subspan(0x400));
  EXPECT_EQ(Digest(file), Sha256(hashed.bytes()).hex());
}

TEST(Pe, TheDigestTakesTrailingDataAndPadsForSigners) {
  Bytes file = StubPe();
  const std::string before = Digest(file);
  for (const char c : std::string("odd")) {
    file.push_back(static_cast<uint8_t>(c));
  }
  EXPECT_NE(Digest(file), before);
  Bytes padded = file;
  padded.resize(AlignUp(file.size(), 8));
  EXPECT_EQ(Digest(file, PePadding::kAsSigned), Digest(padded));
  EXPECT_NE(Digest(file), Digest(padded));
}

TEST(Pe, DetachIsTheInverseOfAttach) {
  const Bytes file = StubPe();
  const auto once = AttachPeCertificate(file, AsBytes("signature one"));
  ASSERT_TRUE(once) << once.error().ToString();
  const auto twice = AttachPeCertificate(*once, AsBytes("second"));
  ASSERT_TRUE(twice) << twice.error().ToString();
  const auto pe = ParsePe(*twice);
  ASSERT_TRUE(pe) << pe.error().ToString();
  ASSERT_EQ(pe->certificates.size(), 2u);
  EXPECT_EQ(AsText(pe->certificates[0].data), "signature one");
  EXPECT_EQ(pe->certificates[1].type, 2);
  EXPECT_EQ(AsText(pe->certificates[1].data), "second");
  EXPECT_EQ(pe->certificates_offset, file.size());
  EXPECT_EQ(Digest(*twice), Digest(file));
  EXPECT_EQ(DetachPeCertificates(*once).value(), file);
  EXPECT_EQ(DetachPeCertificates(*twice).value(), file);
  EXPECT_EQ(DetachPeCertificates(file).value(), file);
}

TEST(Pe, AttachRefusesFilesThatASignatureWouldNotCover) {
  Bytes odd = StubPe();
  odd.push_back(1);
  EXPECT_EQ(AttachPeCertificate(odd, AsBytes("x")).error().ToString(),
            "PE: found a file of 2049 bytes, expected a multiple of 8: a "
            "signature covers the padding");
  Bytes none = StubPe();
  PutU32(&none, test::kPeTestOptional + 108, 4);
  EXPECT_EQ(AttachPeCertificate(none, AsBytes("x")).error().ToString(),
            "PE: found no data directory for certificates in the header, "
            "expected one");
}

TEST(Pe, RefusesBrokenHeaders) {
  EXPECT_EQ(PeRefusal({}),
            "PE: DOS header magic at 0x0: needs 2 bytes, 0 left");
  EXPECT_EQ(PeRefusal(Bytes(64)),
            "PE: DOS header magic at 0x0: found 0x0, expected 0x5a4d (\"MZ\")");
  Bytes file = StubPe();
  PutU32(&file, 0x3c, 0x100000);
  EXPECT_EQ(PeRefusal(file),
            "PE: offset of the PE header at 0x3c: found 0x100000, expected "
            "0x40 to the file's end at 0x800");
  file = StubPe();
  file[test::kPeTestHeader] = 'N';
  EXPECT_EQ(PeRefusal(file),
            "PE: PE header magic at 0x40: found 0x454e, expected 0x4550 "
            "(\"PE\")");
  file = StubPe();
  file[test::kPeTestOptional] = 0x07;
  EXPECT_EQ(PeRefusal(file),
            "PE: optional header magic at 0x58: found 0x207, expected 0x10b "
            "(PE32) or 0x20b (PE32+)");
  file = StubPe();
  PutU32(&file, test::kPeTestOptional + 36, 3);
  EXPECT_EQ(PeRefusal(file),
            "PE: file alignment at 0x7c: found 0x3, expected a power of two up "
            "to 0x10000");
  file = StubPe();
  PutU32(&file, test::kPeTestOptional + 32, 256);
  EXPECT_EQ(PeRefusal(file),
            "PE: section alignment at 0x78: found 0x100, expected a power of "
            "two and no less than the file alignment 0x200");
  file = StubPe();
  PutU32(&file, test::kPeTestOptional + 60, 0x801);
  EXPECT_EQ(PeRefusal(file),
            "PE: size of headers at 0x94: found 0x801, the file ends at 0x800");
}

TEST(Pe, RefusesSectionsThatDoNotFit) {
  EXPECT_EQ(PeRefusal(MakePe({{".text", 1, 0x1000, 0x200, 0x200}})),
            "PE: section '.text' at 0x148: found raw data at 0x200, inside of "
            "the headers, which end at 0x400");
  Bytes file = StubPe();
  file.resize(0x7ff);
  EXPECT_EQ(PeRefusal(file),
            "PE: section '.sbat' at 0x170: found raw data up to 0x800, the "
            "file ends at 0x7ff");
  EXPECT_EQ(PeRefusal(MakePe({{".text", 0xffffffff, 0x1000, 0x200, 0x400}})),
            "PE: section '.text' at 0x148: found addresses up to 0x100000fff, "
            "the image ends at 0x10000");
  EXPECT_EQ(PeRefusal(MakePe({{".a", 0x10, 0x1000, 0x200, 0x400},
                              {".b", 0x10, 0x2000, 0x200, 0x500}})),
            "PE: sections '.a' and '.b' overlap in the file at 0x500");
  EXPECT_EQ(PeRefusal(MakePe({{".b", 0x10, 0x1008, 0x200, 0x400},
                              {".a", 0x10, 0x1000, 0x200, 0x600}})),
            "PE: sections '.a' and '.b' overlap in memory at 0x1008");
  file = StubPe();
  file[test::kPeTestSections + 7] = 1;
  EXPECT_EQ(PeRefusal(file),
            "PE: section name at 0x148: found 2e74657874000001, expected "
            "printable ASCII and zeros");
  file = StubPe();
  file[test::kPeTestHeader + 6] = 97;
  EXPECT_EQ(PeRefusal(file),
            "PE: number of sections at 0x46: found 97, expected at most 96");
}

TEST(Pe, RefusesBadCertificateTables) {
  const Bytes good = AttachPeCertificate(StubPe(), AsBytes("12345678")).value();
  Bytes file = good;
  file.push_back(0);
  EXPECT_EQ(PeRefusal(file),
            "PE: certificate table at 0xe8: found 0x800 to 0x810, expected a "
            "multiple of 8 to the end of the file, 0x811");
  file = good;
  PutU32(&file, 0x800, 7);
  EXPECT_EQ(PeRefusal(file),
            "PE certificate table: certificate length at 0x800: found 7, "
            "expected 8 or more");
  file = good;
  PutU32(&file, 0x800, 17);
  EXPECT_EQ(PeRefusal(file),
            "PE certificate table: certificate at 0x808: needs 9 bytes, 8 "
            "left");
  file = good;
  PutU32(&file, test::kPeTestSecurity, 0x600);
  PutU32(&file, test::kPeTestSecurity + 4, 0x210);
  EXPECT_EQ(PeRefusal(file),
            "PE: certificate table at 0xe8: found it at 0x600, before the end "
            "of the sections at 0x800");
}

// Signed files carry their own digest, in the SpcIndirectDataContent.
TEST(Pe, SignedFilesHoldTheDigestThatWeCompute) {
  for (const char* name :
       {"mockshim.efi.signed.1.1.1", "mockshim.efi.signed.1.2.1+1.1.1",
        "mockshim_initial_sbat.efi.signed.1.1.1",
        "mockshim_no_sbat.efi.signed.1.1.1",
        "mockshim_no_vendor_cert.efi.signed.1.1.1",
        "mockshim_vendor_db.efi.signed.1.1.1"}) {
    TALLY_NEED_VECTOR(path, std::string("authenticode/secboot/") + name);
    const MappedFile mapped = MappedFile::Open(path).value();
    const ByteSpan file = mapped.bytes();
    const auto pe = ParsePe(file);
    ASSERT_TRUE(pe) << name << ": " << pe.error().ToString();
    ASSERT_FALSE(pe->certificates.empty());
    const Bytes digest =
        PeImageDigest(*pe, HashAlgorithm::kSha256, PePadding::kAsIs);
    for (const PeCertificate& certificate : pe->certificates) {
      EXPECT_NE(AsText(certificate.data).find(AsText(digest)),
                std::string_view::npos)
          << name;
    }
    const Bytes bare = DetachPeCertificates(file).value();
    EXPECT_EQ(Digest(bare), Hex(digest)) << name;
  }
}

}  // namespace
}  // namespace tally
