// MakeTpmEvidence, and real quotes of an emulated TPM.
#include <gtest/gtest.h>

#include <algorithm>

#include "common/process.h"
#include "tests/attest/tpm_world.h"
#include "tests/support/make_event_log.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::TestKey;
using test::TpmWorld;

Bytes Values(const std::vector<Bytes>& pcrs) {
  ByteWriter w;
  for (const Bytes& pcr : pcrs) w.Raw(pcr);
  return std::move(w).Take();
}

std::vector<CollateralFile> FilesOf(const TpmWorld& world) {
  return {{"quote.sig", world.evidence.signature},
          {"quote.msg", world.evidence.message},
          {"ak.pub", *world.evidence.ak_public},
          {"pcrs", Values(world.pcrs)}};
}

std::string TpmFilesRefusal(const std::vector<CollateralFile>& files) {
  const auto evidence = MakeTpmEvidence(files);
  return evidence ? "accepted" : evidence.error().message();
}

TEST(TpmFiles, AreKnownByTheirContents) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  std::vector<CollateralFile> files = FilesOf(world);
  EXPECT_EQ(MakeTpmEvidence(files).value(), world.evidence);
  std::ranges::reverse(files);
  EXPECT_EQ(MakeTpmEvidence(files).value(), world.evidence);

  const Bytes log =
      test::Joined({test::SpecIdLogEvent({test::kSha256Bank}),
                    test::LogEvent2(4, 0xd, {test::kSha256Bank}, 0x11, "x")});
  const Bytes certificate = test::MakeCertificate({}, world.key, world.key);
  files.push_back({"log", log});
  files.push_back({"ak.der", certificate});
  files[1] = {"ak.tpmt", EncodeTpmtPublic(world.area)};
  TpmEvidence expected = world.evidence;
  expected.event_log = log;
  expected.ak_certificates = {certificate};
  EXPECT_EQ(MakeTpmEvidence(files).value(), expected);

  const std::string pem = test::Pem("PUBLIC KEY", test::SpkiOf(world.key));
  files[1] = {"ak.pem", ToBytes(AsBytes(pem))};
  expected.ak_public.reset();
  expected.ak_pem = pem;
  EXPECT_EQ(MakeTpmEvidence(files).value(), expected);
}

TEST(TpmFiles, RejectsWhatIsMissingTwiceOrSomethingElse) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  const std::vector<CollateralFile> good = FilesOf(world);
  const auto without = [&good](size_t index) {
    std::vector<CollateralFile> files = good;
    files.erase(files.begin() + static_cast<ptrdiff_t>(index));
    return TpmFilesRefusal(files);
  };
  EXPECT_EQ(without(0), "no signature among the files");
  EXPECT_EQ(without(1), "no quote among the files");
  EXPECT_EQ(without(2), "no attestation key among the files");
  EXPECT_EQ(without(3), "no PCR values among the files");
  const auto twice = [&good](size_t index) {
    std::vector<CollateralFile> files = good;
    files.push_back({"again", good[index].bytes});
    return TpmFilesRefusal(files);
  };
  EXPECT_EQ(twice(0),
            "found two files that are a signature: 'quote.sig' and 'again'");
  EXPECT_EQ(twice(1),
            "found two files that are a quote: 'quote.msg' and 'again'");
  EXPECT_EQ(twice(2),
            "found two files that are an attestation key: 'ak.pub' and "
            "'again'");
  EXPECT_EQ(twice(3),
            "found two files that are PCR values: 'pcrs' and 'again'");
  std::vector<CollateralFile> files = good;
  files.push_back({"notes.txt", ToBytes(AsBytes("notes"))});
  EXPECT_EQ(TpmFilesRefusal(files),
            "'notes.txt' is neither a quote, signature (in the format 'tss'), "
            "public key, certificate, PCR file nor event log");
  EXPECT_EQ(TpmFilesRefusal(std::vector<CollateralFile>(17)),
            "found 17 files, expected at most 16");
  ByteWriter other;
  other.U32Be(1).U16Be(0xb).U8(3).Raw(Bytes{2, 0, 0}).U32Be(1).U32Be(1);
  other.U16Be(32).Raw(Bytes(32, 1));
  files = good;
  files[3] = {"pcrs", other.bytes()};
  EXPECT_EQ(TpmFilesRefusal(files),
            "'pcrs' is of other PCRs than the quote selects");
  files = good;
  for (int i = 0; i < 9; ++i) {
    files.push_back({"c", test::MakeCertificate({}, world.key, world.key)});
  }
  EXPECT_EQ(TpmFilesRefusal(files), "found more than 8 certificates");
}

std::vector<CollateralFile> ReadDirectory(const fs::path& directory) {
  std::vector<CollateralFile> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files.push_back(
        {entry.path().filename().string(), test::MustRead(entry.path())});
  }
  return files;
}

// The quotes of tests/interop/tpm_quote.sh: a directory each.
class TpmTools : public testing::Test {
 protected:
  static bool Quote(const test::Scratch& scratch) {
    const Tool tool = {
        .program = "/usr/bin/env",
        .args = {"bash",
                 fs::absolute(test::SourcePath("tests/interop/tpm_quote.sh"))
                     .string(),
                 scratch.path().string()},
        .env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                {"LC_ALL", "C.UTF-8"}}};
    const auto output = RunTool(tool);
    EXPECT_TRUE(output) << output.error().ToString();
    if (!output) return false;
    const Status good = RequireSuccess(tool, *output);
    EXPECT_TRUE(good) << good.error().ToString();
    return good.has_value();
  }
};

TEST_F(TpmTools, QuotesAreAuthentic) {
  TALLY_NEED_PROGRAM(quote, "tpm2_quote");
  TALLY_NEED_PROGRAM(swtpm, "swtpm");
  const test::Scratch scratch;
  ASSERT_TRUE(Quote(scratch));
  size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(scratch.path() / "cases")) {
    SCOPED_TRACE(entry.path().filename());
    ++cases;
    const auto made = MakeTpmEvidence(ReadDirectory(entry.path()));
    ASSERT_TRUE(made) << made.error().ToString();
    const std::string text = FormatTpmEvidence(*made);
    const std::vector<CollateralFile> key = {{"ak", *made->ak_public}};
    const auto evidence =
        AuthenticateTpm(AsBytes(text), {.at = 0, .collateral = key});
    ASSERT_TRUE(evidence) << evidence.error().ToString();
    for (const EvidenceCheck& check : evidence->checks) {
      EXPECT_NE(check.state, CheckState::kFailed)
          << check.name << ": " << check.text;
    }
    EXPECT_EQ(evidence->claims.nonce, Bytes({0x01, 0x23, 0x45, 0x67}));
    // tpm2_createak prints the name that it computed itself.
    const Bytes name =
        test::MustRead(scratch.path() / "names" / entry.path().filename());
    EXPECT_EQ(evidence->claims.identities.at("ak_name"), name);
  }
  EXPECT_EQ(cases, 6u);
}

}  // namespace
}  // namespace tally
