// Intel's rules on security versions, on made-up documents.
#include "attest/dcap_tcb.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/make_pcs_documents.h"

namespace tally {
namespace {

const TcbVerdict kQeUpToDate = {TcbStatus::kUpToDate, {}};

TcbInfo Info() { return ParseTcbInfo(test::kTdxTcbInfo).value(); }

PckExtension Pck() {
  PckExtension pck;
  pck.sgx_tcb_comp_svn = {2, 2, 2, 2, 3, 1, 0, 5};
  pck.pcesvn = 11;
  return pck;
}

// Of module version 1, ISVSVN 4.
TdReport Td() {
  TdReport td;
  td.tee_tcb_svn = {4, 1, 2};
  return td;
}

std::string TcbLevelVerdict(const TcbInfo& info, const PckExtension& pck,
                            const TdReport* td, const TcbVerdict& qe) {
  const auto verdict = MatchTcbLevel(info, pck, td, qe);
  if (!verdict) return verdict.error().message();
  std::string text(TcbStatusName(verdict->status));
  for (const std::string& advisory : verdict->advisories) {
    text += " " + advisory;
  }
  return text;
}

std::string TcbLevelVerdict(const TcbInfo& info, const TdReport& td) {
  return TcbLevelVerdict(info, Pck(), &td, kQeUpToDate);
}

TEST(DcapTcb, MatchesThePlatformComponentWise) {
  const TdReport td = Td();
  PckExtension pck = Pck();
  EXPECT_EQ(TcbLevelVerdict(Info(), pck, &td, kQeUpToDate), "UpToDate");
  pck.pcesvn = 10;
  EXPECT_EQ(TcbLevelVerdict(Info(), pck, &td, kQeUpToDate),
            "OutOfDate INTEL-SA-00106 INTEL-SA-00115");
  pck.pcesvn = 4;
  EXPECT_EQ(TcbLevelVerdict(Info(), pck, &td, kQeUpToDate),
            "the platform is below every level of the TCB info");
  // A component that is lower is not made good by one that is higher.
  for (size_t i = 0; i < 16; ++i) {
    pck = Pck();
    pck.sgx_tcb_comp_svn[0] = 200;
    if (i == 0 || pck.sgx_tcb_comp_svn[i] == 0) continue;
    --pck.sgx_tcb_comp_svn[i];
    EXPECT_EQ(TcbLevelVerdict(Info(), pck, &td, kQeUpToDate),
              "the platform is below every level of the TCB info")
        << i;
  }
}

TEST(DcapTcb, LooksAtTdxComponentsToo) {
  TdReport td = Td();
  td.tee_tcb_svn[2] = 1;
  EXPECT_EQ(TcbLevelVerdict(Info(), td),
            "the platform is below every level of the TCB info");
  // For SGX they do not matter.
  EXPECT_EQ(TcbLevelVerdict(Info(), Pck(), nullptr, kQeUpToDate), "UpToDate");
}

TEST(DcapTcb, LooksAtAllTdxComponentsOfModuleVersion0) {
  TdReport td = Td();
  td.tee_tcb_svn = {5, 0, 2};
  EXPECT_EQ(TcbLevelVerdict(Info(), td), "UpToDate");
  td.tee_tcb_svn = {4, 0, 2};
  EXPECT_EQ(TcbLevelVerdict(Info(), td),
            "the platform is below every level of the TCB info");
}

TEST(DcapTcb, LooksAtTheLevelsOfTheModule) {
  TdReport td = Td();
  td.tee_tcb_svn[0] = 3;
  EXPECT_EQ(TcbLevelVerdict(Info(), td), "OutOfDate INTEL-SA-01036");
  td.tee_tcb_svn[0] = 1;
  EXPECT_EQ(TcbLevelVerdict(Info(), td),
            "the TDX module's ISVSVN 1 is below every level of 'TDX_01'");
  td.tee_tcb_svn[1] = 0x0a;
  EXPECT_EQ(TcbLevelVerdict(Info(), td),
            "the TCB info has no TDX module identity 'TDX_0a'");
  TcbInfo info = Info();
  info.tdx_module_identities[0].id = "tdx_0A";
  td.tee_tcb_svn[0] = 4;
  EXPECT_EQ(TcbLevelVerdict(info, td), "UpToDate");
}

TEST(DcapTcb, ConvergesWithModuleAndQuotingEnclave) {
  const TdReport td = Td();
  struct Row {
    TcbStatus platform;
    TcbStatus qe;
    std::string verdict;
  };
  const Row rows[] = {
      {TcbStatus::kUpToDate, TcbStatus::kUpToDate, "UpToDate"},
      {TcbStatus::kUpToDate, TcbStatus::kOutOfDate, "OutOfDate"},
      {TcbStatus::kSwHardeningNeeded, TcbStatus::kUpToDate,
       "SWHardeningNeeded"},
      {TcbStatus::kSwHardeningNeeded, TcbStatus::kOutOfDate, "OutOfDate"},
      {TcbStatus::kConfigurationNeeded, TcbStatus::kOutOfDate,
       "OutOfDateConfigurationNeeded"},
      {TcbStatus::kConfigurationAndSwHardeningNeeded, TcbStatus::kOutOfDate,
       "OutOfDateConfigurationNeeded"},
      {TcbStatus::kConfigurationAndSwHardeningNeeded, TcbStatus::kUpToDate,
       "ConfigurationAndSWHardeningNeeded"},
      {TcbStatus::kOutOfDateConfigurationNeeded, TcbStatus::kOutOfDate,
       "OutOfDateConfigurationNeeded"},
      {TcbStatus::kRevoked, TcbStatus::kOutOfDate, "Revoked"},
      {TcbStatus::kUpToDate, TcbStatus::kRevoked, "Revoked"},
      {TcbStatus::kOutOfDate, TcbStatus::kRevoked, "Revoked"},
  };
  for (const Row& row : rows) {
    TcbInfo info = Info();
    info.levels[0].status = row.platform;
    EXPECT_EQ(TcbLevelVerdict(info, Pck(), &td, {row.qe, {}}), row.verdict);
    // The module's status does the same.
    info.tdx_module_identities[0].levels[0].status = row.qe;
    EXPECT_EQ(TcbLevelVerdict(info, td), row.verdict);
  }
}

TEST(DcapTcb, CollectsAdvisoriesOnce) {
  TdReport td = Td();
  td.tee_tcb_svn[0] = 3;
  TcbInfo info = Info();
  info.levels[0].advisories = {"A", "B"};
  EXPECT_EQ(
      TcbLevelVerdict(info, Pck(), &td,
                      {TcbStatus::kOutOfDate, {"B", "INTEL-SA-01036", "C"}}),
      "OutOfDate A B INTEL-SA-01036 C");
}

TEST(DcapTcb, AdvisesARelaunchAfterAnUpdateOfTheModule) {
  TcbInfo info = Info();
  TdReport td = Td();
  td.tee_tcb_svn[0] = 3;
  td.version15.emplace();
  td.version15->tee_tcb_svn2 = {4, 1, 2};
  EXPECT_EQ(TcbLevelVerdict(info, td), "TDRelaunchAdvised INTEL-SA-01036");
  // Not if the quoting enclave is out of date, or the module still is.
  EXPECT_EQ(TcbLevelVerdict(info, Pck(), &td, {TcbStatus::kOutOfDate, {}}),
            "OutOfDate INTEL-SA-01036");
  td.version15->tee_tcb_svn2 = {3, 1, 2};
  EXPECT_EQ(TcbLevelVerdict(info, td), "OutOfDate INTEL-SA-01036");
  td.version15->tee_tcb_svn2 = {4, 1, 1};
  EXPECT_EQ(TcbLevelVerdict(info, td), "OutOfDate INTEL-SA-01036");
  // Updated to a module of version 0, whose levels are the platform's.
  td.version15->tee_tcb_svn2 = {5, 0, 2};
  EXPECT_EQ(TcbLevelVerdict(info, td), "TDRelaunchAdvised INTEL-SA-01036");
  td.version15->tee_tcb_svn2 = {5, 7, 2};
  EXPECT_EQ(TcbLevelVerdict(info, td),
            "the TCB info has no TDX module identity 'TDX_07'");
  td.version15->tee_tcb_svn2 = {4, 1, 2};
  info.levels[0].status = TcbStatus::kConfigurationNeeded;
  EXPECT_EQ(TcbLevelVerdict(info, td),
            "TDRelaunchAdvisedConfigurationNeeded INTEL-SA-01036");
  info.levels[0].status = TcbStatus::kOutOfDate;
  EXPECT_EQ(TcbLevelVerdict(info, td), "OutOfDate INTEL-SA-01036");
}

std::string TdxModuleRefusal(const Status& status) {
  return status ? "accepted" : status.error().message();
}

TEST(DcapTdxModule, IsIntelsWithoutADocument) {
  TdReport td = Td();
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(nullptr, td)), "accepted");
  td.seam_attributes[7] = 1;
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(nullptr, td)),
            "SEAMATTRIBUTES: found 0000000000000001, expected "
            "0000000000000000");
  td = Td();
  td.mr_signer_seam[0] = 1;
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(nullptr, td)),
            "MRSIGNERSEAM: found 01" + std::string(94, '0') + ", expected " +
                std::string(96, '0'));
}

TEST(DcapTdxModule, IsTheOneOfItsVersion) {
  const TcbInfo info = Info();
  TdReport td = Td();
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(&info, td)), "accepted");
  // The base module of these documents has another signer.
  td.tee_tcb_svn[1] = 0;
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(&info, td)),
            "MRSIGNERSEAM: found " + std::string(96, '0') + ", expected " +
                std::string(95, '0') + "1");
  td.mr_signer_seam[47] = 1;
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(&info, td)), "accepted");
  td.tee_tcb_svn[1] = 3;
  EXPECT_EQ(TdxModuleRefusal(MatchTdxModule(&info, td)),
            "the TCB info has no TDX module identity 'TDX_03'");
}

SgxReport QeReport(const QeIdentity& identity) {
  SgxReport report;
  report.misc_select = identity.miscselect | 1;  // outside of the mask
  report.attributes = identity.attributes;
  report.attributes[0] |= 0x04;  // likewise
  report.attributes[8] = 0xe7;   // likewise
  report.mr_signer = identity.mrsigner;
  report.isv_prod_id = identity.isvprodid;
  report.isv_svn = 5;
  return report;
}

std::string QeVerdict(const SgxReport& report) {
  const QeIdentity identity = ParseQeIdentity(test::kTdQeIdentity).value();
  const auto verdict = MatchQeIdentity(identity, report);
  if (!verdict) return verdict.error().message();
  return std::string(TcbStatusName(verdict->status)) +
         (verdict->advisories.empty() ? "" : " " + verdict->advisories[0]);
}

TEST(DcapQeIdentity, MatchesUnderTheMasks) {
  const QeIdentity identity = ParseQeIdentity(test::kTdQeIdentity).value();
  SgxReport report = QeReport(identity);
  EXPECT_EQ(QeVerdict(report), "UpToDate");
  report.isv_svn = 3;
  EXPECT_EQ(QeVerdict(report), "OutOfDate INTEL-SA-00477");
  report.isv_svn = 2;
  EXPECT_EQ(QeVerdict(report),
            "ISVSVN 2 is below every level of the QE "
            "identity");
}

TEST(DcapQeIdentity, RejectsOtherEnclaves) {
  const QeIdentity identity = ParseQeIdentity(test::kTdQeIdentity).value();
  SgxReport report = QeReport(identity);
  report.misc_select = 0x80000100;
  EXPECT_EQ(QeVerdict(report), "MISCSELECT: found 0x80000100, expected 0x100");
  report = QeReport(identity);
  report.attributes[0] |= 0x02;  // DEBUG
  EXPECT_EQ(QeVerdict(report),
            "ATTRIBUTES: found 13000000000000000000000000000000, expected "
            "11000000000000000000000000000000");
  report = QeReport(identity);
  report.mr_signer[0] ^= 1;
  EXPECT_EQ(QeVerdict(report).substr(0, 20), "MRSIGNER: found dd9e");
  report = QeReport(identity);
  report.isv_prod_id = 1;
  EXPECT_EQ(QeVerdict(report), "ISVPRODID: found 0x1, expected 0x2");
}

}  // namespace
}  // namespace tally
