#include "formats/pck_extension.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "tests/support/make_pck_extension.h"

namespace tally {
namespace {

using test::Der;
using test::MakePckExtension;
using test::PckEntry;
using test::TestPckExtension;

std::string PckExtensionRefusal(const Bytes& der) {
  const auto extension = ParsePckExtension(der);
  return extension ? "accepted" : extension.error().message();
}

std::string PckExtensionRefusal(const TestPckExtension& extension) {
  return PckExtensionRefusal(MakePckExtension(extension));
}

TEST(PckExtension, ReadsEveryField) {
  const auto extension = ParsePckExtension(MakePckExtension({}));
  ASSERT_TRUE(extension) << extension.error().ToString();
  EXPECT_EQ(Hex(extension->ppid), "101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(Hex(extension->sgx_tcb_comp_svn),
            "0102030405060708090a0b0c0d0e0fff");
  EXPECT_EQ(extension->pcesvn, 0x8001);
  EXPECT_EQ(Hex(extension->cpusvn), "202122232425262728292a2b2c2d2e2f");
  EXPECT_EQ(Hex(extension->pceid), "3031");
  EXPECT_EQ(Hex(extension->fmspc), "404142434445");
  EXPECT_EQ(extension->sgx_type, PckSgxType::kScalable);
  ASSERT_TRUE(extension->platform_instance_id);
  EXPECT_EQ(Hex(*extension->platform_instance_id),
            "505152535455565758595a5b5c5d5e5f");
  ASSERT_TRUE(extension->configuration);
  EXPECT_EQ(extension->configuration->dynamic_platform, true);
  EXPECT_EQ(extension->configuration->cached_keys, false);
  EXPECT_EQ(extension->configuration->smt_enabled, true);
}

TEST(PckExtension, TakesTheFieldsOfAProcessor) {
  TestPckExtension made;
  made.platform_instance_id.clear();
  made.configuration.clear();
  const auto extension = ParsePckExtension(MakePckExtension(made));
  ASSERT_TRUE(extension) << extension.error().ToString();
  EXPECT_FALSE(extension->platform_instance_id);
  EXPECT_FALSE(extension->configuration);
}

TEST(PckExtension, ReadsAnExtensionOfIntels) {
  // Of the PCK certificate in dcap-qvl's sample/tdx_quote, commit 9bffe30b.
  const Bytes der =
      ParseHex(
          "30820226301e060a2a864886f84d010d01010410811dca2a26b952e85bb6448b097b"
          "a4fd30820163060a2a864886f84d010d0102308201533010060b2a864886f84d010d"
          "0102010201033010060b2a864886f84d010d0102020201033010060b2a864886f84d"
          "010d0102030201023010060b2a864886f84d010d0102040201023010060b2a864886"
          "f84d010d0102050201043010060b2a864886f84d010d0102060201013010060b2a86"
          "4886f84d010d0102070201003010060b2a864886f84d010d0102080201053010060b"
          "2a864886f84d010d0102090201003010060b2a864886f84d010d01020a0201003010"
          "060b2a864886f84d010d01020b0201003010060b2a864886f84d010d01020c020100"
          "3010060b2a864886f84d010d01020d0201003010060b2a864886f84d010d01020e02"
          "01003010060b2a864886f84d010d01020f0201003010060b2a864886f84d010d0102"
          "100201003010060b2a864886f84d010d01021102010b301f060b2a864886f84d010d"
          "0102120410030302020401000500000000000000003010060a2a864886f84d010d01"
          "03040200003014060a2a864886f84d010d01040406b0c06f000000300f060a2a8648"
          "86f84d010d01050a0101301e060a2a864886f84d010d0106041007828474603e7019"
          "dc930775ffe8cdd23044060a2a864886f84d010d010730363010060b2a864886f84d"
          "010d0107010101ff3010060b2a864886f84d010d0107020101ff3010060b2a864886"
          "f84d010d0107030101ff")
          .value();
  const auto extension = ParsePckExtension(der);
  ASSERT_TRUE(extension) << extension.error().ToString();
  EXPECT_EQ(Hex(extension->fmspc), "b0c06f000000");
  EXPECT_EQ(Hex(extension->cpusvn), "03030202040100050000000000000000");
  EXPECT_EQ(extension->pcesvn, 11);
  for (size_t i = 0; i < der.size(); ++i) {
    EXPECT_FALSE(ParsePckExtension(ByteSpan(der).first(i))) << i;
  }
}

TEST(PckExtension, RejectsFieldsOfAnotherSizeOrKind) {
  TestPckExtension made;
  made.ppid = Der(0x04, Bytes(15));
  EXPECT_EQ(PckExtensionRefusal(made),
            "ppid: ppid at 0x14: found 15 bytes, expected 16");
  made = {};
  made.fmspc = Der(0x02, Bytes(6, 1));
  EXPECT_NE(PckExtensionRefusal(made).find("fmspc at 0x"), std::string::npos);
  EXPECT_NE(PckExtensionRefusal(made).find("found DER tag 0x2, expected 0x4"),
            std::string::npos);
  made = {};
  made.sgx_type = Der(0x0a, {3});
  EXPECT_NE(PckExtensionRefusal(made).find("found 3, expected at most 2"),
            std::string::npos);
  made = {};
  made.first_component = Der(0x02, {1, 0});
  EXPECT_NE(PckExtensionRefusal(made).find("found 256, expected at most 255"),
            std::string::npos);
  made = {};
  made.configuration = Der(0x30, PckEntry({7, 1}, Der(0x01, {0x01})));
  EXPECT_NE(PckExtensionRefusal(made).find("not a DER boolean"),
            std::string::npos);
}

TEST(PckExtension, RejectsOtherForms) {
  TestPckExtension made;
  made.first_component = Der(0x02, {0, 1});
  EXPECT_NE(PckExtensionRefusal(made).find("integer not in its shortest form"),
            std::string::npos);
  made.first_component = Der(0x02, {0x80});
  EXPECT_NE(PckExtensionRefusal(made).find("found a negative integer"),
            std::string::npos);
  made.first_component = Der(0x02, {});
  EXPECT_NE(PckExtensionRefusal(made).find(
                "found an integer of 0 bytes, expected 1 to 3"),
            std::string::npos);
  const Bytes long_form = {0x30, 0x81, 0x02, 0x05, 0x00};
  EXPECT_EQ(PckExtensionRefusal(long_form),
            "pck extension: sgx extensions at 0x2: length not in its shortest "
            "form");
  const Bytes indefinite = {0x30, 0x80, 0x00, 0x00, 0x00};
  EXPECT_EQ(PckExtensionRefusal(indefinite),
            "pck extension: sgx extensions at 0x2: length not in its shortest "
            "form");
}

TEST(PckExtension, RejectsOtherOrdersAndTrailingBytes) {
  TestPckExtension made;
  made.pceid_arc = 4;
  EXPECT_NE(PckExtensionRefusal(made).find(
                "found object identifier 2a864886f84d010d0104, expected "
                "2a864886f84d010d0103"),
            std::string::npos);
  Bytes file = MakePckExtension({});
  file.push_back(0);
  EXPECT_NE(PckExtensionRefusal(file).find("1 trailing bytes"),
            std::string::npos);
  made = {};
  made.after = PckEntry({8}, Der(0x04, {1}));
  EXPECT_NE(PckExtensionRefusal(made).find("trailing bytes"),
            std::string::npos);
}

}  // namespace
}  // namespace tally
