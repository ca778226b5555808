// Sources: RFC 9052, sections 3 and 3.1 (headers), 4.2 (COSE_Sign1) and 4.4
// (Sig_structure); RFC 9053, section 2.1 (ECDSA).
#include "formats/cose.h"

#include <array>

#include "common/text.h"
#include "formats/cbor_fields.h"

namespace tally {
namespace {

// RFC 9052, section 2.
constexpr uint64_t kSign1Tag = 18;
// Section 3.1.
constexpr CborLabel kAlg(1, "alg");
constexpr CborLabel kCrit(2, "crit");

struct AlgorithmRow {
  CoseAlgorithm algorithm;
  std::string_view name;
  size_t signature_bytes;
};
constexpr std::array<AlgorithmRow, 3> kCoseAlgorithms = {{
    {CoseAlgorithm::kEs256, "ES256", 64},
    {CoseAlgorithm::kEs384, "ES384", 96},
    {CoseAlgorithm::kEs512, "ES512", 132},
}};

const AlgorithmRow& RowOf(CoseAlgorithm algorithm) {
  if (algorithm == CoseAlgorithm::kEs256) return kCoseAlgorithms[0];
  if (algorithm == CoseAlgorithm::kEs384) return kCoseAlgorithms[1];
  return kCoseAlgorithms[2];
}

Status CheckForm(std::string_view subject, const CborItem& message) {
  constexpr std::array<CborType, 4> kTypes = {
      CborType::kBytes, CborType::kMap, CborType::kBytes, CborType::kBytes};
  constexpr std::array<std::string_view, 4> kNames = {
      "protected header", "unprotected header", "payload", "signature"};
  const std::string prefix = std::string(subject) + ": ";
  if (message.type != CborType::kArray ||
      message.items.size() != kTypes.size()) {
    return InputError(prefix + "found no array of 4, expected a COSE_Sign1");
  }
  for (size_t i = 0; i < kTypes.size(); ++i) {
    const CborItem& item = message.items[i];
    if (item.type == kTypes[i]) continue;
    return InputError(prefix + std::string(kNames[i]) + " at " +
                      HexNumber(item.offset) + ": found " +
                      std::string(CborTypeName(item.type)) + ", expected " +
                      std::string(CborTypeName(kTypes[i])));
  }
  return Ok();
}

Result<CoseAlgorithm> ReadAlgorithm(std::string_view subject,
                                    const CoseSign1& sign1) {
  const std::string name = std::string(subject) + ": protected header";
  TALLY_ASSIGN(const CborItem header,
               ParseCbor(name, sign1.protected_header(), {},
                         sign1.message.items[0].contents_offset()));
  CborFields fields(name, header);
  const CborItem* crit = fields.Find(kCrit);
  if (crit != nullptr) fields.Fail(kCrit, *crit, "is not supported");
  const CborItem* alg = fields.Find(kAlg);
  if (alg == nullptr) fields.Fail(kAlg, header, "is missing");
  TALLY_TRY(fields.status());
  for (const AlgorithmRow& row : kCoseAlgorithms) {
    if (CborNumber(*alg) == static_cast<int64_t>(row.algorithm)) {
      return row.algorithm;
    }
  }
  const std::string found = CborNumber(*alg)
                                ? FormatCborKey(*alg)
                                : std::string(CborTypeName(alg->type));
  fields.Fail(kAlg, *alg,
              "found " + found + ", expected ES256, ES384 or ES512");
  return fields.status().error();
}

// RFC 9052, section 7.1; RFC 9053, section 7.1.1.
constexpr CborLabel kKty(1, "kty");
constexpr CborLabel kCrv(-1, "crv");
constexpr CborLabel kX(-2, "x");
constexpr CborLabel kY(-3, "y");
constexpr uint64_t kKtyEc2 = 2;

}  // namespace

std::string_view CoseAlgorithmName(CoseAlgorithm algorithm) {
  return RowOf(algorithm).name;
}

size_t CoseSignatureBytes(CoseAlgorithm algorithm) {
  return RowOf(algorithm).signature_bytes;
}

Result<CoseSign1> ParseCoseSign1(std::string_view subject, ByteSpan bytes,
                                 uint64_t base_offset) {
  TALLY_ASSIGN(CborItem item, ParseCbor(subject, bytes, {}, base_offset));
  CoseSign1 sign1;
  sign1.tagged = item.type == CborType::kTag && item.number == kSign1Tag;
  sign1.message = sign1.tagged ? std::move(item.items[0]) : std::move(item);
  TALLY_TRY(CheckForm(subject, sign1.message));
  TALLY_ASSIGN(sign1.algorithm, ReadAlgorithm(subject, sign1));

  CborFields unprotected(std::string(subject) + ": unprotected header",
                         sign1.unprotected_header());
  for (const CborLabel& label : {kAlg, kCrit}) {
    const CborItem* found = unprotected.Find(label);
    if (found != nullptr) unprotected.Fail(label, *found, "nobody signs it");
  }
  TALLY_TRY(unprotected.status());

  const size_t size = sign1.signature().size();
  const size_t expected = CoseSignatureBytes(sign1.algorithm);
  if (size != expected) {
    return InputError(std::string(subject) + ": signature at " +
                      HexNumber(sign1.message.items[3].offset) + ": found " +
                      std::to_string(size) + " bytes, expected " +
                      std::to_string(expected) + " for " +
                      std::string(CoseAlgorithmName(sign1.algorithm)));
  }
  return sign1;
}

Bytes CoseToBeSigned(const CoseSign1& sign1) {
  CborWriter w;
  w.Array(4)
      .Text("Signature1")
      .Bytes(sign1.protected_header())
      .Bytes({})
      .Bytes(sign1.payload());
  return std::move(w).Take();
}

std::string_view EcCurveName(EcCurve curve) {
  switch (curve) {
    case EcCurve::kP256:
      return "P-256";
    case EcCurve::kP384:
      return "P-384";
    case EcCurve::kP521:
      return "P-521";
  }
  return "P-521";
}

size_t EcCoordinateBytes(EcCurve curve) {
  if (curve == EcCurve::kP256) return 32;
  return curve == EcCurve::kP384 ? 48 : 66;
}

Result<CoseKey> ParseCoseKey(std::string_view subject, ByteSpan bytes,
                             uint64_t base_offset) {
  TALLY_ASSIGN(const CborItem item, ParseCbor(subject, bytes, {}, base_offset));
  CborFields fields(subject, item);
  const uint64_t kty = fields.Unsigned(kKty, kKtyEc2);
  if (kty != kKtyEc2) {
    fields.Fail(kKty, item, "found " + std::to_string(kty) + ", expected 2");
  }
  const uint64_t crv = fields.Unsigned(kCrv, 3);
  if (crv == 0) fields.Fail(kCrv, item, "found 0, expected 1 to 3");
  CoseKey key{.curve = static_cast<EcCurve>(crv)};
  const size_t size = EcCoordinateBytes(key.curve);
  key.x = fields.Bytes(kX, size, size);
  key.y = fields.Bytes(kY, size, size);
  TALLY_TRY(fields.status());
  return key;
}

}  // namespace tally
