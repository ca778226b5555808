#include "sign/statement.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/hash.h"
#include "common/json.h"
#include "sign/attestation.h"
#include "sign/bundle.h"
#include "tests/sign/keys.h"

namespace tally {
namespace {

using test::MustReadText;
using test::NewSigner;
using test::Replaced;

Sha256Digest DigestOf(std::string_view text) { return Sha256(AsBytes(text)); }

Provenance Sample() {
  return {.subjects = {{.name = "artifacts/kernel",
                        .sha256 = DigestOf("kernel"),
                        .sha384 = Sha384(AsBytes("kernel"))},
                       {.name = "release.json", .sha256 = DigestOf("release")}},
          .parameters = {.name = "minimal-cvm",
                         .version = "0.1",
                         .architecture = "amd64",
                         .manifest_sha256 = DigestOf("manifest"),
                         .lock_sha256 = DigestOf("lock"),
                         .format_epoch = 7},
          .dependencies = {{.name = "pool/main/b/busybox/busybox.deb",
                            .uri = "pkg:deb/debian/busybox@1?arch=amd64",
                            .sha256 = DigestOf("busybox")},
                           {.name = "init",
                            .uri = "pkg:generic/init",
                            .sha256 = DigestOf("init")}},
          .builder_id = "https://acme.example/ci",
          .invocation_id = "42"};
}

std::string SampleText() { return FormatStatement(Sample()).value(); }

std::string FormatFailureOf(const Provenance& provenance) {
  const Result<std::string> text = FormatStatement(provenance);
  if (text) return "";
  EXPECT_EQ(text.error().code(), ErrorCode::kInput);
  return text.error().ToString();
}

std::string ParseFailureOf(std::string_view text) {
  const Result<Provenance> provenance = ParseStatement(text);
  if (provenance) return "";
  EXPECT_EQ(provenance.error().code(), ErrorCode::kInput);
  return provenance.error().ToString();
}

std::string FailureWith(const std::string& from, const std::string& to) {
  return ParseFailureOf(Replaced(SampleText(), from, to));
}

TEST(Statement, HasExactlyTheDocumentedFields) {
  EXPECT_EQ(
      SampleText(),
      R"({"_type":"https://in-toto.io/Statement/v1","predicate":)"
      R"({"buildDefinition":{"buildType":)"
      R"("https://tallystick.dev/buildtypes/image/v1","externalParameters":)"
      R"({"architecture":"amd64","formatEpoch":7,"lockSha256":")" +
          DigestOf("lock").hex() + R"(","manifestSha256":")" +
          DigestOf("manifest").hex() +
          R"(","name":"minimal-cvm","version":"0.1"},"resolvedDependencies":)"
          R"([{"digest":{"sha256":")" +
          DigestOf("busybox").hex() +
          R"("},"name":"pool/main/b/busybox/busybox.deb",)"
          R"("uri":"pkg:deb/debian/busybox@1?arch=amd64"},)"
          R"({"digest":{"sha256":")" +
          DigestOf("init").hex() +
          R"("},"name":"init","uri":"pkg:generic/init"}]},"runDetails":)"
          R"({"builder":{"id":"https://acme.example/ci"},"metadata":)"
          R"({"invocationId":"42"}}},"predicateType":)"
          R"("https://slsa.dev/provenance/v1","subject":[{"digest":)"
          R"({"sha256":")" +
          DigestOf("kernel").hex() + R"(","sha384":")" +
          Sha384(AsBytes("kernel")).hex() +
          R"("},"name":"artifacts/kernel"},{"digest":{"sha256":")" +
          DigestOf("release").hex() + R"("},"name":"release.json"}]})");
}

TEST(Statement, RoundTrips) {
  EXPECT_EQ(ParseStatement(SampleText()).value(), Sample());
  Provenance least = {.subjects = {{.name = "x"}}};
  EXPECT_EQ(least.builder_id, "urn:tallystick:builder:local");
  const std::string text = FormatStatement(least).value();
  EXPECT_EQ(text.find("metadata"), std::string::npos);
  EXPECT_EQ(ParseStatement(text).value(), least);
}

TEST(Statement, SameBytesWhateverTheOrder) {
  Provenance reversed = Sample();
  std::ranges::reverse(reversed.subjects);
  std::ranges::reverse(reversed.dependencies);
  EXPECT_EQ(FormatStatement(reversed).value(), SampleText());
}

TEST(Statement, RejectsWhatItCannotState) {
  Provenance provenance = Sample();
  provenance.subjects.clear();
  EXPECT_EQ(FormatFailureOf(provenance), "statement: no subject");
  provenance = Sample();
  provenance.subjects[0].name = "";
  EXPECT_EQ(FormatFailureOf(provenance), "statement: a subject has no name");
  provenance = Sample();
  provenance.subjects[0].name = "release.json";
  EXPECT_EQ(FormatFailureOf(provenance),
            "statement: subject 'release.json' occurs twice");
  for (const char* id : {"", "acme", ":x", "1a:x", "a:", "a:b c", "a:\xff"}) {
    provenance = Sample();
    provenance.builder_id = id;
    EXPECT_EQ(FormatFailureOf(provenance),
              "statement: found builder id " + Quote(id) + ", expected a URI");
  }
  provenance = Sample();
  provenance.dependencies[0].name = "\xff";
  EXPECT_EQ(FormatFailureOf(provenance),
            "statement: text '\\xff' is not UTF-8");
}

TEST(Statement, RejectsOtherTypes) {
  EXPECT_EQ(FailureWith("Statement/v1", "Statement/v0.1"),
            "statement: found type 'https://in-toto.io/Statement/v0.1', "
            "expected 'https://in-toto.io/Statement/v1'");
  EXPECT_EQ(FailureWith("provenance/v1", "provenance/v0.2"),
            "statement: found predicate type "
            "'https://slsa.dev/provenance/v0.2', expected "
            "'https://slsa.dev/provenance/v1'");
  EXPECT_EQ(FailureWith("image/v1", "image/v2"),
            "statement: found build type "
            "'https://tallystick.dev/buildtypes/image/v2', expected "
            "'https://tallystick.dev/buildtypes/image/v1'");
}

TEST(Statement, RejectsUnknownAndMissingParameters) {
  EXPECT_EQ(FailureWith("\"formatEpoch\":7", "\"formatEpoch\":7,\"debug\":1"),
            "statement: externalParameters: unknown field 'debug'");
  EXPECT_EQ(FailureWith("\"formatEpoch\":7,", ""),
            "statement: externalParameters: field 'formatEpoch' is missing, "
            "expected an integer");
  EXPECT_EQ(FailureWith("\"formatEpoch\":7", "\"formatEpoch\":-7"),
            "statement: externalParameters: field 'formatEpoch' is negative");
  EXPECT_EQ(FailureWith("\"lockSha256\":\"", "\"lockSha256\":\"0"),
            "statement: externalParameters: digest 'lockSha256': hex has 65 "
            "digits, expected an even number");
  EXPECT_EQ(FailureWith("\"buildType\"", "\"x\":1,\"buildType\""),
            "statement: buildDefinition: unknown field 'x'");
  EXPECT_EQ(FailureWith("\"predicateType\"", "\"x\":1,\"predicateType\""),
            "statement: unknown field 'x'");
}

TEST(Statement, RejectsBadSubjects) {
  EXPECT_EQ(
      FailureWith("\"name\":\"artifacts/kernel\"", "\"name\":\"release.json\""),
      "statement: subject 'release.json' occurs twice");
  EXPECT_EQ(FailureWith(",\"name\":\"artifacts/kernel\"", ""),
            "statement: subject: field 'name' is missing, expected text");
  EXPECT_EQ(FailureWith("\"sha256\":\"" + DigestOf("kernel").hex() + "\",", ""),
            "statement: subject 'artifacts/kernel': no digest 'sha256'");
  EXPECT_EQ(FailureWith("\"sha384\":\"", "\"sha384\":\"ab"),
            "statement: subject 'artifacts/kernel': digest 'sha384': digest "
            "has 49 bytes, expected 48");
  EXPECT_EQ(FailureWith(DigestOf("kernel").hex(), std::string(63, '0') + "A"),
            "statement: subject 'artifacts/kernel': digest 'sha256': found '" +
                std::string(63, '0') + "A', expected a digest in lower case");
  EXPECT_EQ(FailureWith("\"subject\":[", "\"subject\":[7,"),
            "statement: subject: expected an object");
}

TEST(Statement, RejectsBadDependenciesAndRunDetails) {
  EXPECT_EQ(FailureWith(",\"uri\":\"pkg:generic/init\"", ""),
            "statement: resolved dependency: field 'uri' is missing, expected "
            "text");
  EXPECT_EQ(FailureWith("\"sha256\":\"" + DigestOf("init").hex() + "\"", ""),
            "statement: resolved dependency 'init': no digest 'sha256'");
  EXPECT_EQ(
      FailureWith("\"builder\":{\"id\":\"https://acme.example/ci\"},", ""),
      "statement: runDetails: field 'builder' is missing, expected an "
      "object");
  EXPECT_EQ(FailureWith("\"id\":\"https://acme.example/ci\"", ""),
            "statement: found builder id '', expected a URI");
  EXPECT_EQ(FailureWith("\"id\":\"https://acme.example/ci\"", "\"id\":7"),
            "statement: runDetails: field 'id' is not text");
}

TEST(Statement, PassesOverWhatSaysNothingAboutTheBuild) {
  EXPECT_EQ(FailureWith("\"metadata\":{",
                        "\"byproducts\":[],\"metadata\":{"
                        "\"startedOn\":\"2026\","),
            "");
  EXPECT_EQ(
      FailureWith("\"buildType\"", "\"internalParameters\":{},\"buildType\""),
      "");
  EXPECT_EQ(FailureWith("\"sha384\"", "\"sha512\":\"x\",\"sha384\""), "");
  EXPECT_EQ(FailureWith("\"name\":\"artifacts/kernel\"",
                        "\"annotations\":{},\"name\":\"artifacts/kernel\""),
            "");
}

// StatusOf compares with `change`d subjects of the sample.
std::string CheckFailure(std::vector<Subject> stated,
                         std::vector<Subject> expected) {
  const Status status = CheckSubjects(stated, expected);
  if (status) return "";
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  return status.error().ToString();
}

TEST(CheckSubjects, AcceptsEqualSetsInAnyOrder) {
  std::vector<Subject> reversed = Sample().subjects;
  std::ranges::reverse(reversed);
  EXPECT_EQ(CheckFailure(Sample().subjects, reversed), "");
  // SHA-384 is compared where both have it.
  reversed[1].sha384.reset();
  EXPECT_EQ(CheckFailure(Sample().subjects, reversed), "");
  EXPECT_EQ(CheckFailure({}, {}), "");
}

TEST(CheckSubjects, NamesTheFirstThatDiffers) {
  const std::vector<Subject> sample = Sample().subjects;
  EXPECT_EQ(CheckFailure({}, sample),
            "subject 'artifacts/kernel' is not in the statement");
  EXPECT_EQ(CheckFailure({sample[0]}, sample),
            "subject 'release.json' is not in the statement");
  EXPECT_EQ(CheckFailure(sample, {sample[1]}),
            "the statement has a subject 'artifacts/kernel' that is not "
            "expected");
  EXPECT_EQ(CheckFailure(sample, {sample[0]}),
            "the statement has a subject 'release.json' that is not expected");
  EXPECT_EQ(CheckFailure({sample[0], sample[0], sample[1]}, sample),
            "the statement has a subject 'artifacts/kernel' that is not "
            "expected");
  std::vector<Subject> changed = sample;
  changed[1].sha256 = DigestOf("other");
  EXPECT_EQ(CheckFailure(changed, sample),
            "subject 'release.json'\n  expected " + sample[1].sha256.hex() +
                "\n       got " + DigestOf("other").hex());
  changed = sample;
  changed[0].sha384 = Sha384(AsBytes("other"));
  EXPECT_EQ(CheckFailure(changed, sample),
            "subject 'artifacts/kernel'\n  expected " +
                sample[0].sha384->hex() + "\n       got " +
                Sha384(AsBytes("other")).hex());
}

TEST(Attestation, SignsAndVerifiesInOneStep) {
  const FileSigner signer = NewSigner();
  const std::string text = SignProvenance(Sample(), signer).value();
  EXPECT_EQ(VerifyProvenance(text, signer.public_key()).value(), Sample());
  const Result<Provenance> wrong =
      VerifyProvenance(text, NewSigner().public_key());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::kMismatch);
}

TEST(Attestation, RejectsAnotherPayloadType) {
  const FileSigner signer = NewSigner();
  const DsseEnvelope envelope =
      SignDsse("text/x", AsBytes(SampleText()), signer).value();
  const Result<Provenance> result = VerifyProvenance(
      FormatBundle(envelope, signer.public_key()), signer.public_key());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().ToString(),
            "found payload type 'text/x', expected "
            "'application/vnd.in-toto+json'");
}

// origin: real-tool-outputs: cosign 3.1.1 accepts it; it is not of our build
// type.
TEST(Attestation, RejectsAnotherBuildersStatement) {
  TALLY_NEED_VECTOR(dir, "signing/real-tool-outputs/cosign-3.1.1");
  const PublicKey key = PublicKey::Load(dir / "p256.pub").value();
  const Result<Provenance> result =
      VerifyProvenance(MustReadText(dir / "p256.dsse.nokeyid.json"), key);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().ToString(),
            "statement: buildDefinition: field 'resolvedDependencies' is "
            "missing, expected an array");
}

}  // namespace
}  // namespace tally
