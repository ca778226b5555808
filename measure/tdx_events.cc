// The digests of a TDX guest that need nothing but the event's own bytes. See
// measure/tdx_rtmr.h.
#include "formats/tcg_event_types.h"
#include "measure/tdx_rtmr.h"

namespace tally {
Result<std::optional<BootEvent>> TdxCommandLineEvent(std::string_view cmdline,
                                                     bool has_initrd) {
  std::string line(cmdline);
  if (has_initrd) line += " initrd=initrd";
  if (line.empty()) return std::optional<BootEvent>();
  ByteWriter utf16;
  for (const char c : line) {
    if (c <= 0) return InputError("the command line is not ASCII text");
    utf16.U16Le(static_cast<uint8_t>(c));
  }
  utf16.U16Le(0);
  return std::optional<BootEvent>(
      HashedEvent(kTdxBanks, kPcrKernelStub, kEvEventTag, "kernel command line",
                  utf16.bytes()));
}

Bytes DstackEventDigest(std::string_view name, ByteSpan payload) {
  constexpr uint32_t kType = 0x08000001;
  ByteWriter data;
  data.U32Le(kType).Text(":").Text(name).Text(":").Raw(payload);
  return HashWith(HashAlgorithm::kSha384, data.bytes());
}

Result<Bytes> FoldRtmr3(std::span<const Bytes> digests) {
  Bytes value(HashSizeBytes(HashAlgorithm::kSha384));
  for (const Bytes& digest : digests) {
    if (digest.size() != value.size()) {
      return InputError("rtmr3: digest has " + std::to_string(digest.size()) +
                        " bytes, expected " + std::to_string(value.size()));
    }
    value = ExtendRegister(HashAlgorithm::kSha384, value, digest);
  }
  return value;
}

}  // namespace tally
