#include "attest/tpm.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "tests/attest/tpm_world.h"
#include "tests/support/make_event_log.h"

namespace tally {
namespace {

using test::TestKey;
using test::TpmWorld;

TEST(Tpm, AuthenticatesEachSchemeAndKey) {
  TpmWorld rsa = TpmWorld::Rsa();
  EXPECT_EQ(rsa.Quote().Vouch().Verdict(), "authentic");
  rsa.scheme = TpmSignatureScheme::kRsaPss;
  EXPECT_EQ(rsa.Quote().Verdict(), "authentic");
  rsa.hash = HashAlgorithm::kSha512;
  EXPECT_EQ(rsa.Quote().Verdict(), "authentic");
  TpmWorld p256 = TpmWorld::Ecc(TestKey::P256(), TpmCurve::kNistP256);
  EXPECT_EQ(p256.Quote().Vouch().Verdict(), "authentic");
  TpmWorld p384 = TpmWorld::Ecc(TestKey::P384(), TpmCurve::kNistP384);
  EXPECT_EQ(p384.Quote().Vouch().Verdict(), "authentic");
}

TEST(Tpm, SaysWhatWasCheckedAndClaimed) {
  TpmWorld world = TpmWorld::Rsa();
  const Evidence evidence = world.Quote().Vouch().Check().value();
  EXPECT_EQ(evidence.kind, EvidenceKind::kTpmQuote);
  EXPECT_EQ(evidence.summary,
            "TPM quote of sha256: 0, 4, 7, by the RSA-2048 attestation key");
  EXPECT_EQ(evidence.checks,
            (std::vector<EvidenceCheck>{
                Passed("attestation key", "RSA-2048 key, given in 'ak.pub'"),
                Passed("attestation key attributes",
                       "fixedTPM fixedParent sensitiveDataOrigin userWithAuth "
                       "restricted sign"),
                Passed("quote signature",
                       "RSASSA with sha256, by the RSA-2048 attestation key"),
                Passed("PCR digest", "3 values (sha256: 0, 4, 7)")}));
  EXPECT_EQ(evidence.registers,
            (std::vector<AttestedRegister>{
                {"pcr0", "sha256", Bytes(32, 0xa0), RegisterOrigin::kSigned},
                {"pcr4", "sha256", Bytes(32, 0xa4), RegisterOrigin::kSigned},
                {"pcr7", "sha256", Bytes(32, 0xa7), RegisterOrigin::kSigned}}));
  EXPECT_EQ(evidence.claims.nonce, ToBytes(AsBytes("challenge")));
  EXPECT_EQ(evidence.claims.report_data, ToBytes(AsBytes("challenge")));
  EXPECT_EQ(evidence.claims.debug, std::nullopt);
  EXPECT_EQ(evidence.claims.identities.at("ak_name"), TpmName(world.area));
  EXPECT_EQ(Hex(evidence.claims.identities.at("firmware_version")),
            "1122334455667788");
  EXPECT_EQ(evidence.claims.identities.count("ak_spki_sha256"), 1u);
}

TEST(Tpm, TakesTheKeyAsPem) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  const std::string pem = test::Pem("PUBLIC KEY", test::SpkiOf(world.key));
  world.collateral = {{"ak.pem", ToBytes(AsBytes(pem))}};
  EXPECT_EQ(world.Verdict(), "authentic");
  world.evidence.ak_public.reset();
  world.evidence.ak_pem = pem;
  EXPECT_EQ(world.Verdict(), "authentic");
  EXPECT_EQ(world.Check()->claims.identities.count("ak_name"), 0u);
}

TEST(Tpm, AttributesAreThoseOfTheVoucher) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  const std::string pem = test::Pem("PUBLIC KEY", test::SpkiOf(world.key));
  world.collateral = {{"ak.pem", ToBytes(AsBytes(pem))}};
  EXPECT_EQ(world.Check()->checks.at(1),
            Unknown("attestation key attributes",
                    "the evidence says 'fixedTPM fixedParent "
                    "sensitiveDataOrigin userWithAuth restricted sign'; who "
                    "vouches for the key has to know"));
  world.evidence.ak_public.reset();
  world.evidence.ak_pem = pem;
  EXPECT_EQ(world.Check()->checks.size(), 3u);
  world.area.attributes &= ~kTpmaFixedTpm;
  world.collateral = {{"ak.pub", EncodeTpm2bPublic(world.area)}};
  EXPECT_EQ(world.Check()->checks.at(1).state, CheckState::kFailed);
}

TEST(Tpm, RejectsAKeyThatNobodyVouchesFor) {
  TpmWorld world = TpmWorld::Rsa();
  EXPECT_EQ(world.Quote().Verdict(),
            "attestation key: nobody vouches for the RSA-2048 key: the "
            "collateral has neither this key nor a root of its certificate\n");
  TpmWorld other = TpmWorld::Ecc(TestKey::P256(), TpmCurve::kNistP256);
  world.collateral = {{"other.pub", EncodeTpm2bPublic(other.area)},
                      {"noise", ToBytes(AsBytes("noise"))}};
  EXPECT_EQ(world.Verdict(),
            "attestation key: nobody vouches for the RSA-2048 key: the "
            "collateral has neither this key nor a root of its certificate\n");
}

TEST(Tpm, RejectsTheSameKeyWithAnotherPublicArea) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote().Vouch();
  world.area.attributes |= kTpmaNoDa;
  world.Quote();
  EXPECT_EQ(world.Verdict(),
            "attestation key: 'ak.pub' has the same key with another public "
            "area: attributes, policy or scheme differ\n");
}

TEST(Tpm, RejectsAKeyThatSignsWhatItIsTold) {
  TpmWorld world = TpmWorld::Rsa();
  world.area.attributes &= ~kTpmaRestricted;
  EXPECT_EQ(world.Quote().Vouch().Verdict(),
            "attestation key attributes: found 'fixedTPM fixedParent "
            "sensitiveDataOrigin userWithAuth sign', expected fixedTPM, "
            "sensitiveDataOrigin, restricted and sign without decrypt\n");
}

TEST(Tpm, RejectsASignatureOfOtherBytesOrAnotherKey) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote().Vouch();
  world.quote.extra_data = ToBytes(AsBytes("chosen"));
  world.evidence.message = EncodeTpmQuote(world.quote);
  EXPECT_EQ(world.Verdict(),
            "quote signature: the signature is not by the RSA-2048 key over "
            "these bytes\n");
  TpmWorld p256 = TpmWorld::Ecc(TestKey::P256(), TpmCurve::kNistP256);
  p256.Quote().Vouch();
  p256.evidence.signature = world.evidence.signature;
  EXPECT_EQ(p256.Verdict(),
            "quote signature: found RSASSA with sha256, the key is P-256\n");
  TpmSignature zero = {.scheme = TpmSignatureScheme::kEcdsa,
                       .value = TpmEcdsaSignature{}};
  p256.evidence.signature = EncodeTpmSignature(zero);
  EXPECT_EQ(p256.Verdict(),
            "quote signature: the signature is not by the P-256 key over these "
            "bytes\n");
}

TEST(Tpm, RejectsSha1Signatures) {
  TpmWorld world = TpmWorld::Rsa();
  world.hash = HashAlgorithm::kSha1;
  EXPECT_EQ(world.Quote().Vouch().Verdict(),
            "quote signature: found RSASSA with sha1, expected sha256 or "
            "more\n");
}

TEST(Tpm, RejectsASchemeThatTheKeyDoesNotHave) {
  TpmWorld world = TpmWorld::Rsa();
  world.area.scheme = TpmKeyScheme{.scheme = TpmSignatureScheme::kRsaPss,
                                   .hash = HashAlgorithm::kSha256};
  EXPECT_EQ(world.Quote().Vouch().Verdict(),
            "quote signature: found RSASSA with sha256, the key signs only "
            "RSAPSS with sha256\n");
}

TEST(Tpm, RejectsPcrValuesThatAreNotThoseOfTheDigest) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote().Vouch();
  world.evidence.pcrs[1][0] ^= 1;
  EXPECT_EQ(world.Verdict(),
            "PCR digest: the PCR values hash to " +
                Sha256(test::Joined({Bytes(32, 0xa0), world.evidence.pcrs[1],
                                     Bytes(32, 0xa7)}))
                    .hex() +
                ", the quote has " + Hex(world.quote.pcr_digest) + "\n");
  std::swap(world.evidence.pcrs[1], world.evidence.pcrs[2]);
  EXPECT_FALSE(world.Check()->authentic());
  world.evidence.pcrs.pop_back();
  EXPECT_EQ(world.Verdict(),
            "PCR digest: found 2 values, the quote selects 3 PCRs\n");
  EXPECT_TRUE(world.Check()->registers.empty());
  // The same bytes, cut elsewhere.
  world.Quote();
  world.evidence.pcrs[0].push_back(0xa4);
  world.evidence.pcrs[1].pop_back();
  EXPECT_EQ(world.Verdict(),
            "PCR digest: pcr0: found 33 bytes, bank 'sha256' has 32\n");
}

TEST(Tpm, ReadsSeveralBanksInTheOrderOfTheSelection) {
  TpmWorld world = TpmWorld::Rsa();
  world.quote.pcr_select = {{.hash = HashAlgorithm::kSha384, .pcrs = 0b10},
                            {.hash = HashAlgorithm::kSha1, .pcrs = 0b1},
                            {.hash = HashAlgorithm::kSha256, .pcrs = 0b1}};
  world.pcrs = {Bytes(48, 1), Bytes(20, 2), Bytes(32, 3)};
  EXPECT_EQ(world.Quote().Vouch().Verdict(), "authentic");
  EXPECT_EQ(world.Check()->registers,
            (std::vector<AttestedRegister>{
                {"pcr1", "sha384", Bytes(48, 1), RegisterOrigin::kSigned},
                {"pcr0", "sha256", Bytes(32, 3), RegisterOrigin::kSigned}}));
}

TEST(Tpm, RejectsEveryFlippedBitOfTheMessage) {
  TpmWorld world = TpmWorld::Ecc(TestKey::P256(), TpmCurve::kNistP256);
  world.Quote().Vouch();
  const Bytes message = world.evidence.message;
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    world.evidence.message = message;
    world.evidence.message[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const Result<Evidence> evidence = world.Check();
    EXPECT_FALSE(evidence && evidence->authentic()) << "bit " << bit;
  }
}

// A log in which PCR 4 has one event, of the digest 0x11 repeated.
Bytes Log() {
  return test::Joined(
      {test::SpecIdLogEvent({test::kSha256Bank}),
       test::LogEvent2(4, 0xd, {test::kSha256Bank}, 0x11, "x")});
}

Bytes ExtendedOnce() {
  return ToBytes(Sha256(test::Joined({Bytes(32, 0), Bytes(32, 0x11)})).span());
}

std::string EventLogText(const TpmWorld& world) {
  const Evidence evidence = world.Check().value();
  const EvidenceCheck& check = evidence.checks.back();
  return check.name + ", " + std::string(CheckStateName(check.state)) + ": " +
         check.text;
}

TEST(Tpm, EventLogMustGiveWhatFirmwareExtended) {
  TpmWorld world = TpmWorld::Rsa();
  world.quote.pcr_select = {{.pcrs = 1 << 4 | 1 << 11}};
  world.pcrs = {ExtendedOnce(), Bytes(32, 0)};
  world.Quote().Vouch();
  world.evidence.event_log = Log();
  EXPECT_EQ(EventLogText(world),
            "event log, passed: replays to 2 of 2 registers");
  world.pcrs[1] = Bytes(32, 7);
  world.Quote();
  EXPECT_EQ(EventLogText(world),
            "event log, unknown: replays to 1 of 2 registers; not to pcr11, "
            "which were extended after the log was closed");
  EXPECT_EQ(world.Verdict(), "authentic");
  world.pcrs[0] = Bytes(32, 8);
  world.Quote();
  EXPECT_EQ(EventLogText(world),
            "event log, failed: pcr4 (sha256): the log gives " +
                Hex(ExtendedOnce()) + ", the quote has " + Hex(Bytes(32, 8)));
  world.quote.pcr_select = {{.pcrs = 1 << 3}};
  world.pcrs = {Bytes(32, 8)};
  world.Quote();
  EXPECT_EQ(EventLogText(world),
            "event log, failed: pcr3 (sha256): the log has no event for it, "
            "the quote has " +
                Hex(Bytes(32, 8)));
  world.quote.pcr_select[0].hash = HashAlgorithm::kSha384;
  world.pcrs = {Bytes(48, 8)};
  world.Quote();
  EXPECT_EQ(EventLogText(world),
            "event log, failed: the log has no bank 'sha384', which the quote "
            "is of");
  world.evidence.event_log = ToBytes(AsBytes("not a log"));
  EXPECT_TRUE(EventLogText(world).starts_with("event log, failed: "))
      << EventLogText(world);
}

TEST(Tpm, RejectsStructuresThatCannotBeParsed) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote().Vouch();
  const TpmEvidence good = world.evidence;
  world.evidence.message[0] = 0;
  EXPECT_EQ(world.Verdict(),
            "tpm quote: magic at 0x0: found 0x544347, expected 0xff544347 "
            "(TPM_GENERATED_VALUE)");
  world.evidence = good;
  world.evidence.message[5] = 0x17;
  EXPECT_EQ(world.Verdict(),
            "tpm quote: type at 0x4: found 0x8017, expected 0x8018 "
            "(TPM_ST_ATTEST_QUOTE)");
  world.evidence = good;
  world.evidence.signature.pop_back();
  EXPECT_EQ(world.Verdict(),
            "tpm signature: sig at 0x6: needs 256 bytes, 255 left");
  world.evidence = good;
  world.evidence.ak_public = Bytes{0, 1};
  EXPECT_EQ(world.Verdict(),
            "tpm public key: tpm public area at 0x2: needs 1 bytes, 0 left");
  world.evidence = good;
  world.evidence.ak_public.reset();
  world.evidence.ak_pem = "no key";
  EXPECT_FALSE(world.Check());
}

TEST(Tpm, LooksLikeItByTheNameOfTheFormat) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  EXPECT_TRUE(LooksLikeTpmQuote(AsBytes(FormatTpmEvidence(world.evidence))));
  EXPECT_TRUE(LooksLikeTpmQuote(AsBytes("{\"format\":\"tally-tpm-quote\"}")));
  EXPECT_FALSE(LooksLikeTpmQuote(AsBytes("{\"format\":\"other\"}")));
  EXPECT_FALSE(LooksLikeTpmQuote(AsBytes("{\"x\":\"tally-tpm-quote\"}")));
  EXPECT_FALSE(LooksLikeTpmQuote(AsBytes("{\"format\":\"tally-tpm-quote\"")));
  EXPECT_FALSE(LooksLikeTpmQuote({}));
}

TEST(Tpm, DescribesEveryField) {
  TpmWorld world = TpmWorld::Rsa();
  world.Quote();
  world.evidence.event_log = Log();
  const std::string text = FormatTpmEvidence(world.evidence);
  const auto fields = DescribeTpm(AsBytes(text));
  ASSERT_TRUE(fields) << fields.error().ToString();
  std::string names;
  for (const EvidenceField& field : *fields) names += field.name + "\n";
  EXPECT_EQ(names,
            "message / magic\nmessage / type\nmessage / qualifiedSigner\n"
            "message / extraData\nmessage / clockInfo / clock\n"
            "message / clockInfo / resetCount\n"
            "message / clockInfo / restartCount\nmessage / clockInfo / safe\n"
            "message / firmwareVersion\nmessage / pcrSelect\n"
            "message / pcrDigest\nsignature / sigAlg\nsignature / hash\n"
            "signature / sig\nattestation key / key\n"
            "attestation key / SubjectPublicKeyInfo\nattestation key / name\n"
            "attestation key / objectAttributes\nattestation key / authPolicy\n"
            "pcrs / pcr0\npcrs / pcr4\npcrs / pcr7\nevent_log\n");
  // The offsets are those of the message's bytes.
  const EvidenceField& digest = fields->at(10);
  EXPECT_EQ(digest.offset + digest.size_bytes, world.evidence.message.size());
  EXPECT_EQ(fields->at(3).value, Hex(AsBytes("challenge")));
  EXPECT_EQ(fields->at(3).offset, 6u + 2 + 6 + 2);
}

}  // namespace
}  // namespace tally
