#include "attest/azure.h"

#include <gtest/gtest.h>

#include "attest/azure_paravisor.h"
#include "tests/attest/azure_world.h"

namespace tally {
namespace {

using test::AzureWorld;

TEST(Azure, AuthenticatesTheWholeChain) {
  AzureWorld world;
  EXPECT_EQ(world.Make().Verdict(), "authentic");
  const Evidence evidence = world.Check().value();
  EXPECT_EQ(evidence.kind, EvidenceKind::kAzureSnp);
  EXPECT_EQ(evidence.summary.find("Azure vTPM quote of sha256: 0, 4, 7; AMD "
                                  "Milan, VCEK chain to ARK-Milan"),
            0u)
      << evidence.summary;
  const std::vector<EvidenceCheck> last(evidence.checks.end() - 5,
                                        evidence.checks.end());
  EXPECT_EQ(last,
            (std::vector<EvidenceCheck>{
                Passed("report level", "VMPL 0, the paravisor's"),
                Passed("paravisor",
                       "launched with Microsoft's ID key 942fd93ebde6ea7a…"),
                Passed("runtime data", "its SHA-256 is in the hardware report"),
                Passed("quote signature",
                       "RSASSA with sha256, by the RSA-2048 attestation key"),
                Passed("PCR digest", "3 values (sha256: 0, 4, 7)")}));
}

TEST(Azure, NamesTheParavisorsRegistersApart) {
  AzureWorld world;
  const Evidence evidence = world.Make().Check().value();
  std::string names;
  for (const AttestedRegister& found : evidence.registers) {
    names += found.name + " ";
  }
  EXPECT_EQ(names, "pcr0 pcr4 pcr7 paravisor_launch_digest ");
  EXPECT_EQ(evidence.registers.back().value, Bytes(48, 0x5a));
}

TEST(Azure, ClaimsTheHardwaresStateAndTheQuotesNonce) {
  AzureWorld world;
  const Evidence evidence = world.Make().Check().value();
  EXPECT_EQ(evidence.claims.nonce, ToBytes(AsBytes("challenge")));
  EXPECT_EQ(evidence.claims.report_data, ToBytes(AsBytes("challenge")));
  EXPECT_EQ(evidence.claims.debug, false);
  EXPECT_EQ(evidence.claims.vmpl, 0u);
  EXPECT_FALSE(evidence.claims.tcb.empty());
  EXPECT_EQ(evidence.claims.identities.at("id_key_digest").size(), 48u);
}

TEST(Azure, RejectsReportsOfTheGuestsOwnLevel) {
  AzureWorld world;
  world.machine.report.vmpl = 2;
  EXPECT_EQ(world.Make().Verdict(),
            "report level: found VMPL 2, expected 0, the paravisor's\n");
}

TEST(Azure, RejectsAParavisorOfAnybody) {
  AzureWorld world;
  world.machine.report.id_key_digest = {};
  EXPECT_EQ(world.Make().Verdict(), "paravisor: found ID key digest " +
                                        std::string(96, '0') +
                                        ", expected one of Microsoft's\n");
}

TEST(Azure, DoesNotKnowWhoseAParavisorOfTdxIs) {
  EXPECT_EQ(CheckParavisor(HclReportType::kTdx, {}).state,
            CheckState::kUnknown);
  EXPECT_EQ(CheckParavisor(HclReportType::kSnp, {}),
            Failed("paravisor",
                   "found ID key digest none, expected one of Microsoft's"));
}

TEST(Azure, RejectsRuntimeDataThatTheHardwareDoesNotVouchFor) {
  AzureWorld world;
  world.other_runtime_data = Json(world.runtime).Canonical() + " ";
  world.Make();
  EXPECT_EQ(world.Verdict(),
            "runtime data: its SHA-256 is " +
                Sha256(AsBytes(world.other_runtime_data)).hex() +
                ", the report data " + Hex(world.machine.report.report_data) +
                "\n");
}

TEST(Azure, RejectsAQuoteByAnotherKeyOrOfOtherBytes) {
  AzureWorld world;
  world.Make();
  Bytes message = world.tpm.evidence.message;
  message[20] ^= 1;
  world.QuoteField("message") = Hex(message);
  const std::string refusal =
      "quote signature: the signature is not by the RSA-2048 key over these "
      "bytes\n";
  EXPECT_EQ(world.Verdict(), refusal);
  world.Make();
  world.QuoteField("signature") = Hex(Bytes(256, 1));
  EXPECT_EQ(world.Verdict(), refusal);
  world.QuoteField("signature") = "";
  EXPECT_EQ(world.Verdict(), refusal);
}

TEST(Azure, RejectsOtherPcrValues) {
  AzureWorld world;
  world.Make();
  Json::Array pcrs = *world.QuoteField("pcrs").array();
  pcrs[0] = Hex(Bytes(32, 1));
  world.QuoteField("pcrs") = pcrs;
  EXPECT_EQ(world.Verdict().find("PCR digest: the PCR values hash to "), 0u);
  pcrs.pop_back();
  world.QuoteField("pcrs") = pcrs;
  EXPECT_EQ(world.Verdict(),
            "PCR digest: found 2 values, the quote selects 3 PCRs\n");
}

TEST(Azure, RejectsAHardwareReportThatIsNotAuthentic) {
  AzureWorld world;
  world.Make();
  world.evidence["vcek"] = test::Base64UrlOf(AsBytes("no certificate"));
  EXPECT_FALSE(world.Check()->authentic());
  world.Make();
  world.machine.key = test::TestKey::P384();
  EXPECT_TRUE(world.Check()->authentic());  // the evidence is as it was
  const std::string report =
      *ParseJson(Json(world.evidence).Canonical())->Find("hcl_report")->text();
  world.Make();
  world.evidence["hcl_report"] = report;
  EXPECT_FALSE(world.Check()->authentic());
}

TEST(Azure, NonceMustBeInTheUserDataOfVersion2) {
  AzureWorld world;
  world.version = 2;
  EXPECT_EQ(world.Make().Verdict(), "authentic");
  EXPECT_EQ(world.Check()->checks.back(),
            Passed("user data", "begins with the quote's nonce"));
  world.runtime["user-data"] = "00";
  EXPECT_EQ(world.Make().Verdict(),
            "user data: found 00, expected the quote's nonce " +
                Hex(AsBytes("challenge")) + " in front\n");
  world.version = 1;
  EXPECT_EQ(world.Make().Verdict(), "authentic");
}

TEST(Azure, RejectsPartsThatCannotBeParsed) {
  AzureWorld world;
  world.Make();
  world.evidence["hcl_report"] = test::Base64UrlOf(AsBytes("HCLA"));
  EXPECT_EQ(world.Verdict(),
            "hcl report: version at 0x4: needs 4 bytes, 0 left");
  world.Make();
  world.QuoteField("message") = "00";
  EXPECT_EQ(world.Verdict(), "tpm quote: magic at 0x0: needs 4 bytes, 1 left");
  world.Make();
  world.evidence["td_quote"] = world.evidence["vcek"];
  world.evidence.erase("vcek");
  EXPECT_EQ(world.Verdict(),
            "azure evidence: the hcl report is of SNP, the other fields are of "
            "TDX");
  world.runtime["keys"] = Json::Array{};
  EXPECT_EQ(world.Make().Verdict(), "hcl runtime data: no key 'HCLAkPub'");
}

TEST(Azure, RejectsWeakAttestationKeys) {
  AzureWorld world;
  Json key = world.runtime["keys"].array()->front();
  (*key.object())["n"] = std::string(170, '_') + "8";  // 1024 bits
  world.runtime["keys"] = Json::Array{key};
  EXPECT_EQ(world.Make().Verdict(),
            "found an RSA key of 1024 bits, expected 2048 to 4096");
  (*key.object())["e"] = "Ag";
  world.runtime["keys"] = Json::Array{key};
  EXPECT_EQ(world.Make().Verdict(),
            "found an RSA modulus of 128 bytes and exponent 0x02, expected at "
            "most 512 bytes and an odd exponent");
}

TEST(Azure, DescribesEveryPart) {
  AzureWorld world;
  world.Make();
  const std::string text = Json(world.evidence).Canonical();
  EXPECT_TRUE(LooksLikeAzure(AsBytes(text)));
  const auto fields = DescribeAzure(AsBytes(text));
  ASSERT_TRUE(fields) << fields.error().ToString();
  const auto find = [&fields](const std::string& name) {
    const auto found = std::ranges::find(*fields, name, &EvidenceField::name);
    return found == fields->end() ? EvidenceField() : *found;
  };
  EXPECT_EQ(fields->front().name, "version");
  EXPECT_EQ(find("hcl_report / runtime data").offset, 1236u);
  EXPECT_EQ(find("tpm_quote / extraData").value, Hex(AsBytes("challenge")));
  EXPECT_EQ(find("tpm_quote / pcr7").value, Hex(Bytes(32, 0xa7)));
  EXPECT_EQ(fields->at(1).name.find("hcl_report / "), 0u);
  EXPECT_EQ(fields->at(1).offset, 32u);
}

}  // namespace
}  // namespace tally
