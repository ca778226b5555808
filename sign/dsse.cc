#include "sign/dsse.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

// ParseEitherBase64 accepts both alphabets (protocol.md: "verifiers MUST accept
// either"), but not mixed in one text.
Result<Bytes> ParseEitherBase64(const std::string& field,
                                const std::string& text) {
  const bool is_url_safe = text.find_first_of("-_") != std::string::npos;
  std::string standard = text;
  if (is_url_safe && text.find_first_of("+/") == std::string::npos) {
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
  }
  Result<Bytes> bytes = ParseBase64(standard);
  if (!bytes) {
    return InputError("envelope: field '" + field +
                      "': " + bytes.error().message());
  }
  return bytes;
}

// TextField returns a required text member of an object whose other members do
// not matter.
Result<std::string> TextField(const std::string& where, const Json& object,
                              const std::string& key) {
  const Json* value = object.Find(key);
  if (value == nullptr) {
    return InputError(where + ": field '" + key +
                      "' is missing, expected text");
  }
  if (value->text() == nullptr) {
    return InputError(where + ": field '" + key + "' is not text");
  }
  return *value->text();
}

Result<DsseSignature> ParseSignature(const Json& value) {
  if (value.object() == nullptr) {
    return InputError("signature: expected an object");
  }
  DsseSignature signature;
  if (value.Find("keyid") != nullptr) {
    TALLY_ASSIGN(signature.keyid, TextField("signature", value, "keyid"));
  }
  TALLY_ASSIGN(const std::string text, TextField("signature", value, "sig"));
  TALLY_ASSIGN(signature.signature, ParseEitherBase64("sig", text));
  if (signature.signature.empty()) {
    return InputError("signature: field 'sig' is empty");
  }
  return signature;
}

}  // namespace

Bytes PreAuthEncoding(std::string_view payload_type, ByteSpan payload) {
  ByteWriter out;
  out.Text("DSSEv1 ").Text(std::to_string(payload_type.size())).Text(" ");
  out.Text(payload_type).Text(" ");
  out.Text(std::to_string(payload.size())).Text(" ").Raw(payload);
  return std::move(out).Take();
}

Result<DsseEnvelope> SignDsse(std::string_view payload_type, ByteSpan payload,
                              const Signer& signer) {
  TALLY_ASSIGN(Bytes signature,
               signer.Sign(PreAuthEncoding(payload_type, payload)));
  return DsseEnvelope{.payload = ToBytes(payload),
                      .payload_type = std::string(payload_type),
                      .signatures = {{.signature = std::move(signature)}}};
}

Status VerifyDsse(const DsseEnvelope& envelope, const PublicKey& key) {
  if (envelope.signatures.empty()) {
    return InputError("envelope: no signature");
  }
  const Bytes signed_bytes =
      PreAuthEncoding(envelope.payload_type, envelope.payload);
  Status status;
  for (const DsseSignature& signature : envelope.signatures) {
    status = key.Verify(signed_bytes, signature.signature);
    if (status) return Ok();
  }
  return status;
}

Json DsseJson(const DsseEnvelope& envelope) {
  Json::Array signatures;
  for (const DsseSignature& signature : envelope.signatures) {
    Json::Object object = {{"sig", Base64(signature.signature)}};
    if (!signature.keyid.empty()) object["keyid"] = signature.keyid;
    signatures.emplace_back(std::move(object));
  }
  return Json::Object{{"payload", Base64(envelope.payload)},
                      {"payloadType", envelope.payload_type},
                      {"signatures", std::move(signatures)}};
}

Result<DsseEnvelope> ParseDsse(const Json& value) {
  if (value.object() == nullptr) {
    return InputError("envelope: expected an object");
  }
  DsseEnvelope envelope;
  TALLY_ASSIGN(envelope.payload_type,
               TextField("envelope", value, "payloadType"));
  TALLY_ASSIGN(const std::string payload,
               TextField("envelope", value, "payload"));
  TALLY_ASSIGN(envelope.payload, ParseEitherBase64("payload", payload));

  const Json* signatures = value.Find("signatures");
  if (signatures == nullptr || signatures->array() == nullptr) {
    return InputError(
        "envelope: field 'signatures' is missing, expected an "
        "array");
  }
  for (const Json& item : *signatures->array()) {
    TALLY_ASSIGN(DsseSignature signature, ParseSignature(item));
    envelope.signatures.push_back(std::move(signature));
  }
  return envelope;
}

}  // namespace tally
