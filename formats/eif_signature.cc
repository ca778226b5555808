// Sources: aws-nitro-enclaves-image-format, commit 935dc626, src/defs/mod.rs,
// PcrSignature, as serde_cbor writes it (RFC 8949): structures are maps with
// text keys, Vec<u8> is an array of integers.
#include "formats/eif_signature.h"

#include <optional>
#include <string>
#include <string_view>

#include "common/text.h"

namespace tally {
namespace {

// RFC 8949, section 3.1.
constexpr uint8_t kCborUnsigned = 0;
constexpr uint8_t kCborText = 3;
constexpr uint8_t kCborArray = 4;
constexpr uint8_t kCborMap = 5;

constexpr std::string_view kPemBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kPemEnd = "-----END CERTIFICATE-----";

// ReadHead reads the head of a data item of the given major type and returns
// its argument. Only definite lengths in their shortest form are accepted.
uint64_t ReadHead(ByteReader& r, const std::string& field, uint8_t major) {
  const uint8_t initial = r.U8(field);
  if (r.ok() && initial >> 5 != major) {
    r.Fail(field, "found CBOR major type " + std::to_string(initial >> 5) +
                      ", expected " + std::to_string(major));
  }
  const uint8_t information = initial & 0x1f;
  uint64_t value = information;
  uint64_t least = 0;
  if (information == 24) {
    value = r.U8(field);
    least = 24;
  } else if (information == 25) {
    value = r.U16Be(field);
    least = 0x100;
  } else if (information == 26) {
    value = r.U32Be(field);
    least = 0x10000;
  } else if (information > 26) {
    r.Fail(field, "found CBOR length form " + std::to_string(information) +
                      ", expected at most 26");
  }
  if (r.ok() && value < least) r.Fail(field, "not in its shortest form");
  return r.ok() ? value : 0;
}

// ReadSize reads the head of an item with that many bytes or elements, each of
// which has a byte at least.
uint64_t ReadSize(ByteReader& r, const std::string& field, uint8_t major) {
  const uint64_t size = ReadHead(r, field, major);
  return r.Count(field, size, r.remaining());
}

Bytes ReadByteArray(ByteReader& r, const std::string& field) {
  const uint64_t size = ReadSize(r, field, kCborArray);
  Bytes bytes;
  for (uint64_t i = 0; i < size && r.ok(); ++i) {
    const uint64_t byte =
        r.Count(field, ReadHead(r, field, kCborUnsigned), 0xff);
    bytes.push_back(static_cast<uint8_t>(byte));
  }
  return bytes;
}

void ReadKey(ByteReader& r, const std::string& expected) {
  const uint64_t size = ReadSize(r, "key", kCborText);
  const std::string key(AsText(r.Take("key", size)));
  if (key != expected) {
    r.Fail("key", "found " + Quote(key) + ", expected '" + expected + "'");
  }
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
  ByteReader r("eif signature", section);
  const uint64_t num_signatures = ReadHead(r, "signatures", kCborArray);
  if (r.ok() && num_signatures != 1) {
    r.Fail("signatures",
           "found " + std::to_string(num_signatures) + ", expected 1");
  }
  const uint64_t num_members = ReadHead(r, "members", kCborMap);
  if (r.ok() && num_members != 2) {
    r.Fail("members", "found " + std::to_string(num_members) + ", expected 2");
  }
  ReadKey(r, "signing_certificate");
  const Bytes pem = ReadByteArray(r, "signing certificate");
  ReadKey(r, "signature");
  ReadByteArray(r, "signature");
  TALLY_TRY(r.Finish());
  return PemToDer(AsText(pem));
}

}  // namespace tally
