#include "cli/id_block_command.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "cli/option_value.h"
#include "cli/snp_identity.h"
#include "common/digest.h"
#include "common/text.h"
#include "formats/snp_id_block.h"
#include "formats/snp_policy.h"
#include "sign/ecdsa_p384.h"

namespace tally {
namespace {

// ParseDigest reads 48 bytes as the peers print them: sev-snp-measure in
// hexadecimal or base64, snpguest in hexadecimal.
Result<Sha384Digest> ParseDigest(const std::string& option,
                                 const std::string& text) {
  std::optional<Result<Bytes>> bytes;
  if (text.size() == 96) bytes = ParseHex(text);
  if (text.size() == 64) bytes = ParseBase64(text);
  if (!bytes || !*bytes) {
    return UsageError(option + " is " + Quote(text) +
                      ", expected 96 hexadecimal digits or 64 characters of "
                      "base64");
  }
  return Sha384Digest::FromBytes(**bytes);
}

Result<std::array<uint8_t, 16>> ParseId(
    const std::string& option, const std::optional<std::string>& text) {
  std::array<uint8_t, 16> id = {};
  if (!text) return id;
  const Result<Bytes> bytes = ParseHex(*text);
  if (!bytes || bytes->size() != id.size()) {
    return UsageError(option + " is " + Quote(*text) +
                      ", expected 32 hexadecimal digits");
  }
  std::ranges::copy(*bytes, id.begin());
  return id;
}

Result<uint32_t> ParseSvn(const std::string& text) {
  const Result<uint64_t> svn = ParseUnsigned(text);
  if (!svn || *svn > std::numeric_limits<uint32_t>::max()) {
    return UsageError("--svn is " + Quote(text) +
                      ", expected a number up to 4294967295, decimal without "
                      "leading zeros or 0x…");
  }
  return static_cast<uint32_t>(*svn);
}

Result<SnpIdBlock> BlockOf(const IdBlockCreateFlags& flags) {
  if (flags.measurement.empty()) return UsageError("no --measurement given");
  SnpIdBlock block;
  TALLY_ASSIGN(const Sha384Digest digest,
               ParseDigest("--measurement", flags.measurement));
  block.launch_digest = digest.array();
  TALLY_ASSIGN(block.family_id, ParseId("--family-id", flags.family_id));
  TALLY_ASSIGN(block.image_id, ParseId("--image-id", flags.image_id));
  TALLY_ASSIGN(block.guest_svn, ParseSvn(flags.guest_svn));
  TALLY_ASSIGN(block.policy,
               OfOption("--policy", ParseSnpPolicy(flags.policy)));
  return block;
}

Result<SnpIdAuth> Authenticate(const SnpIdBlock& block,
                               const IdBlockCreateFlags& flags) {
  if (flags.id_key.empty()) return UsageError("no --id-key given");
  if (flags.author_key && flags.author_key->empty()) {
    return UsageError("--author-key is '', expected a file");
  }
  TALLY_ASSIGN(const EcdsaP384Key id_key, EcdsaP384Key::Load(flags.id_key));
  SnpIdAuth auth{.id_key = ToFormat(id_key.public_point())};
  TALLY_ASSIGN(const P384Signature signature,
               id_key.Sign(EncodeSnpIdBlock(block)));
  auth.id_block_signature = ToFormat(signature);
  if (!flags.author_key) return auth;

  TALLY_ASSIGN(const EcdsaP384Key author_key,
               EcdsaP384Key::Load(*flags.author_key));
  TALLY_ASSIGN(const P384Signature by_author,
               author_key.Sign(EncodeSnpPublicKey(auth.id_key)));
  auth.author = SnpAuthor{.key = ToFormat(author_key.public_point()),
                          .id_key_signature = ToFormat(by_author)};
  return auth;
}

// Expectations are what the caller expects; absent: anything.
struct Expectations {
  std::optional<Sha384Digest> launch_digest;
  std::optional<Sha384Digest> id_key_digest;
  std::optional<Sha384Digest> author_key_digest;
};

Status ParseExpected(const std::string& option,
                     const std::optional<std::string>& text,
                     std::optional<Sha384Digest>* digest) {
  if (!text) return Ok();
  TALLY_ASSIGN(*digest, ParseDigest(option, *text));
  return Ok();
}

Result<Expectations> ExpectationsOf(const IdBlockVerifyFlags& flags) {
  Expectations expected;
  TALLY_TRY(ParseExpected("--measurement", flags.measurement,
                          &expected.launch_digest));
  TALLY_TRY(ParseExpected("--id-key-digest", flags.id_key_digest,
                          &expected.id_key_digest));
  TALLY_TRY(ParseExpected("--author-key-digest", flags.author_key_digest,
                          &expected.author_key_digest));
  return expected;
}

Status ExpectDigest(const std::string& what,
                    const std::optional<Sha384Digest>& expected,
                    const std::string& got) {
  if (!expected || expected->hex() == got) return Ok();
  return DigestMismatch(what, expected->hex(), got);
}

Status CheckExpectations(const SnpIdentity& identity,
                         const Expectations& expected) {
  TALLY_TRY(ExpectDigest("launch digest of the id block",
                         expected.launch_digest,
                         Hex(identity.block.launch_digest)));
  TALLY_TRY(ExpectDigest("digest of the id key", expected.id_key_digest,
                         SnpKeyDigest(identity.auth.id_key).hex()));
  return ExpectDigest("digest of the author key", expected.author_key_digest,
                      AuthorDigest(identity.auth));
}

// QemuOptions leaves out what depends on the host: cbitpos, reduced-phys-bits.
// QEMU must be told the policy of the ID block.
std::string QemuOptions(const SnpIdentity& identity) {
  return "-object sev-snp-guest,id=sev0,policy=" +
         HexNumber(identity.block.policy) +
         ",id-block=" + Base64(EncodeSnpIdBlock(identity.block)) +
         ",id-auth=" + Base64(EncodeSnpIdAuth(identity.auth)) +
         ",author-key-enabled=" + (identity.auth.author ? "on" : "off");
}

std::string FieldsText(const SnpIdentity& identity) {
  const SnpIdBlock& block = identity.block;
  return "launch_digest=" + Hex(block.launch_digest) +
         "\nfamily_id=" + Hex(block.family_id) +
         "\nimage_id=" + Hex(block.image_id) +
         "\nversion=1\nguest_svn=" + std::to_string(block.guest_svn) +
         "\npolicy=" + HexNumber(block.policy) +
         "\npolicy_names=" + SnpPolicyNames(block.policy) +
         "\nid_key_digest=" + SnpKeyDigest(identity.auth.id_key).hex() +
         "\nauthor_key_digest=" + AuthorDigest(identity.auth) + "\n";
}

Json::Object FieldsRecord(const SnpIdentity& identity) {
  const SnpIdBlock& block = identity.block;
  const SnpIdAuth& auth = identity.auth;
  return {
      {"launch_digest", Hex(block.launch_digest)},
      {"family_id", Hex(block.family_id)},
      {"image_id", Hex(block.image_id)},
      {"version", 1},
      {"guest_svn", uint64_t{block.guest_svn}},
      {"policy", HexNumber(block.policy)},
      {"policy_names", SnpPolicyNames(block.policy)},
      {"id_key_digest", SnpKeyDigest(auth.id_key).hex()},
      {"author_key_digest", auth.author ? Json(AuthorDigest(auth)) : Json()},
      {"author_key_enabled", auth.author.has_value()},
      {"id_block", Base64(EncodeSnpIdBlock(block))},
      {"id_auth", Base64(EncodeSnpIdAuth(auth))}};
}

}  // namespace

Status RunIdBlockCreate(const IdBlockCreateFlags& flags, Console& console) {
  TALLY_TRY(CheckIdentityOutput(flags.output));
  SnpIdentity identity;
  TALLY_ASSIGN(identity.block, BlockOf(flags));
  TALLY_ASSIGN(identity.auth, Authenticate(identity.block, flags));
  // A signature that went wrong would only show when a guest does not start.
  TALLY_TRY(CheckSnpSignatures(identity));
  TALLY_TRY(WriteSnpIdentity(flags.output, identity));

  Json::Object record = FieldsRecord(identity);
  record["qemu"] = QemuOptions(identity);
  record["directory"] = PathJson(flags.output);
  console.Answer("id_key_digest=" + SnpKeyDigest(identity.auth.id_key).hex() +
                     "\nauthor_key_digest=" + AuthorDigest(identity.auth) +
                     "\nid_block=" + Base64(EncodeSnpIdBlock(identity.block)) +
                     "\nqemu=" + QemuOptions(identity) + "\n",
                 record);
  return Ok();
}

Status RunIdBlockVerify(const IdBlockVerifyFlags& flags, Console& console) {
  TALLY_ASSIGN(const Expectations expected, ExpectationsOf(flags));
  TALLY_ASSIGN(const SnpIdentity identity,
               LoadSnpIdentity({.directory = flags.directory,
                                .id_block = flags.id_block,
                                .id_auth = flags.id_auth}));
  Status status = CheckSnpSignatures(identity);
  if (status && !flags.directory.empty()) {
    status = CheckBase64Files(flags.directory, identity);
  }
  if (status) status = CheckExpectations(identity, expected);
  if (!status && status.error().code() != ErrorCode::kMismatch) return status;

  // The fields are the answer in both cases: who reads of a mismatch wants to
  // see the rest.
  Json::Object record = FieldsRecord(identity);
  record["result"] = status ? "verified" : "not verified";
  record["reason"] = status ? Json() : Json(status.error().ToString());
  console.Answer(
      (status ? "verified\n" : "not verified\n") + FieldsText(identity),
      record);
  return status;
}

}  // namespace tally
