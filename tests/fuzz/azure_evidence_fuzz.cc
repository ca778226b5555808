// Azure's evidence: nothing is authentic whose runtime data the fuzzer chose,
// and what can be checked can be described.
#include <cstddef>
#include <cstdint>

#include "attest/azure.h"
#include "common/check.h"
#include "formats/azure_evidence.h"
#include "formats/hcl_report.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  if (const auto report = tally::ParseHclReport(file)) {
    TALLY_CHECK(report->runtime_data.size() + tally::kHclHeaderBytes +
                    tally::kHclHardwareReportBytes <
                size);
  }
  (void)tally::ParseHclRuntimeData(file).has_value();
  const auto parsed = tally::ParseAzureEvidence(file);
  const auto checked = tally::AuthenticateAzure(file, {});
  TALLY_CHECK(!checked || (parsed && tally::DescribeAzure(file)));
  TALLY_CHECK(!checked || !checked->authentic());
  return 0;
}
