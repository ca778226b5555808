#include "formats/pcs_documents.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "tests/support/make_pcs_documents.h"

namespace tally {
namespace {

std::string Hex128() { return std::string(128, 'a'); }

// Replaced returns `text` with the first `from` replaced.
std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string TcbInfoRefusal(const std::string& from, const std::string& to) {
  const auto info = ParseTcbInfo(Replaced(test::kTdxTcbInfo, from, to));
  return info ? "accepted" : info.error().message();
}

std::string QeRefusal(const std::string& from, const std::string& to) {
  const auto identity =
      ParseQeIdentity(Replaced(test::kTdQeIdentity, from, to));
  return identity ? "accepted" : identity.error().message();
}

std::string DocumentRefusal(const std::string& text) {
  const auto document = ParseSignedDocument(text, "tcbInfo");
  return document ? "accepted" : document.error().message();
}

TEST(SignedDocument, KeepsTheBytesOfTheObject) {
  const std::string body = R"({ "a": [1, {"}": "\"}{"}] ,"signature":"x" })";
  const auto document = ParseSignedDocument(
      " {\"signature\" : \"" + Hex128() + "\",\n\"tcbInfo\" :\t" + body + "}\n",
      "tcbInfo");
  ASSERT_TRUE(document) << document.error().ToString();
  EXPECT_EQ(document->body, body);
  EXPECT_EQ(Hex(document->signature), Hex128());
}

TEST(SignedDocument, RejectsOtherForms) {
  const std::string signature = R"("signature":")" + Hex128() + "\"";
  EXPECT_EQ(DocumentRefusal("{" + signature + "}"),
            "signed document: field 'tcbInfo' is missing, expected an object");
  EXPECT_EQ(DocumentRefusal(R"({"tcbInfo":{}})"),
            "signed document: field 'signature' is missing, expected text");
  EXPECT_EQ(DocumentRefusal(R"({"tcbInfo":{},"more":1,)" + signature + "}"),
            "signed document: unknown field 'more'");
  EXPECT_EQ(DocumentRefusal(R"({"tcbInfo":"{}",)" + signature + "}"),
            "signed document: field 'tcbInfo' is not an object");
  EXPECT_EQ(DocumentRefusal(R"({"tcb\u0049nfo":{},)" + signature + "}"),
            "signed document: the key 'tcbInfo' is written with escapes, "
            "expected plain text");
  EXPECT_EQ(
      DocumentRefusal(R"({"tcbInfo":{},"tcb\u0049nfo":{},)" + signature + "}"),
      "JSON: duplicate key 'tcbInfo'");
  EXPECT_EQ(DocumentRefusal(R"({"tcbInfo":{},"signature":"00"})"),
            "signature: signature: found '00', expected 128 hexadecimal "
            "digits");
  EXPECT_EQ(DocumentRefusal(std::string(kMaxPcsDocumentBytes + 1, ' ')),
            "tcbInfo: found 1048577 bytes, expected at most 1048576");
}

TEST(TcbInfo, ReadsEveryField) {
  const auto info = ParseTcbInfo(test::kTdxTcbInfo);
  ASSERT_TRUE(info) << info.error().ToString();
  EXPECT_EQ(info->id, TcbInfoId::kTdx);
  EXPECT_EQ(FormatUtcTime(info->issue_date), "2025-06-19T10:16:03Z");
  EXPECT_EQ(FormatUtcTime(info->next_update), "2025-07-19T10:16:03Z");
  EXPECT_EQ(Hex(info->fmspc), "b0c06f000000");
  EXPECT_EQ(Hex(info->pceid), "0100");
  EXPECT_EQ(info->tcb_evaluation_data_number, 17u);
  ASSERT_TRUE(info->tdx_module);
  EXPECT_EQ(info->tdx_module->mrsigner[47], 0x01);
  EXPECT_EQ(Hex(info->tdx_module->attributes_mask), "ffffffffffffffff");
  ASSERT_EQ(info->tdx_module_identities.size(), 1u);
  const TdxModuleIdentity& module = info->tdx_module_identities[0];
  EXPECT_EQ(module.id, "TDX_01");
  ASSERT_EQ(module.levels.size(), 2u);
  EXPECT_EQ(module.levels[0].isvsvn, 4);
  EXPECT_EQ(module.levels[0].status, TcbStatus::kUpToDate);
  EXPECT_EQ(module.levels[1].status, TcbStatus::kOutOfDate);
  EXPECT_EQ(module.levels[1].advisories,
            std::vector<std::string>{"INTEL-SA-01036"});
  // Sorted, highest first: the document has them the other way round.
  ASSERT_EQ(info->levels.size(), 2u);
  EXPECT_EQ(info->levels[0].pcesvn, 11);
  EXPECT_EQ(Hex(info->levels[0].sgx_tcb_components),
            "02020202030100050000000000000000");
  EXPECT_EQ(Hex(info->levels[0].tdx_tcb_components),
            "05000200000000000000000000000000");
  EXPECT_EQ(info->levels[0].status, TcbStatus::kUpToDate);
  EXPECT_EQ(info->levels[1].pcesvn, 5);
  EXPECT_EQ(info->levels[1].advisories,
            (std::vector<std::string>{"INTEL-SA-00106", "INTEL-SA-00115"}));
}

TEST(TcbInfo, RejectsOtherVersionsAndKinds) {
  EXPECT_EQ(TcbInfoRefusal(R"("id":"TDX")", R"("id":"TDY")"),
            "tcb info: unknown field 'tdxModule'");
  EXPECT_EQ(TcbInfoRefusal(R"("version":3)", R"("version":2)"),
            "tcb info: version: found 2, expected 3");
  EXPECT_EQ(TcbInfoRefusal(R"("tcbType":0)", R"("tcbType":1)"),
            "tcb info: tcbType: found 1, expected at most 0");
  EXPECT_EQ(TcbInfoRefusal(R"("version":3)", R"("version":3,"more":1)"),
            "tcb info: unknown field 'more'");
  EXPECT_EQ(TcbInfoRefusal(R"("id":"TDX")", R"("id":"SGX")"),
            "tcb info: unknown field 'tdxModule'");
}

TEST(TcbInfo, RejectsBadValues) {
  EXPECT_EQ(TcbInfoRefusal("2025-06-19T10:16:03Z", "2025-06-19T10:16:60Z"),
            "tcb info: issueDate: found '2025-06-19T10:16:60Z', expected a "
            "time as '2026-11-23T04:26:00Z'");
  EXPECT_EQ(TcbInfoRefusal("2025-06-19T10:16:03Z", "2025-02-29T10:16:03Z"),
            "tcb info: issueDate: found '2025-02-29T10:16:03Z', expected a "
            "time as '2026-11-23T04:26:00Z'");
  EXPECT_EQ(TcbInfoRefusal("B0C06F000000", "B0C06F00000"),
            "tcb info: fmspc: found 'B0C06F00000', expected 12 hexadecimal "
            "digits");
  EXPECT_EQ(TcbInfoRefusal(R"({"svn":2)", R"({"svn":256)"),
            "tcb info level: svn: found 256, expected at most 255");
  EXPECT_EQ(TcbInfoRefusal(R"({"svn":2},)", ""),
            "tcb info level: sgxtcbcomponents: found 15 components, expected "
            "16");
  EXPECT_EQ(TcbInfoRefusal(R"("pcesvn":5)", R"("pcesvn":65536)"),
            "tcb info level: pcesvn: found 65536, expected at most 65535");
  EXPECT_EQ(TcbInfoRefusal(R"("pcesvn":5)", R"("pcesvn":11)"),
            "tcb info: tcbLevels: a level occurs twice");
  EXPECT_EQ(TcbInfoRefusal(R"(["INTEL-SA-00106")", R"([1)"),
            "tcb info level: advisoryIDs: found an item that is not text");
}

TEST(TcbInfo, RejectsUnknownStatuses) {
  EXPECT_EQ(TcbInfoRefusal(R"("OutOfDate","advisoryIDs":["INTEL-SA-00106")",
                           R"("Fine","advisoryIDs":["INTEL-SA-00106")"),
            "tcb info level: tcbStatus: found 'Fine', expected a status as "
            "'UpToDate'");
  EXPECT_EQ(TcbInfoRefusal(R"("OutOfDate","advisoryIDs":["INTEL-SA-00106")",
                           R"("TDRelaunchAdvised","advisoryIDs":["X")"),
            "tcb info level: tcbStatus: found 'TDRelaunchAdvised', expected a "
            "status as 'UpToDate'");
  EXPECT_EQ(TcbInfoRefusal(R"("OutOfDate","advisoryIDs":["INTEL-SA-01036")",
                           R"("SWHardeningNeeded","advisoryIDs":["X")"),
            "tdx module identity: tcbStatus: found 'SWHardeningNeeded', "
            "expected 'UpToDate', 'OutOfDate' or 'Revoked'");
}

TEST(QeIdentity, ReadsEveryField) {
  const auto identity = ParseQeIdentity(test::kTdQeIdentity);
  ASSERT_TRUE(identity) << identity.error().ToString();
  EXPECT_EQ(identity->id, QeIdentityId::kTdQe);
  EXPECT_EQ(FormatUtcTime(identity->issue_date), "2025-06-19T10:32:27Z");
  EXPECT_EQ(FormatUtcTime(identity->next_update), "2025-07-19T10:32:27Z");
  EXPECT_EQ(identity->tcb_evaluation_data_number, 18u);
  // Bytes as in the report, where the number is little-endian.
  EXPECT_EQ(identity->miscselect, 0x00000100u);
  EXPECT_EQ(identity->miscselect_mask, 0xfffffffeu);
  EXPECT_EQ(Hex(identity->attributes), "11000000000000000000000000000000");
  EXPECT_EQ(Hex(identity->attributes_mask), "fbffffffffffffff0000000000000000");
  EXPECT_EQ(identity->mrsigner[0], 0xdc);
  EXPECT_EQ(identity->isvprodid, 2);
  ASSERT_EQ(identity->levels.size(), 2u);
  EXPECT_EQ(identity->levels[0].isvsvn, 4);
  EXPECT_EQ(identity->levels[1].isvsvn, 3);
}

TEST(QeIdentity, RejectsOthers) {
  EXPECT_EQ(QeRefusal(R"("TD_QE")", R"("QVE")"),
            "enclave identity: id: found 'QVE', expected 'QE' or 'TD_QE'");
  EXPECT_EQ(QeRefusal(R"("version":2)", R"("version":1)"),
            "enclave identity: version: found 1, expected 2");
  EXPECT_EQ(QeRefusal(R"("isvprodid":2)", R"("isvprodid":65536)"),
            "enclave identity: isvprodid: found 65536, expected at most 65535");
  EXPECT_EQ(QeRefusal(R"("isvsvn":4)", R"("isvsvn":3)"),
            "enclave identity: tcbLevels: an isvsvn occurs twice");
  EXPECT_EQ(QeRefusal(R"("version":2)", R"("version":2,"more":"")"),
            "enclave identity: unknown field 'more'");
}

TEST(TcbStatus, HasIntelsNames) {
  EXPECT_EQ(TcbStatusName(TcbStatus::kConfigurationAndSwHardeningNeeded),
            "ConfigurationAndSWHardeningNeeded");
  EXPECT_EQ(TcbStatusName(TcbStatus::kTdRelaunchAdvisedConfigurationNeeded),
            "TDRelaunchAdvisedConfigurationNeeded");
}

}  // namespace
}  // namespace tally
