// ReadUki takes any bytes; so does WriteUki as its stub, and then what it wrote
// is read again.
#include <vector>

#include "common/check.h"
#include "formats/uki.h"

namespace {

class Buffer : public tally::ByteSink {
 public:
  tally::Status Append(tally::ByteSpan bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return tally::Ok();
  }
  const tally::Bytes& bytes() const { return bytes_; }

 private:
  tally::Bytes bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto uki = tally::ReadUki(file);
  if (uki) TALLY_CHECK(!uki->profiles.empty());
  const std::vector<tally::UkiSection> sections = {
      {".linux", tally::AsBytes("kernel")},
      {".cmdline", tally::AsBytes("quiet")}};
  Buffer buffer;
  if (!tally::WriteUki(file, sections, buffer)) return 0;
  const auto again = tally::ReadUki(buffer.bytes());
  // A stub may hold sections twice, or of odd sizes: writing does not judge.
  if (!again) {
    TALLY_CHECK(!uki);
    return 0;
  }
  // Behind a profile, the sections are that one's.
  if (again->profiles.size() > 1) return 0;
  const auto* linux_section = tally::FindUkiSection(*again, ".linux");
  TALLY_CHECK(linux_section != nullptr);
  TALLY_CHECK(tally::AsText(linux_section->content) == "kernel");
  return 0;
}
