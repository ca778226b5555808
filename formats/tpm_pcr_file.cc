#include "formats/tpm_pcr_file.h"

#include <algorithm>
#include <string>

#include "formats/event_log.h"

namespace tally {
namespace {

// tpm2-tss 3.2, tss2_tpm2_types.h: TPML_PCR_SELECTION has room for 16 banks of
// {UINT16 hash; BYTE sizeofSelect; BYTE pcrSelect[4]} and a byte of padding,
// TPML_DIGEST for eight {UINT16 size; BYTE buffer[64]}.
constexpr uint64_t kBankBytes = 8;
constexpr uint64_t kDigestsInList = 8;
constexpr uint64_t kDigestBytes = 2 + kMaxTpmDigestBytes;
// lib/pcr.h: tpm2_pcrs has TPM2_MAX_PCRS lists.
constexpr uint64_t kMaxLists = 32;

constexpr std::string_view kTpmPcrFile = "tpm2-tools pcr file";

// ReadValue takes the value of the next selected PCR.
Bytes ReadValue(uint64_t size, const std::vector<TpmPcr>& selected,
                size_t position, ByteReader& r) {
  if (r.ok() && position >= selected.size()) {
    r.Fail("digest size", "found a value more than the " +
                              std::to_string(selected.size()) +
                              " selected PCRs");
  }
  if (!r.ok()) return {};
  const size_t expected = HashSizeBytes(selected[position].hash);
  if (size != expected) {
    r.Fail("digest size", "found " + std::to_string(size) +
                              ", a PCR of bank '" +
                              std::string(HashName(selected[position].hash)) +
                              "' has " + std::to_string(expected));
  }
  return ToBytes(r.Take("digest", size));
}

// ReadSerializedBank reads one of the sixteen places for a bank.
TpmPcrBank ReadSerializedBank(const std::vector<TpmPcrBank>& before,
                              ByteReader& r) {
  TpmPcrBank bank;
  const uint16_t id = r.U16Le("hash");
  const auto hash = HashOfTpmAlgorithm(id);
  bank.hash = hash.value_or(HashAlgorithm::kSha256);
  if (!hash ||
      std::ranges::find(before, bank.hash, &TpmPcrBank::hash) != before.end()) {
    r.Fail("hash", "found algorithm " + TpmAlgorithmName(id) +
                       ", expected another of sha1, sha256, sha384 or sha512");
  }
  bank.select_bytes = r.U8("sizeofSelect");
  if (bank.select_bytes != 3 && bank.select_bytes != 4) {
    r.Fail("sizeofSelect",
           "found " + std::to_string(bank.select_bytes) + ", expected 3 or 4");
  }
  for (unsigned byte = 0; byte < 3; ++byte) {
    bank.pcrs |= static_cast<uint32_t>(r.U8("pcrSelect")) << (8 * byte);
  }
  if (bank.select_bytes == 4) {
    r.Zeros("pcrSelect", 1);
  } else {
    r.Skip("unused byte", 1);
  }
  r.Skip("padding", 1);
  return bank;
}

std::vector<TpmPcrBank> ReadSerializedBanks(ByteReader& r) {
  const uint64_t count = r.Count("count", r.U32Le("count"), kMaxTpmPcrBanks);
  std::vector<TpmPcrBank> banks;
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    banks.push_back(ReadSerializedBank(banks, r));
  }
  r.Skip("unused banks", (kMaxTpmPcrBanks - count) * kBankBytes);
  return banks;
}

Result<TpmPcrFile> ParseSerialized(ByteSpan file) {
  ByteReader r(kTpmPcrFile, file);
  TpmPcrFile parsed;
  parsed.pcr_select = ReadSerializedBanks(r);
  const std::vector<TpmPcr> selected = SelectedPcrs(parsed.pcr_select);
  const uint64_t lists = r.Count("lists", r.U32Le("lists"), kMaxLists);
  for (uint64_t list = 0; list < lists && r.ok(); ++list) {
    const uint64_t count =
        r.Count("digest count", r.U32Le("digest count"), kDigestsInList);
    for (uint64_t i = 0; i < kDigestsInList && r.ok(); ++i) {
      if (i >= count) {
        r.Skip("unused digest", kDigestBytes);
        continue;
      }
      const uint64_t size = r.U16Le("digest size");
      Bytes value = ReadValue(size, selected, parsed.values.size(), r);
      r.Skip("unused bytes", kMaxTpmDigestBytes - value.size());
      parsed.values.push_back(std::move(value));
    }
  }
  TALLY_TRY(r.Finish());
  return parsed;
}

Result<TpmPcrFile> ParseMarshaled(ByteSpan file) {
  ByteReader r(kTpmPcrFile, file);
  TpmPcrFile parsed;
  parsed.pcr_select = ReadTpmPcrSelection(r);
  const std::vector<TpmPcr> selected = SelectedPcrs(parsed.pcr_select);
  const uint64_t lists = r.Count("lists", r.U32Be("lists"), kMaxLists);
  for (uint64_t list = 0; list < lists && r.ok(); ++list) {
    const uint64_t count =
        r.Count("digest count", r.U32Be("digest count"), kDigestsInList);
    for (uint64_t i = 0; i < count && r.ok(); ++i) {
      const uint64_t size = r.U16Be("digest size");
      parsed.values.push_back(
          ReadValue(size, selected, parsed.values.size(), r));
    }
  }
  TALLY_TRY(r.Finish());
  return parsed;
}

}  // namespace

Result<TpmPcrFile> ParseTpmPcrFile(ByteSpan file) {
  const bool marshaled = !file.empty() && file[0] == 0;
  TALLY_ASSIGN(TpmPcrFile parsed,
               marshaled ? ParseMarshaled(file) : ParseSerialized(file));
  const size_t expected = SelectedPcrs(parsed.pcr_select).size();
  if (parsed.values.size() != expected) {
    return InputError(std::string(kTpmPcrFile) + ": found " +
                      std::to_string(parsed.values.size()) + " values for " +
                      std::to_string(expected) + " selected PCRs");
  }
  return parsed;
}

Result<std::vector<Bytes>> ParseTpmPcrValues(
    ByteSpan file, std::span<const TpmPcrBank> banks) {
  ByteReader r("pcr values", file);
  std::vector<Bytes> values;
  for (const TpmPcr& pcr : SelectedPcrs(banks)) {
    values.push_back(ToBytes(
        r.Take("pcr" + std::to_string(pcr.index), HashSizeBytes(pcr.hash))));
  }
  TALLY_TRY(r.Finish());
  return values;
}

}  // namespace tally
