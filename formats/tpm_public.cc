#include "formats/tpm_public.h"

#include <array>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

// TPM_ALG_ID; TCG Algorithm Registry 1.34, section 6.10.
constexpr uint16_t kAlgRsa = 0x1;
constexpr uint16_t kAlgNull = 0x10;
constexpr uint16_t kAlgEcc = 0x23;

struct AttributeName {
  uint32_t bit;
  std::string_view name;
};
constexpr std::array<AttributeName, 12> kAttributeNames = {{
    {kTpmaFixedTpm, "fixedTPM"},
    {kTpmaStClear, "stClear"},
    {kTpmaFixedParent, "fixedParent"},
    {kTpmaSensitiveDataOrigin, "sensitiveDataOrigin"},
    {kTpmaUserWithAuth, "userWithAuth"},
    {kTpmaAdminWithPolicy, "adminWithPolicy"},
    {kTpmaNoDa, "noDA"},
    {kTpmaEncryptedDuplication, "encryptedDuplication"},
    {kTpmaRestricted, "restricted"},
    {kTpmaDecrypt, "decrypt"},
    {kTpmaSign, "sign"},
    {kTpmaX509Sign, "x509sign"},
}};

constexpr uint32_t KnownAttributes() {
  uint32_t known = 0;
  for (const AttributeName& attribute : kAttributeNames) known |= attribute.bit;
  return known;
}

// ExpectNull reads an algorithm that an attestation key has not.
void ExpectNull(std::string_view field, ByteReader& r) {
  const uint16_t algorithm = r.U16Be(field);
  if (algorithm == kAlgNull) return;
  r.Fail(field, "found " + HexNumber(algorithm) +
                    ", expected 0x10 (none) for a signing key");
}

// ReadScheme reads TPMT_RSA_SCHEME or TPMT_ECC_SCHEME.
std::optional<TpmKeyScheme> ReadScheme(
    std::initializer_list<TpmSignatureScheme> allowed, ByteReader& r) {
  const uint16_t id = r.U16Be("scheme");
  if (id == kAlgNull) return std::nullopt;
  for (const TpmSignatureScheme scheme : allowed) {
    if (static_cast<uint16_t>(scheme) != id) continue;
    return TpmKeyScheme{.scheme = scheme,
                        .hash = ReadTpmHash("scheme hash", r)};
  }
  r.Fail("scheme", "found " + HexNumber(id) +
                       ", which is no signature scheme of this kind of key");
  return std::nullopt;
}

TpmRsaPublic ReadRsa(ByteReader& r, std::optional<TpmKeyScheme>& scheme) {
  ExpectNull("symmetric", r);
  scheme =
      ReadScheme({TpmSignatureScheme::kRsaSsa, TpmSignatureScheme::kRsaPss}, r);
  TpmRsaPublic rsa;
  rsa.key_bits = r.U16Be("keyBits");
  if (rsa.key_bits != 2048 && rsa.key_bits != 3072 && rsa.key_bits != 4096) {
    r.Fail("keyBits", "found " + std::to_string(rsa.key_bits) +
                          ", expected 2048, 3072 or 4096");
  }
  rsa.exponent = r.U32Be("exponent");
  const uint64_t size = r.U16Be("unique");
  if (size != rsa.key_bits / 8u) {
    r.Fail("unique", "found " + std::to_string(size) + " bytes, a key of " +
                         std::to_string(rsa.key_bits) + " bits has " +
                         std::to_string(rsa.key_bits / 8));
  }
  rsa.modulus = ToBytes(r.Take("unique", size));
  return rsa;
}

TpmEccPublic ReadEcc(ByteReader& r, std::optional<TpmKeyScheme>& scheme) {
  ExpectNull("symmetric", r);
  scheme = ReadScheme({TpmSignatureScheme::kEcdsa}, r);
  TpmEccPublic ecc;
  const uint16_t curve = r.U16Be("curveID");
  ecc.curve = static_cast<TpmCurve>(curve);
  if (ecc.curve != TpmCurve::kNistP256 && ecc.curve != TpmCurve::kNistP384) {
    r.Fail("curveID", "found " + HexNumber(curve) +
                          ", expected 0x3 (P-256) or 0x4 (P-384)");
  }
  ExpectNull("kdf", r);
  ecc.x = ReadTpm2b("x", TpmCurveSizeBytes(ecc.curve), r);
  ecc.y = ReadTpm2b("y", TpmCurveSizeBytes(ecc.curve), r);
  return ecc;
}

TpmPublic ReadPublic(ByteReader& r) {
  TpmPublic area;
  const uint16_t type = r.U16Be("type");
  if (type != kAlgRsa && type != kAlgEcc) {
    r.Fail("type",
           "found " + HexNumber(type) + ", expected 0x1 (RSA) or 0x23 (ECC)");
  }
  area.name_hash = ReadTpmHash("nameAlg", r);
  area.attributes = r.U32Be("objectAttributes");
  if (const uint32_t unknown = area.attributes & ~KnownAttributes();
      unknown != 0) {
    r.Fail("objectAttributes",
           "found reserved bits " + HexNumber(unknown) + ", expected zero");
  }
  area.auth_policy = ReadTpm2b("authPolicy", kMaxTpmDigestBytes, r);
  if (type == kAlgRsa) {
    area.key = ReadRsa(r, area.scheme);
  } else {
    area.key = ReadEcc(r, area.scheme);
  }
  return area;
}

void WriteScheme(const std::optional<TpmKeyScheme>& scheme, ByteWriter& w) {
  if (!scheme) {
    w.U16Be(kAlgNull);
    return;
  }
  w.U16Be(static_cast<uint16_t>(scheme->scheme));
  WriteTpmHash(scheme->hash, w);
}

}  // namespace

std::string TpmObjectAttributeNames(uint32_t attributes) {
  std::string names;
  for (const AttributeName& attribute : kAttributeNames) {
    if ((attributes & attribute.bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += attribute.name;
  }
  return names;
}

size_t TpmCurveSizeBytes(TpmCurve curve) {
  return curve == TpmCurve::kNistP384 ? 48 : 32;
}

Result<TpmPublic> ParseTpmtPublic(ByteSpan bytes) {
  ByteReader r("tpm public area", bytes);
  TpmPublic area = ReadPublic(r);
  TALLY_TRY(r.Finish());
  return area;
}

Bytes EncodeTpmtPublic(const TpmPublic& public_area) {
  const auto* rsa = std::get_if<TpmRsaPublic>(&public_area.key);
  ByteWriter w;
  w.U16Be(rsa != nullptr ? kAlgRsa : kAlgEcc);
  WriteTpmHash(public_area.name_hash, w);
  w.U32Be(public_area.attributes);
  WriteTpm2b(public_area.auth_policy, w);
  w.U16Be(kAlgNull);  // symmetric
  WriteScheme(public_area.scheme, w);
  if (rsa != nullptr) {
    w.U16Be(rsa->key_bits).U32Be(rsa->exponent);
    WriteTpm2b(rsa->modulus, w);
    return std::move(w).Take();
  }
  const auto& ecc = std::get<TpmEccPublic>(public_area.key);
  w.U16Be(static_cast<uint16_t>(ecc.curve)).U16Be(kAlgNull);  // kdf
  WriteTpm2b(ecc.x, w);
  WriteTpm2b(ecc.y, w);
  return std::move(w).Take();
}

Result<TpmPublic> ParseTpm2bPublic(ByteSpan bytes) {
  ByteReader r("tpm public key", bytes);
  ByteReader area = r.Sub("tpm public area", r.U16Be("size"));
  TALLY_TRY(r.Finish());
  TpmPublic parsed = ReadPublic(area);
  TALLY_TRY(area.Finish());
  return parsed;
}

Bytes EncodeTpm2bPublic(const TpmPublic& public_area) {
  ByteWriter w;
  WriteTpm2b(EncodeTpmtPublic(public_area), w);
  return std::move(w).Take();
}

Bytes TpmName(const TpmPublic& public_area) {
  ByteWriter w;
  WriteTpmHash(public_area.name_hash, w);
  w.Raw(HashWith(public_area.name_hash, EncodeTpmtPublic(public_area)));
  return std::move(w).Take();
}

}  // namespace tally
