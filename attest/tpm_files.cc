// MakeTpmEvidence: which of tpm2-tools' files is what, by their contents.
#include <optional>
#include <string>
#include <utility>

#include "attest/certificate.h"
#include "attest/pem.h"
#include "attest/tpm.h"
#include "attest/tpm_key.h"
#include "common/text.h"
#include "formats/event_log.h"
#include "formats/tpm_pcr_file.h"
#include "formats/tpm_public.h"

namespace tally {
namespace {

constexpr size_t kMaxFiles = 16;

// Collected is what was found so far, and where.
class Collected {
 public:
  explicit Collected(TpmQuote quote, Bytes message) : quote_(std::move(quote)) {
    evidence_.message = std::move(message);
  }

  Status Take(const CollateralFile& file);
  Result<TpmEvidence> Finish() &&;

 private:
  Status TakeOnce(std::string& by, const std::string& name, const char* what);
  Status TakePcrs(const CollateralFile& file, std::vector<Bytes> values);
  Status TakeOther(const CollateralFile& file);

  TpmQuote quote_;
  TpmEvidence evidence_;
  std::string signature_by_;
  std::string key_by_;
  std::string pcrs_by_;
  std::string event_log_by_;
};

Status Collected::TakeOnce(std::string& by, const std::string& name,
                           const char* what) {
  if (!by.empty()) {
    return InputError("found two files that are " + std::string(what) + ": " +
                      Quote(by) + " and " + Quote(name));
  }
  by = name;
  return Ok();
}

Status Collected::TakePcrs(const CollateralFile& file,
                           std::vector<Bytes> values) {
  TALLY_TRY(TakeOnce(pcrs_by_, file.name, "PCR values"));
  evidence_.pcrs = std::move(values);
  return Ok();
}

Status Collected::Take(const CollateralFile& file) {
  if (ParseTpmSignature(file.bytes)) {
    TALLY_TRY(TakeOnce(signature_by_, file.name, "a signature"));
    evidence_.signature = file.bytes;
    return Ok();
  }
  if (ParseTpm2bPublic(file.bytes)) {
    TALLY_TRY(TakeOnce(key_by_, file.name, "an attestation key"));
    evidence_.ak_public = file.bytes;
    return Ok();
  }
  if (const auto area = ParseTpmtPublic(file.bytes)) {
    TALLY_TRY(TakeOnce(key_by_, file.name, "an attestation key"));
    evidence_.ak_public = EncodeTpm2bPublic(*area);
    return Ok();
  }
  if (LooksLikePem(file.bytes) && TpmKey::FromPem(AsText(file.bytes))) {
    TALLY_TRY(TakeOnce(key_by_, file.name, "an attestation key"));
    evidence_.ak_pem = std::string(AsText(file.bytes));
    return Ok();
  }
  if (auto pcrs = ParseTpmPcrFile(file.bytes)) {
    if (SelectedPcrs(pcrs->pcr_select) != SelectedPcrs(quote_.pcr_select)) {
      return InputError(Quote(file.name) +
                        " is of other PCRs than the quote selects");
    }
    return TakePcrs(file, std::move(pcrs->values));
  }
  return TakeOther(file);
}

Status Collected::TakeOther(const CollateralFile& file) {
  if (const auto certificates = Certificate::FromFile(file.bytes)) {
    for (const Certificate& certificate : *certificates) {
      evidence_.ak_certificates.push_back(certificate.der());
    }
    if (evidence_.ak_certificates.size() > kMaxTpmAkCertificates) {
      return InputError("found more than " +
                        std::to_string(kMaxTpmAkCertificates) +
                        " certificates");
    }
    return Ok();
  }
  // Bare values have no form, only a size.
  if (auto values = ParseTpmPcrValues(file.bytes, quote_.pcr_select)) {
    return TakePcrs(file, std::move(values).value());
  }
  if (ParseEventLog(file.bytes)) {
    TALLY_TRY(TakeOnce(event_log_by_, file.name, "an event log"));
    evidence_.event_log = file.bytes;
    return Ok();
  }
  return InputError(Quote(file.name) +
                    " is neither a quote, signature (in the format 'tss'), "
                    "public key, certificate, PCR file nor event log");
}

Result<TpmEvidence> Collected::Finish() && {
  if (signature_by_.empty()) return InputError("no signature among the files");
  if (key_by_.empty()) return InputError("no attestation key among the files");
  if (pcrs_by_.empty()) return InputError("no PCR values among the files");
  return std::move(evidence_);
}

}  // namespace

Result<TpmEvidence> MakeTpmEvidence(std::span<const CollateralFile> files) {
  if (files.size() > kMaxFiles) {
    return InputError("found " + std::to_string(files.size()) +
                      " files, expected at most " + std::to_string(kMaxFiles));
  }
  // The message comes first: it says how the PCR values are to be read.
  std::optional<TpmQuote> quote;
  const CollateralFile* message = nullptr;
  for (const CollateralFile& file : files) {
    auto parsed = ParseTpmQuote(file.bytes);
    if (!parsed) continue;
    if (message != nullptr) {
      return InputError("found two files that are a quote: " +
                        Quote(message->name) + " and " + Quote(file.name));
    }
    message = &file;
    quote = std::move(parsed).value();
  }
  if (message == nullptr) return InputError("no quote among the files");
  Collected collected(*std::move(quote), message->bytes);
  for (const CollateralFile& file : files) {
    if (&file != message) TALLY_TRY(collected.Take(file));
  }
  return std::move(collected).Finish();
}

}  // namespace tally
