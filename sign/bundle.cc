// Follows sigstore/protobuf-specs, protos/sigstore_bundle.proto and
// sigstore_common.proto, as their JSON mapping.
#include "sign/bundle.h"

#include <algorithm>
#include <array>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kMediaType =
    "application/vnd.dev.sigstore.bundle.v0.3+json";
// sigstore_bundle.proto, comment of media_type: all that were ever defined.
constexpr std::array<std::string_view, 4> kMediaTypes = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    kMediaType,
};
constexpr size_t kMaxBundleBytes = size_t{64} << 20;

// ParseMaterial returns the key hint, if there is one. What else is there comes
// from services that we do not ask.
Result<std::string> ParseMaterial(const Json& value) {
  JsonFields fields("bundle: verificationMaterial", value);
  const Json key = fields.Any("publicKey");
  fields.Ignore("certificate");
  fields.Ignore("x509CertificateChain");
  fields.Ignore("tlogEntries");
  fields.Ignore("timestampVerificationData");
  TALLY_TRY(fields.Finish());
  if (key.is_null()) return std::string();

  JsonFields key_fields("bundle: publicKey", key);
  const Json hint = key_fields.Any("hint");
  TALLY_TRY(key_fields.Finish());
  if (hint.is_null()) return std::string();
  if (hint.text() == nullptr) {
    return InputError("bundle: publicKey: field 'hint' is not text");
  }
  return *hint.text();
}

Result<std::optional<Sha256Digest>> ParseMessageDigest(const Json& value) {
  std::optional<Sha256Digest> none;
  if (value.is_null()) return none;
  JsonFields fields("bundle: messageDigest", value);
  const Json algorithm = fields.Any("algorithm");
  const Json digest = fields.Any("digest");
  TALLY_TRY(fields.Finish());
  // cosign writes {} for Ed25519. Other algorithms are other tools' hints.
  if (algorithm.text() == nullptr || *algorithm.text() != "SHA2_256") {
    return none;
  }
  if (digest.text() == nullptr) {
    return InputError("bundle: messageDigest: field 'digest' is not text");
  }
  TALLY_ASSIGN(const Bytes bytes, ParseBase64(*digest.text()));
  TALLY_ASSIGN(const Sha256Digest sha256, Sha256Digest::FromBytes(bytes));
  return std::optional<Sha256Digest>(sha256);
}

Result<MessageSignature> ParseMessage(const Json& value) {
  JsonFields fields("bundle: messageSignature", value);
  const std::string signature = fields.Text("signature");
  const Json digest = fields.Any("messageDigest");
  TALLY_TRY(fields.Finish());

  MessageSignature message;
  Result<Bytes> bytes = ParseBase64(signature);
  if (!bytes) {
    return std::move(bytes).error().While("reading the message signature");
  }
  message.signature = std::move(bytes).value();
  Result<std::optional<Sha256Digest>> sha256 = ParseMessageDigest(digest);
  if (!sha256) {
    return std::move(sha256).error().While("reading the message digest");
  }
  message.sha256 = *sha256;
  return message;
}

// WithKeyHint adds, where the hint names another key, which one to look for.
Status WithKeyHint(Status status, const Bundle& bundle, const PublicKey& key) {
  if (status || bundle.key_hint.empty() || bundle.key_hint == key.hint()) {
    return status;
  }
  return std::move(status).error().Hint("the bundle says that key " +
                                        Quote(bundle.key_hint) + " signed it");
}

}  // namespace

std::string FormatBundle(const DsseEnvelope& envelope, const PublicKey& key) {
  const Json bundle = Json::Object{
      {"dsseEnvelope", DsseJson(envelope)},
      {"mediaType", kMediaType},
      {"verificationMaterial",
       Json::Object{{"publicKey", Json::Object{{"hint", key.hint()}}}}},
  };
  return bundle.Canonical() + "\n";
}

Result<std::string> SignBundle(std::string_view payload, const Signer& signer) {
  TALLY_ASSIGN(const DsseEnvelope envelope,
               SignDsse(kInTotoPayloadType, AsBytes(payload), signer));
  return FormatBundle(envelope, signer.public_key());
}

Result<Bundle> ParseBundle(std::string_view text) {
  if (text.size() > kMaxBundleBytes) {
    return InputError("bundle has " + FormatBytes(text.size()) +
                      ", expected at most " + FormatBytes(kMaxBundleBytes));
  }
  TALLY_ASSIGN(const Json value, ParseJson(text));
  JsonFields fields("bundle", value);
  Bundle bundle;
  bundle.media_type = fields.Text("mediaType");
  const Json& material = fields.Object("verificationMaterial");
  const Json& envelope = fields.Any("dsseEnvelope");
  const Json& message = fields.Any("messageSignature");
  TALLY_TRY(fields.Finish());

  if (std::ranges::find(kMediaTypes, bundle.media_type) == kMediaTypes.end()) {
    return InputError("bundle: found media type " + Quote(bundle.media_type) +
                      ", expected '" + std::string(kMediaType) + "'");
  }
  TALLY_ASSIGN(bundle.key_hint, ParseMaterial(material));
  if (envelope.is_null() == message.is_null()) {
    return InputError(
        "bundle: expected one of 'dsseEnvelope' and "
        "'messageSignature'");
  }
  if (!message.is_null()) {
    TALLY_ASSIGN(bundle.message, ParseMessage(message));
    return bundle;
  }
  TALLY_ASSIGN(bundle.envelope, ParseDsse(envelope));
  // sigstore_bundle.proto, comment of dsse_envelope: exactly one.
  if (bundle.envelope->signatures.size() != 1) {
    return InputError("bundle: found " +
                      std::to_string(bundle.envelope->signatures.size()) +
                      " signatures, expected exactly 1");
  }
  return bundle;
}

Result<VerifiedStatement> VerifyBundle(std::string_view text,
                                       const PublicKey& key) {
  TALLY_ASSIGN(Bundle bundle, ParseBundle(text));
  if (!bundle.envelope) {
    return InputError(
        "bundle: found a message signature, expected a statement "
        "('dsseEnvelope')");
  }
  TALLY_TRY(WithKeyHint(VerifyDsse(*bundle.envelope, key), bundle, key));
  return VerifiedStatement{
      .payload = std::move(bundle.envelope->payload),
      .payload_type = std::move(bundle.envelope->payload_type)};
}

Status VerifyMessageBundle(std::string_view text, ByteSpan message,
                           const PublicKey& key) {
  TALLY_ASSIGN(const Bundle bundle, ParseBundle(text));
  if (!bundle.message) {
    return InputError(
        "bundle: found a statement, expected a message signature "
        "('messageSignature')");
  }
  TALLY_TRY(
      WithKeyHint(key.Verify(message, bundle.message->signature), bundle, key));
  const Sha256Digest actual = Sha256(message);
  if (bundle.message->sha256 && *bundle.message->sha256 != actual) {
    return DigestMismatch("message digest in the bundle",
                          bundle.message->sha256->hex(), actual.hex());
  }
  return Ok();
}

}  // namespace tally
