#include "formats/tpm_attest.h"

#include <algorithm>
#include <string>

#include "common/text.h"
#include "formats/event_log.h"

namespace tally {
namespace {

// Part 2, sections 11.2.4.5 and 11.2.5.1: keys of 4096 bits, curve P-521.
constexpr uint64_t kMaxRsaBytes = 512;
constexpr uint64_t kMaxEccBytes = 66;

TpmPcrBank ReadBank(const std::vector<TpmPcrBank>& before, ByteReader& r) {
  TpmPcrBank bank;
  bank.hash = ReadTpmHash("hash", r);
  if (std::ranges::find(before, bank.hash, &TpmPcrBank::hash) != before.end()) {
    r.Fail("hash",
           "found bank '" + std::string(HashName(bank.hash)) + "' twice");
  }
  bank.select_bytes = r.U8("sizeofSelect");
  if (bank.select_bytes != 3 && bank.select_bytes != 4) {
    r.Fail("sizeofSelect",
           "found " + std::to_string(bank.select_bytes) + ", expected 3 or 4");
  }
  // The first byte is PCR 0 to 7, its lowest bit PCR 0 (section 10.6.1).
  for (unsigned byte = 0; byte < 3; ++byte) {
    bank.pcrs |= static_cast<uint32_t>(r.U8("pcrSelect")) << (8 * byte);
  }
  if (r.ok() && bank.select_bytes == 4) r.Zeros("pcrSelect", 1);
  return bank;
}

TpmClockInfo ReadClockInfo(ByteReader& r) {
  TpmClockInfo info;
  info.clock = r.U64Be("clock");
  info.reset_count = r.U32Be("resetCount");
  info.restart_count = r.U32Be("restartCount");
  info.safe = r.Count("safe", r.U8("safe"), 1) == 1;
  return info;
}

}  // namespace

std::vector<TpmPcr> SelectedPcrs(std::span<const TpmPcrBank> banks) {
  std::vector<TpmPcr> selected;
  for (const TpmPcrBank& bank : banks) {
    for (uint32_t index = 0; index < kTpmPcrs; ++index) {
      if ((bank.pcrs >> index & 1) != 0) selected.push_back({bank.hash, index});
    }
  }
  return selected;
}

HashAlgorithm ReadTpmHash(std::string_view field, ByteReader& reader) {
  const uint16_t id = reader.U16Be(field);
  if (const auto hash = HashOfTpmAlgorithm(id)) return *hash;
  reader.Fail(field, "found algorithm " + TpmAlgorithmName(id) +
                         ", expected sha1, sha256, sha384 or sha512");
  return HashAlgorithm::kSha256;
}

void WriteTpmHash(HashAlgorithm hash, ByteWriter& writer) {
  writer.U16Be(TpmAlgorithmOfHash(hash));
}

Bytes ReadTpm2b(std::string_view field, uint64_t max, ByteReader& reader) {
  const uint64_t size = reader.Count(field, reader.U16Be(field), max);
  return ToBytes(reader.Take(field, size));
}

void WriteTpm2b(ByteSpan bytes, ByteWriter& writer) {
  writer.U16Be(static_cast<uint16_t>(bytes.size())).Raw(bytes);
}

std::vector<TpmPcrBank> ReadTpmPcrSelection(ByteReader& reader) {
  const uint64_t count = reader.Count(
      "pcrSelections", reader.U32Be("pcrSelections"), kMaxTpmPcrBanks);
  if (reader.ok() && count == 0) {
    reader.Fail("pcrSelections", "found 0, expected at least one bank");
  }
  std::vector<TpmPcrBank> banks;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    banks.push_back(ReadBank(banks, reader));
  }
  return banks;
}

void WriteTpmPcrSelection(std::span<const TpmPcrBank> banks,
                          ByteWriter& writer) {
  writer.U32Be(static_cast<uint32_t>(banks.size()));
  for (const TpmPcrBank& bank : banks) {
    WriteTpmHash(bank.hash, writer);
    writer.U8(bank.select_bytes);
    for (unsigned byte = 0; byte < 3; ++byte) {
      writer.U8(static_cast<uint8_t>(bank.pcrs >> (8 * byte)));
    }
    writer.Zeros(bank.select_bytes - 3u);
  }
}

Result<TpmQuote> ParseTpmQuote(ByteSpan attest) {
  ByteReader r("tpm quote", attest);
  const uint32_t magic = r.U32Be("magic");
  if (magic != kTpmGeneratedValue) {
    r.Fail("magic", "found " + HexNumber(magic) +
                        ", expected 0xff544347 (TPM_GENERATED_VALUE)");
  }
  const uint16_t type = r.U16Be("type");
  if (type != kTpmStAttestQuote) {
    r.Fail("type", "found " + HexNumber(type) +
                       ", expected 0x8018 (TPM_ST_ATTEST_QUOTE)");
  }
  TpmQuote quote;
  quote.qualified_signer = ReadTpm2b("qualifiedSigner", kMaxTpmDataBytes, r);
  quote.extra_data = ReadTpm2b("extraData", kMaxTpmDataBytes, r);
  quote.clock_info = ReadClockInfo(r);
  quote.firmware_version = r.U64Be("firmwareVersion");
  quote.pcr_select = ReadTpmPcrSelection(r);
  quote.pcr_digest = ReadTpm2b("pcrDigest", kMaxTpmDigestBytes, r);
  TALLY_TRY(r.Finish());
  return quote;
}

Bytes EncodeTpmQuote(const TpmQuote& quote) {
  ByteWriter w;
  w.U32Be(kTpmGeneratedValue).U16Be(kTpmStAttestQuote);
  WriteTpm2b(quote.qualified_signer, w);
  WriteTpm2b(quote.extra_data, w);
  w.U64Be(quote.clock_info.clock)
      .U32Be(quote.clock_info.reset_count)
      .U32Be(quote.clock_info.restart_count)
      .U8(quote.clock_info.safe ? 1 : 0);
  w.U64Be(quote.firmware_version);
  WriteTpmPcrSelection(quote.pcr_select, w);
  WriteTpm2b(quote.pcr_digest, w);
  return std::move(w).Take();
}

std::string_view TpmSignatureSchemeName(TpmSignatureScheme scheme) {
  switch (scheme) {
    case TpmSignatureScheme::kRsaSsa:
      return "RSASSA";
    case TpmSignatureScheme::kRsaPss:
      return "RSAPSS";
    case TpmSignatureScheme::kEcdsa:
      return "ECDSA";
  }
  return "unknown";
}

Result<TpmSignature> ParseTpmSignature(ByteSpan bytes) {
  ByteReader r("tpm signature", bytes);
  TpmSignature signature;
  const uint16_t scheme = r.U16Be("sigAlg");
  signature.scheme = static_cast<TpmSignatureScheme>(scheme);
  switch (signature.scheme) {
    case TpmSignatureScheme::kRsaSsa:
    case TpmSignatureScheme::kRsaPss:
      signature.hash = ReadTpmHash("hash", r);
      signature.value = TpmRsaSignature{ReadTpm2b("sig", kMaxRsaBytes, r)};
      break;
    case TpmSignatureScheme::kEcdsa: {
      signature.hash = ReadTpmHash("hash", r);
      TpmEcdsaSignature ecdsa;
      ecdsa.r = ReadTpm2b("signatureR", kMaxEccBytes, r);
      ecdsa.s = ReadTpm2b("signatureS", kMaxEccBytes, r);
      signature.value = std::move(ecdsa);
      break;
    }
    default:
      r.Fail("sigAlg", "found " + HexNumber(scheme) +
                           ", expected 0x14 (RSASSA), 0x16 (RSAPSS) or 0x18 "
                           "(ECDSA)");
  }
  TALLY_TRY(r.Finish());
  return signature;
}

Bytes EncodeTpmSignature(const TpmSignature& signature) {
  ByteWriter w;
  w.U16Be(static_cast<uint16_t>(signature.scheme));
  WriteTpmHash(signature.hash, w);
  if (const auto* rsa = std::get_if<TpmRsaSignature>(&signature.value)) {
    WriteTpm2b(rsa->sig, w);
  } else if (const auto* ecdsa =
                 std::get_if<TpmEcdsaSignature>(&signature.value)) {
    WriteTpm2b(ecdsa->r, w);
    WriteTpm2b(ecdsa->s, w);
  }
  return std::move(w).Take();
}

}  // namespace tally
