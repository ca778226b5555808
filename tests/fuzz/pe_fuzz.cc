// ParsePe takes any bytes. What it accepts can be hashed, and signed and bared
// again without a trace.
#include "common/check.h"
#include "formats/pe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tally::HashAlgorithm;
  using tally::PePadding;
  const tally::ByteSpan file(data, size);
  const auto pe = tally::ParsePe(file);
  if (!pe) return 0;
  const auto digest =
      PeImageDigest(*pe, HashAlgorithm::kSha256, PePadding::kAsSigned);
  for (const tally::PeSection& section : pe->sections) {
    TALLY_CHECK(PeContent(*pe, section).size() <= section.virtual_size);
  }
  const auto attached =
      tally::AttachPeCertificate(file, tally::AsBytes("a signature"));
  if (!attached) return 0;
  const auto again = tally::ParsePe(*attached);
  TALLY_CHECK(again);
  TALLY_CHECK(again->certificates.size() == pe->certificates.size() + 1);
  TALLY_CHECK(digest == PeImageDigest(*again, HashAlgorithm::kSha256,
                                      PePadding::kAsSigned));
  const auto bare = tally::DetachPeCertificates(*attached);
  TALLY_CHECK(bare);
  if (pe->certificates.empty()) {
    TALLY_CHECK(*bare == tally::ToBytes(file));
  }
  return 0;
}
