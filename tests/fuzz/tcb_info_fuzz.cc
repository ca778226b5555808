// Documents of Intel's service: what parses has levels in their order, each
// once; the body of a signed document is a part of its text that parses alone.
#include <cstddef>
#include <cstdint>
#include <functional>

#include "common/check.h"
#include "common/json.h"
#include "formats/pcs_documents.h"

namespace {

void CheckLevels(const std::vector<tally::IsvSvnLevel>& levels) {
  TALLY_CHECK(!levels.empty());
  for (size_t i = 1; i < levels.size(); ++i) {
    TALLY_CHECK(levels[i - 1].isvsvn > levels[i].isvsvn);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = tally::AsText({data, size});
  if (const auto info = tally::ParseTcbInfo(text)) {
    TALLY_CHECK(!info->levels.empty());
    for (size_t i = 1; i < info->levels.size(); ++i) {
      TALLY_CHECK(info->levels[i - 1].sgx_tcb_components >=
                  info->levels[i].sgx_tcb_components);
    }
    for (const auto& module : info->tdx_module_identities) {
      CheckLevels(module.levels);
    }
  }
  if (const auto identity = tally::ParseQeIdentity(text)) {
    CheckLevels(identity->levels);
  }
  for (const char* name : {"tcbInfo", "enclaveIdentity"}) {
    const auto document = tally::ParseSignedDocument(text, name);
    if (!document) continue;
    TALLY_CHECK(text.find(document->body) != std::string_view::npos);
    const auto body = tally::ParseJson(document->body);
    TALLY_CHECK(body && *body == *tally::ParseJson(text)->Find(name));
  }
  return 0;
}
