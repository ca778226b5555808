// Sources: aws-nitro-enclaves-image-format, commit 935dc626, src/defs/mod.rs,
// PcrSignature, as serde_cbor writes it (RFC 8949): structures are maps with
// text keys, Vec<u8> is an array of integers.
#include "formats/eif_signature.h"

#include <string>
#include <string_view>

#include "common/text.h"
#include "formats/cbor.h"
#include "formats/cbor_fields.h"

namespace tally {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kPemEnd = "-----END CERTIFICATE-----";

// ReadByteArray reads bytes as serde writes them: an array of integers.
Bytes ReadByteArray(CborFields& fields, const CborLabel& label) {
  const CborItem* array = fields.Get(label, CborType::kArray);
  if (array == nullptr) return {};
  Bytes bytes;
  for (const CborItem& item : array->items) {
    if (item.type != CborType::kUnsigned || item.number > 0xff) {
      fields.Fail(label, item, "an element is not a byte");
      return {};
    }
    bytes.push_back(static_cast<uint8_t>(item.number));
  }
  return bytes;
}

Result<Bytes> PemToDer(std::string_view pem) {
  const size_t begin = pem.find(kPemBegin);
  if (begin == std::string_view::npos) {
    return InputError("eif signature: the certificate is not PEM");
  }
  const std::string_view rest = pem.substr(begin + kPemBegin.size());
  const size_t end = rest.find(kPemEnd);
  if (end == std::string_view::npos) {
    return InputError("eif signature: the certificate's PEM has no end");
  }
  std::string base64;
  for (const std::string& line : Split(rest.substr(0, end), '\n')) {
    base64 += Trim(line);
  }
  Result<Bytes> der = ParseBase64(base64);
  if (!der) {
    return std::move(der).error().While(
        "reading the certificate of the eif signature");
  }
  return der;
}

}  // namespace

Result<Bytes> ParseEifSigningCertificate(ByteSpan section) {
  TALLY_ASSIGN(const CborItem signatures, ParseCbor("eif signature", section));
  if (signatures.type != CborType::kArray || signatures.items.size() != 1) {
    return InputError("eif signature: expected an array of one signature");
  }
  CborFields fields("eif signature", signatures.items[0]);
  const Bytes pem = ReadByteArray(fields, "signing_certificate");
  ReadByteArray(fields, "signature");
  TALLY_TRY(fields.Finish());
  return PemToDer(AsText(pem));
}

}  // namespace tally
