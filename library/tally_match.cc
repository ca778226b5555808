#include "library/tally_match.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "attest/evidence_text.h"
#include "attest/match_record.h"
#include "attest/technologies.h"
#include "common/text.h"
#include "policy/match_policy.h"

#ifndef TALLY_VERSION
#error "TALLY_VERSION comes from CMakeLists.txt"
#endif

namespace tally {
namespace {

struct Answer {
  int status = TALLY_SYSTEM_FAILURE;
  std::string json;
};

ByteSpan Span(const tally_bytes& bytes) {
  return bytes.data == nullptr ? ByteSpan()
                               : ByteSpan(bytes.data, bytes.size_bytes);
}

Status CheckRequest(const tally_match_request& request) {
  if (request.struct_size_bytes != sizeof(tally_match_request)) {
    return UsageError(
        "the request has another size, expected one that begins with "
        "TALLY_MATCH_REQUEST_INIT");
  }
  if (request.evidence.data == nullptr) return UsageError("no evidence");
  const bool has_measurements = request.measurements_json != nullptr;
  if (has_measurements == (request.measurement != nullptr)) {
    return UsageError("expected either measurements_json or measurement");
  }
  if (request.at <= 0) return UsageError("no time in 'at'");
  return Ok();
}

Result<EvidenceKind> KindOf(const tally_match_request& request,
                            ByteSpan evidence) {
  if (request.kind == nullptr) return RecognizeEvidence(evidence);
  const auto kind = FindEvidenceKind(request.kind);
  if (!kind) return UsageError("found an unknown kind of evidence");
  return *kind;
}

Result<std::vector<PublishedTarget>> PublishedOf(
    const tally_match_request& request, EvidenceKind kind) {
  if (request.measurements_json != nullptr) {
    return ParseMeasurements(request.measurements_json, {});
  }
  TALLY_ASSIGN(PublishedTarget target,
               PublishedValues(request.measurement, kind));
  return std::vector<PublishedTarget>{std::move(target)};
}

Freshness FreshnessOf(const tally_match_request& request) {
  Freshness freshness;
  if (request.nonce.data != nullptr) {
    freshness.nonce = ToBytes(Span(request.nonce));
  }
  if (request.report_data.data != nullptr) {
    freshness.report_data = ToBytes(Span(request.report_data));
  }
  return freshness;
}

std::vector<CollateralFile> CollateralOf(const tally_match_request& request) {
  std::vector<CollateralFile> files;
  for (size_t i = 0; i < request.num_collateral; ++i) {
    const tally_file& file = request.collateral[i];
    files.push_back({.name = file.name != nullptr ? file.name : "collateral",
                     .bytes = ToBytes(Span(file.contents))});
  }
  return files;
}

Result<Answer> Match(const tally_match_request& request) {
  TALLY_TRY(CheckRequest(request));
  const Bytes bytes = DecodeEvidenceText(Span(request.evidence));
  TALLY_ASSIGN(const EvidenceKind kind, KindOf(request, bytes));
  TALLY_ASSIGN(const std::vector<PublishedTarget> published,
               PublishedOf(request, kind));
  MatchPolicy policy;
  if (request.policy_yaml != nullptr) {
    TALLY_ASSIGN(policy, ParseMatchPolicy(request.policy_yaml, "policy"));
  }
  const std::vector<CollateralFile> collateral = CollateralOf(request);
  TALLY_ASSIGN(
      const Evidence evidence,
      Authenticate(kind, bytes, {.at = request.at, .collateral = collateral}));
  const Freshness freshness = FreshnessOf(request);
  const Verdict verdict = MatchEvidence(
      evidence,
      {.published = published, .policy = policy, .freshness = freshness});
  Json record = VerdictRecord(evidence, verdict);
  (*record.object())["nearest"] = Json();
  return Answer{.status = verdict.yes() ? TALLY_YES : TALLY_NO,
                .json = record.Canonical()};
}

Answer ErrorAnswer(const Error& error) {
  // Evidence can put bytes into a message that are not UTF-8.
  const std::string text = error.ToString();
  const Json message = IsUtf8(text) ? Json(text) : Json(Quote(text));
  return {.status = ExitStatus(error.code()),
          .json = Json(Json::Object{{"error", message}}).Canonical()};
}

char* Copy(const std::string& text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

}  // namespace
}  // namespace tally

int tally_match(const tally_match_request* request, char** answer) {
  if (answer != nullptr) *answer = nullptr;
  if (request == nullptr) return TALLY_BAD_REQUEST;
  // Exceptions do not cross into C: what is left here is out of memory.
  try {
    const tally::Result<tally::Answer> result = tally::Match(*request);
    const tally::Answer found =
        result ? *result : tally::ErrorAnswer(result.error());
    if (answer != nullptr) *answer = tally::Copy(found.json);
    return found.status;
  } catch (const std::exception&) {
    return TALLY_SYSTEM_FAILURE;
  }
}

void tally_free(char* answer) { std::free(answer); }

const char* tally_version(void) { return TALLY_VERSION; }
