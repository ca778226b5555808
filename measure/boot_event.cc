#include "measure/boot_event.h"

#include <functional>

#include "common/check.h"
#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

using IndexOf = std::function<std::optional<uint32_t>(const BootEvent&)>;

Event ToEvent(const BootEvent& event, HashAlgorithm bank, ByteSpan digest,
              ByteSpan value_after) {
  return {.what = event.what,
          .type = BootEventTypeName(event.type),
          .digest = AnyDigest(bank, digest),
          .value_after = AnyDigest(bank, value_after)};
}

std::map<uint32_t, BootRegister> Fold(
    std::span<const BootEvent> events, HashAlgorithm bank,
    const IndexOf& index_of, std::map<uint32_t, BootRegister> registers) {
  for (const BootEvent& event : events) {
    const std::optional<uint32_t> index = index_of(event);
    if (!index) continue;
    BootRegister& boot_register = registers[*index];
    boot_register.value.resize(HashSizeBytes(bank));
    ExtendBootRegister(event, bank, &boot_register);
  }
  return registers;
}

}  // namespace

std::string_view BootSourceName(BootSource source) {
  return source == BootSource::kPredicted ? "predicted" : "given";
}

BootEvent HashedEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                      uint32_t type, std::string what, ByteSpan data) {
  return {.pcr = pcr,
          .type = type,
          .what = std::move(what),
          .digests = HashBanks(banks, data)};
}

Bytes ExtendRegister(HashAlgorithm bank, ByteSpan value, ByteSpan digest) {
  return AnyHasher(bank).Update(value).Update(digest).Finish();
}

void ExtendBootRegister(const BootEvent& event, HashAlgorithm bank,
                        BootRegister* boot_register) {
  const auto digest = event.digests.find(bank);
  TALLY_CHECK(digest != event.digests.end());
  boot_register->value =
      ExtendRegister(bank, boot_register->value, digest->second);
  if (event.source == BootSource::kGiven) {
    boot_register->source = BootSource::kGiven;
  }
  boot_register->events.push_back(
      ToEvent(event, bank, digest->second, boot_register->value));
}

std::map<uint32_t, BootRegister> FoldPcrs(std::span<const BootEvent> events,
                                          HashAlgorithm bank,
                                          uint8_t startup_locality) {
  std::map<uint32_t, BootRegister> from;
  if (startup_locality != 0) {
    from[0].value.resize(HashSizeBytes(bank));
    from[0].value.back() = startup_locality;
  }
  return Fold(
      events, bank,
      [](const BootEvent& event) { return std::optional<uint32_t>(event.pcr); },
      std::move(from));
}

std::optional<unsigned> RtmrOfPcr(uint32_t pcr) {
  if (pcr == 1 || pcr == 7) return 0;
  if (pcr >= 2 && pcr <= 6) return 1;
  if (pcr >= 8 && pcr <= 15) return 2;
  return std::nullopt;
}

std::map<uint32_t, BootRegister> FoldRtmrs(std::span<const BootEvent> events) {
  std::map<uint32_t, BootRegister> registers =
      Fold(events, HashAlgorithm::kSha384,
           [](const BootEvent& event) {
             return std::optional<uint32_t>(RtmrOfPcr(event.pcr));
           },
           {});
  for (uint32_t index = 0; index < 3; ++index) {
    registers[index].value.resize(HashSizeBytes(HashAlgorithm::kSha384));
  }
  return registers;
}

std::string BootEventTypeName(uint32_t type) {
  return std::string(EventTypeName(type).value_or(HexNumber(type)));
}

}  // namespace tally
