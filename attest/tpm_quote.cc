#include "attest/tpm_quote.h"

#include <utility>

#include "common/text.h"

namespace tally {
namespace {

std::string PcrName(const TpmPcr& pcr) {
  return "pcr" + std::to_string(pcr.index);
}

// CheckValues says whether there is a value for each PCR.
Status CheckValues(std::span<const TpmPcr> selected,
                   std::span<const Bytes> pcrs) {
  if (selected.size() != pcrs.size()) {
    return MismatchError("found " + std::to_string(pcrs.size()) +
                         " values, the quote selects " +
                         std::to_string(selected.size()) + " PCRs");
  }
  for (size_t i = 0; i < pcrs.size(); ++i) {
    const size_t expected = HashSizeBytes(selected[i].hash);
    if (pcrs[i].size() == expected) continue;
    return MismatchError(PcrName(selected[i]) + ": found " +
                         std::to_string(pcrs[i].size()) + " bytes, bank '" +
                         std::string(HashName(selected[i].hash)) + "' has " +
                         std::to_string(expected));
  }
  return Ok();
}

Status CheckDigest(const TpmQuote& quote, HashAlgorithm hash,
                   std::span<const Bytes> pcrs) {
  TALLY_TRY(CheckValues(SelectedPcrs(quote.pcr_select), pcrs));
  AnyHasher hasher(hash);
  for (const Bytes& pcr : pcrs) hasher.Update(pcr);
  const Bytes digest = hasher.Finish();
  if (digest == quote.pcr_digest) return Ok();
  return MismatchError("the PCR values hash to " + Hex(digest) +
                       ", the quote has " + Hex(quote.pcr_digest));
}

// FieldWriter counts the offset while fields are appended.
class FieldWriter {
 public:
  FieldWriter(std::string prefix, std::vector<EvidenceField>& fields)
      : prefix_(std::move(prefix)), fields_(fields) {}

  void Add(uint64_t size_bytes, const std::string& name, std::string value,
           std::string note = "") {
    fields_.push_back({.offset = offset_,
                       .size_bytes = size_bytes,
                       .name = prefix_ + name,
                       .value = std::move(value),
                       .note = std::move(note)});
    offset_ += size_bytes;
  }
  // AddSized is a TPM2B: the size is not a field of its own.
  void AddSized(const std::string& name, ByteSpan bytes,
                std::string note = "") {
    offset_ += 2;
    Add(bytes.size(), name, Hex(bytes), std::move(note));
  }
  void Skip(uint64_t size_bytes) { offset_ += size_bytes; }

 private:
  std::string prefix_;
  std::vector<EvidenceField>& fields_;
  uint64_t offset_ = 0;
};

}  // namespace

EvidenceCheck CheckQuoteSignature(const TpmKey& key, ByteSpan message,
                                  const TpmSignature& signature) {
  return CheckOf("quote signature", key.Verify(message, signature),
                 std::string(TpmSignatureSchemeName(signature.scheme)) +
                     " with " + std::string(HashName(signature.hash)) +
                     ", by the " + key.name() + " attestation key");
}

EvidenceCheck CheckPcrDigest(const TpmQuote& quote, HashAlgorithm hash,
                             std::span<const Bytes> pcrs) {
  return CheckOf("PCR digest", CheckDigest(quote, hash, pcrs),
                 std::to_string(pcrs.size()) + " values (" +
                     DescribePcrSelection(quote.pcr_select) + ")");
}

std::vector<AttestedRegister> PcrRegisters(const TpmQuote& quote,
                                           std::span<const Bytes> pcrs) {
  const std::vector<TpmPcr> selected = SelectedPcrs(quote.pcr_select);
  std::vector<AttestedRegister> registers;
  if (!CheckValues(selected, pcrs)) return registers;
  for (size_t i = 0; i < pcrs.size(); ++i) {
    if (selected[i].hash == HashAlgorithm::kSha1) continue;
    registers.push_back({.name = PcrName(selected[i]),
                         .algorithm = std::string(HashName(selected[i].hash)),
                         .value = pcrs[i],
                         .origin = RegisterOrigin::kSigned});
  }
  return registers;
}

std::string DescribePcrSelection(std::span<const TpmPcrBank> banks) {
  std::vector<std::string> texts;
  for (const TpmPcrBank& bank : banks) {
    std::vector<std::string> ranges;
    for (uint32_t first = 0; first < kTpmPcrs; ++first) {
      if ((bank.pcrs >> first & 1) == 0) continue;
      uint32_t last = first;
      while ((bank.pcrs >> (last + 1) & 1) != 0) ++last;
      ranges.push_back(std::to_string(first) +
                       (last == first ? "" : "-" + std::to_string(last)));
      first = last;
    }
    texts.push_back(std::string(HashName(bank.hash)) + ": " +
                    (ranges.empty() ? "none" : Join(ranges, ", ")));
  }
  return Join(texts, "; ");
}

void DescribeQuote(const std::string& prefix, const TpmQuote& quote,
                   std::vector<EvidenceField>& fields) {
  FieldWriter w(prefix, fields);
  w.Add(4, "magic", HexNumber(kTpmGeneratedValue), "TPM_GENERATED_VALUE");
  w.Add(2, "type", HexNumber(kTpmStAttestQuote), "TPM_ST_ATTEST_QUOTE");
  w.AddSized("qualifiedSigner", quote.qualified_signer);
  w.AddSized("extraData", quote.extra_data, "the nonce");
  w.Add(8, "clockInfo / clock", std::to_string(quote.clock_info.clock),
        "milliseconds");
  w.Add(4, "clockInfo / resetCount",
        std::to_string(quote.clock_info.reset_count));
  w.Add(4, "clockInfo / restartCount",
        std::to_string(quote.clock_info.restart_count));
  w.Add(1, "clockInfo / safe", quote.clock_info.safe ? "1" : "0");
  w.Add(8, "firmwareVersion", HexNumber(quote.firmware_version));
  w.Skip(4);
  for (const TpmPcrBank& bank : quote.pcr_select) {
    w.Add(3u + bank.select_bytes, "pcrSelect",
          DescribePcrSelection(std::span(&bank, 1)));
  }
  w.AddSized("pcrDigest", quote.pcr_digest);
}

void DescribeQuoteSignature(const std::string& prefix,
                            const TpmSignature& signature,
                            std::vector<EvidenceField>& fields) {
  FieldWriter w(prefix, fields);
  w.Add(2, "sigAlg", std::string(TpmSignatureSchemeName(signature.scheme)));
  w.Add(2, "hash", std::string(HashName(signature.hash)));
  if (const auto* rsa = std::get_if<TpmRsaSignature>(&signature.value)) {
    w.AddSized("sig", rsa->sig);
    return;
  }
  const auto& ecdsa = std::get<TpmEcdsaSignature>(signature.value);
  w.AddSized("signatureR", ecdsa.r);
  w.AddSized("signatureS", ecdsa.s);
}

void DescribePcrs(const std::string& prefix, const TpmQuote& quote,
                  std::span<const Bytes> pcrs,
                  std::vector<EvidenceField>& fields) {
  const std::vector<TpmPcr> selected = SelectedPcrs(quote.pcr_select);
  FieldWriter w(prefix, fields);
  for (size_t i = 0; i < pcrs.size(); ++i) {
    const bool known = i < selected.size();
    w.Add(pcrs[i].size(), known ? PcrName(selected[i]) : "value", Hex(pcrs[i]),
          known ? std::string(HashName(selected[i].hash))
                : "the quote selects no such PCR");
  }
}

}  // namespace tally
