#include "cli/evidence_inputs.h"

#include <chrono>
#include <utility>

#include "attest/evidence_text.h"
#include "attest/guest_event_log.h"
#include "attest/tpm.h"
#include "common/text.h"

namespace tally {
namespace {

// The largest evidence has an event log of some hundred KiB in it.
constexpr uint64_t kMaxEvidenceBytes = 16 << 20;
constexpr uint64_t kMaxCollateralBytes = 4 << 20;
constexpr uint64_t kMaxEventLogBytes = 16 << 20;
constexpr size_t kMaxCollateralFiles = 256;
// Of a directory of evidence. In base64 that fits into the container.
constexpr uint64_t kMaxDirectoryBytes = 8 << 20;
constexpr size_t kMaxDirectoryFiles = 16;

Result<int64_t> CheckTime(const std::string& at) {
  if (at.empty()) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
  }
  const Result<uint64_t> seconds = ParseUnsigned(at);
  if (seconds && *seconds <= INT32_MAX * uint64_t{60}) {
    return static_cast<int64_t>(*seconds);
  }
  const Result<int64_t> time = ParseUtcTime(at);
  if (time) return *time;
  return UsageError("--at: " + time.error().message() +
                    ", or seconds since 1970");
}

Status AddCollateral(const fs::path& path,
                     std::vector<CollateralFile>* collateral) {
  if (collateral->size() == kMaxCollateralFiles) {
    return InputError("--collateral: found more than " +
                      std::to_string(kMaxCollateralFiles) + " files");
  }
  TALLY_ASSIGN(Bytes bytes, ReadFile(path, kMaxCollateralBytes));
  collateral->push_back(
      {.name = path.filename().string(), .bytes = std::move(bytes)});
  return Ok();
}

// No field of evidence that a guest fills is longer than a Nitro document's.
constexpr size_t kMaxFreshBytes = 4096;

Result<Bytes> ParseFresh(const char* option, const std::string& text) {
  const Result<Bytes> bytes = ParseHex(text);
  if (bytes && !bytes->empty() && bytes->size() <= kMaxFreshBytes) {
    return *bytes;
  }
  return UsageError(std::string(option) + ": found " + Quote(text) +
                    ", expected bytes in hexadecimal");
}

// ReadDirectory makes one container of the files that tpm2-tools wrote.
Result<Bytes> ReadDirectory(const fs::path& path) {
  TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(path));
  if (names.size() > kMaxDirectoryFiles) {
    return InputError(
        "found " + std::to_string(names.size()) + " files, expected at most " +
        std::to_string(kMaxDirectoryFiles) + " that tpm2-tools wrote");
  }
  std::vector<CollateralFile> files;
  uint64_t left_bytes = kMaxDirectoryBytes;
  for (const std::string& name : names) {
    TALLY_ASSIGN(Bytes bytes, ReadFile(path / name, left_bytes));
    left_bytes -= bytes.size();
    files.push_back({.name = name, .bytes = std::move(bytes)});
  }
  TALLY_ASSIGN(const TpmEvidence evidence, MakeTpmEvidence(files));
  return ToBytes(AsBytes(FormatTpmEvidence(evidence)));
}

Result<LoadedEvidence> LoadDirectory(const fs::path& path,
                                     const EvidenceContext& context) {
  LoadedEvidence loaded = {.kind = EvidenceKind::kTpmQuote};
  if (context.kind.value_or(loaded.kind) != loaded.kind) {
    return UsageError("--kind: found '" +
                      std::string(EvidenceKindName(*context.kind)) +
                      "' for a directory, expected tpm");
  }
  TALLY_ASSIGN(loaded.bytes, ReadDirectory(path));
  return loaded;
}

// UseEventLog replays the log that was given beside the evidence.
Status UseEventLog(const EvidenceContext& context, Evidence* evidence) {
  if (!context.event_log) return Ok();
  if (evidence->event_log) {
    return InputError("--event-log: the evidence has an event log of its own");
  }
  evidence->event_log = context.event_log;
  evidence->checks.push_back(CheckEventLog(*context.event_log, evidence));
  return Ok();
}

}  // namespace

Result<Freshness> ReadFreshness(const FreshnessFlags& flags) {
  Freshness freshness;
  if (flags.report_data && !flags.report_data_file.empty()) {
    return UsageError("--report-data and --report-data-file: expected one");
  }
  if (flags.nonce) {
    TALLY_ASSIGN(freshness.nonce, ParseFresh("--nonce", *flags.nonce));
  }
  if (flags.report_data) {
    TALLY_ASSIGN(freshness.report_data,
                 ParseFresh("--report-data", *flags.report_data));
  }
  if (flags.report_data_file.empty()) return freshness;
  TALLY_ASSIGN(freshness.report_data,
               ReadFile(flags.report_data_file, kMaxFreshBytes));
  if (!freshness.report_data->empty()) return freshness;
  return InputError(Quote(flags.report_data_file.string()) +
                    " is empty, expected the report data");
}

Result<EvidenceContext> OpenEvidenceContext(const EvidenceFlags& flags) {
  EvidenceContext context;
  if (!flags.kind.empty()) {
    context.kind = FindEvidenceKind(flags.kind);
    if (!context.kind) {
      return UsageError("--kind: found " + Quote(flags.kind) +
                        ", expected snp, tdx, sgx, nitro, cca, tpm, azure-snp "
                        "or azure-tdx");
    }
  }
  TALLY_ASSIGN(context.at, CheckTime(flags.at));
  for (const fs::path& path : flags.collateral) {
    if (!IsDirectory(path)) {
      TALLY_TRY(AddCollateral(path, &context.collateral));
      continue;
    }
    TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(path));
    for (const std::string& name : names) {
      TALLY_TRY(AddCollateral(path / name, &context.collateral));
    }
  }
  if (!flags.event_log.empty()) {
    TALLY_ASSIGN(context.event_log,
                 ReadFile(flags.event_log, kMaxEventLogBytes));
  }
  return context;
}

Result<LoadedEvidence> LoadEvidence(const fs::path& path,
                                    const EvidenceContext& context) {
  if (IsDirectory(path)) return LoadDirectory(path, context);
  TALLY_ASSIGN(const Bytes bytes, ReadFile(path, kMaxEvidenceBytes));
  LoadedEvidence loaded = {.bytes = DecodeEvidenceText(bytes)};
  if (context.kind) {
    loaded.kind = *context.kind;
    return loaded;
  }
  TALLY_ASSIGN(loaded.kind, RecognizeEvidence(loaded.bytes));
  return loaded;
}

Result<Evidence> AuthenticateFile(const fs::path& path,
                                  const EvidenceContext& context) {
  Result<LoadedEvidence> loaded = LoadEvidence(path, context);
  if (loaded) {
    Result<Evidence> evidence =
        Authenticate(loaded->kind, loaded->bytes, context.inputs());
    if (evidence) {
      TALLY_TRY(UseEventLog(context, &*evidence));
      return evidence;
    }
    return std::move(evidence).error().While("reading " + Quote(path.string()));
  }
  return std::move(loaded).error().While("reading " + Quote(path.string()));
}

}  // namespace tally
