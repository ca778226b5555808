#include "measure/mrtd.h"

#include <gtest/gtest.h>

#include "tests/measure/gunzip.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Gunzip;

void Add(MrtdHasher* guest, uint64_t gpa, uint64_t size_bytes) {
  for (uint64_t at = 0; at < size_bytes; at += kTdxPageBytes) {
    guest->AddPage(gpa + at);
  }
}

// The sections of the image's TDX metadata, in its order; of the first alone
// the contents are measured.
TEST(Mrtd, OfTheCleanExampleMatchesItsAuthors) {
  TALLY_NEED_VECTOR(
      path, "snp/gce-tcb-verifier-cleanexample/cleanexample_2mib.fd.gz");
  TALLY_NEED_PROGRAM(gzip, "gzip");
  const auto firmware = Gunzip(path);
  ASSERT_TRUE(firmware) << firmware.error().ToString();
  const ByteSpan code = AsBytes(*firmware).subspan(0x20000);
  MrtdHasher guest;
  for (uint64_t at = 0; at < code.size(); at += kTdxPageBytes) {
    guest.AddPage(0xffe20000 + at);
    guest.Extend(0xffe20000 + at, code.subspan(at, kTdxPageBytes));
  }
  Add(&guest, 0xffe00000, 0x20000);
  Add(&guest, 0x810000, 0x10000);
  Add(&guest, 0x80b000, 0x2000);
  Add(&guest, 0x809000, 0x2000);
  Add(&guest, 0x800000, 0x6000);
  EXPECT_EQ(guest.value().hex(),
            "6e540be4917f24f74cc3292b59803d06dc7c38eb4a3c1fd6be9c735ba74bb7a23e"
            "25f98da94779d17508b243e4fb582b");
}

TEST(Mrtd, OfNothingIsTheHashOfNothing) {
  EXPECT_EQ(MrtdHasher().value().array(), Sha384({}).array());
}

TEST(Mrtd, RecordsHaveNameAddressAndChunk) {
  MrtdHasher guest;
  guest.AddPage(0x1122334455667000);
  guest.Extend(0x1122334455667000, Bytes(512, 7));
  ByteWriter records;
  records.Text("MEM.PAGE.ADD").Zeros(4).U64Le(0x1122334455667000).Zeros(104);
  records.Text("MR.EXTEND").Zeros(7).U64Le(0x1122334455667000).Zeros(104);
  records.Raw(Bytes(256, 7));
  records.Text("MR.EXTEND").Zeros(7).U64Le(0x1122334455667100).Zeros(104);
  records.Raw(Bytes(256, 7));
  EXPECT_EQ(guest.value().array(), Sha384(records.bytes()).array());
}

}  // namespace
}  // namespace tally
