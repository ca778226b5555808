// What parses as a bundle comes back as itself; nothing that nobody signed
// verifies; statements round-trip.
#include "common/check.h"
#include "common/text.h"
#include "sign/bundle.h"
#include "sign/statement.h"

namespace {

// origin: RFC 8032 section 7.1, test 1.
const tally::PublicKey& Key() {
  static const tally::PublicKey key =
      tally::PublicKey::FromSpki(
          tally::ParseHex("302a300506032b6570032100"
                          "d75a980182b10ab7d54bfed3c964073a"
                          "0ee172f3daa62325af021a68f707511a")
              .value())
          .value();
  return key;
}

void CheckStatement(std::string_view text) {
  using namespace tally;
  const Result<Provenance> provenance = ParseStatement(text);
  if (!provenance) return;
  const Result<std::string> formatted = FormatStatement(*provenance);
  TALLY_CHECK(formatted);
  const Result<Provenance> again = ParseStatement(*formatted);
  TALLY_CHECK(again);
  TALLY_CHECK(*FormatStatement(*again) == *formatted);
  TALLY_CHECK(CheckSubjects(again->subjects, provenance->subjects));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const std::string_view text = AsText({data, size});
  CheckStatement(text);
  const Result<Bundle> bundle = ParseBundle(text);
  if (!bundle) return 0;
  TALLY_CHECK(bundle->envelope.has_value() != bundle->message.has_value());
  TALLY_CHECK(!VerifyBundle(text, Key()));
  if (bundle->envelope) {
    CheckStatement(AsText(bundle->envelope->payload));
    const Result<Bundle> again =
        ParseBundle(FormatBundle(*bundle->envelope, Key()));
    TALLY_CHECK(again);
    TALLY_CHECK(again->envelope == bundle->envelope);
  }
  return 0;
}
