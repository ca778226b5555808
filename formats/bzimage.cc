#include "formats/bzimage.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kHeaderOffset = 0x1f1;
constexpr uint32_t kSetupHeaderMagic = 0x53726448;  // "HdrS"
constexpr uint16_t kOldestProtocol = 0x0203;
// For historical reasons a setup_sects of 0 means this.
constexpr uint64_t kDefaultSetupSectors = 4;
// kernel_version counts from the end of the boot sector.
constexpr uint64_t kVersionBase = 0x200;
// uname's release has 64 bytes; after it come build host and date.
constexpr size_t kMaxReleaseSize = 64;

bool IsReleaseCharacter(uint8_t c) { return c > ' ' && c < 0x7f; }

// ReadRelease returns the first word of the text at `offset`.
Result<std::string> ReadRelease(ByteSpan kernel, uint64_t offset,
                                uint64_t setup_bytes) {
  if (offset >= std::min<uint64_t>(setup_bytes, kernel.size())) {
    return InputError("bzImage: kernel version at " + HexNumber(offset) +
                      ": found it outside of the setup code, which ends at " +
                      HexNumber(setup_bytes));
  }
  const ByteSpan text = kernel.subspan(offset);
  const auto end = std::ranges::find_if_not(text, IsReleaseCharacter);
  const auto size = static_cast<size_t>(end - text.begin());
  if (size == 0 || size > kMaxReleaseSize || end == text.end()) {
    return InputError("bzImage: kernel version at " + HexNumber(offset) +
                      ": found a word of " + std::to_string(size) +
                      " characters, expected 1 to " +
                      std::to_string(kMaxReleaseSize) + " and more text");
  }
  return std::string(AsText(text.first(size)));
}

}  // namespace

Result<BzImage> ParseBzImage(ByteSpan kernel) {
  ByteReader reader("bzImage", kernel);
  reader.Skip("boot sector", kHeaderOffset);
  const uint64_t setup_sectors = reader.U8("setup_sects");
  reader.Skip("boot sector", 0x202 - 0x1f2);
  const uint32_t magic = reader.U32Le("header magic");
  if (reader.ok() && magic != kSetupHeaderMagic) {
    reader.Fail("header magic",
                "found " + HexNumber(magic) + ", expected \"HdrS\"");
  }
  BzImage image;
  image.protocol = reader.U16Le("version");
  if (reader.ok() && image.protocol < kOldestProtocol) {
    reader.Fail("version", "found boot protocol " + HexNumber(image.protocol) +
                               ", expected 0x203 or later");
  }
  reader.Skip("real-mode fields", 0x20e - 0x208);
  const uint16_t version_offset = reader.U16Le("kernel_version");
  reader.Skip("loader fields", 0x22c - 0x210);
  image.initrd_addr_max = reader.U32Le("initrd_addr_max");
  TALLY_TRY(reader.status());

  image.setup_bytes =
      (1 + (setup_sectors == 0 ? kDefaultSetupSectors : setup_sectors)) *
      kSectorBytes;
  if (image.setup_bytes >= kernel.size()) {
    return InputError("bzImage: setup_sects at 0x1f1: needs " +
                      std::to_string(image.setup_bytes) +
                      " bytes and a kernel, found " +
                      std::to_string(kernel.size()));
  }
  if (version_offset != 0) {
    TALLY_ASSIGN(
        image.release,
        ReadRelease(kernel, kVersionBase + version_offset, image.setup_bytes));
  }
  return image;
}

}  // namespace tally
