// PAM profiles: what parses fills a template, or says why not; every line that
// comes from a profile is of the stack's type.
#include "common/bytes.h"
#include "common/check.h"
#include "common/text.h"
#include "formats/pam_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const auto profile = ParsePamProfile(AsText(ByteSpan(data, size)), "fuzz");
  if (!profile) return 0;
  const std::vector<PamProfile> profiles = {*profile};
  TALLY_CHECK(EnabledPamProfiles(profiles).size() <= 1);
  constexpr std::string_view kTemplate =
      "# here are the per-package modules (the \"Primary\" block)\n"
      "# here's the fallback if no module succeeds\n"
      "# and here are more per-package modules (the \"Additional\" block)\n"
      "# end of pam-auth-update config\n";
  for (const PamStack stack : {PamStack::kAuth, PamStack::kSession,
                               PamStack::kSessionNoninteractive}) {
    const auto text = WritePamStack(stack, kTemplate, profiles);
    if (!text) continue;
    const std::string type = stack == PamStack::kAuth ? "auth\t" : "session\t";
    for (const std::string& line : Split(*text, '\n')) {
      TALLY_CHECK(line.empty() || line.starts_with("# ") ||
                  line.starts_with(type));
    }
  }
  return 0;
}
