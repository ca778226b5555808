#include "measure/boot_comparison.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tally {
namespace {

// KeepBanks leaves only the digests that are to be compared.
void KeepBanks(std::span<const HashAlgorithm> banks,
               RegisterHistories* histories) {
  if (banks.empty()) return;
  for (auto& [index, history] : *histories) {
    for (BootEvent& event : history.events) {
      std::erase_if(event.digests, [&](const auto& digest) {
        return std::ranges::find(banks, digest.first) == banks.end();
      });
    }
  }
}

std::string WhyNotCompared(const ExpectedBoot& expected, uint32_t index) {
  const auto unknown = expected.unknown.find(index);
  if (unknown != expected.unknown.end()) return unknown->second;
  if (expected.is_prediction && index >= kBootPcrs) {
    return "it does not belong to the boot";
  }
  return "";
}

Status CompareRegisters(BootComparison* comparison) {
  std::map<uint32_t, RegisterDifference> differences;
  for (const auto& [index, why] : comparison->expected.unknown) {
    differences[index] = {};
  }
  for (const auto& [index, history] : comparison->expected.histories) {
    differences[index] = {};
  }
  for (const auto& [index, history] : comparison->found) {
    differences[index] = {};
  }
  for (auto& [index, difference] : differences) {
    difference.index = index;
    difference.why_not = WhyNotCompared(comparison->expected, index);
    if (difference.why_not.empty()) {
      TALLY_ASSIGN(difference.steps,
                   AlignEvents(comparison->expected.histories[index].events,
                               comparison->found[index].events));
    }
    comparison->differences.push_back(std::move(difference));
  }
  return Ok();
}

bool IsChange(const EventStep& step) {
  return step.change != EventChange::kSame;
}

}  // namespace

ExpectedBoot PredictedBoot(std::span<const BootEvent> events,
                           std::map<uint32_t, std::string> not_predictable,
                           LogRegisters registers) {
  ExpectedBoot boot{.histories = PredictedHistories(events, registers),
                    .unknown = std::move(not_predictable),
                    .is_prediction = true};
  if (registers == LogRegisters::kRtmrs) {
    boot.unknown.emplace(3, "applications extend it");
  }
  return boot;
}

bool RegisterDifference::is_equal() const {
  return std::ranges::none_of(steps, IsChange);
}

const BootEvent& BootComparison::ExpectedEvent(uint32_t index,
                                               const EventStep& step) const {
  return expected.histories.at(index).events.at(*step.expected);
}

const BootEvent& BootComparison::FoundEvent(uint32_t index,
                                            const EventStep& step) const {
  return found.at(index).events.at(*step.found);
}

const BootEvent& BootComparison::EventOf(uint32_t index,
                                         const EventStep& step) const {
  return step.found ? FoundEvent(index, step) : ExpectedEvent(index, step);
}

const BootEvent& BootComparison::NamedEvent(uint32_t index,
                                            const EventStep& step) const {
  return step.expected ? ExpectedEvent(index, step) : FoundEvent(index, step);
}

uint64_t BootComparison::OffsetOf(uint32_t index, const EventStep& step) const {
  return found.at(index).offsets.at(*step.found);
}

Result<BootComparison> CompareBoots(LogRegisters registers,
                                    ExpectedBoot expected,
                                    RegisterHistories found,
                                    std::span<const HashAlgorithm> banks) {
  BootComparison comparison = {.registers = registers,
                               .expected = std::move(expected),
                               .found = std::move(found)};
  KeepBanks(banks, &comparison.found);
  KeepBanks(banks, &comparison.expected.histories);
  TALLY_TRY(CompareRegisters(&comparison));
  return comparison;
}

std::optional<EventDifference> FindFirstDifference(
    const BootComparison& comparison, std::span<const uint32_t> registers) {
  std::optional<EventDifference> first;
  uint64_t first_offset = std::numeric_limits<uint64_t>::max();
  for (const RegisterDifference& difference : comparison.differences) {
    const uint32_t index = difference.index;
    if (!registers.empty() &&
        std::ranges::find(registers, index) == registers.end()) {
      continue;
    }
    const auto& steps = difference.steps;
    const auto changed = std::ranges::find_if(steps, IsChange);
    if (changed == steps.end()) continue;
    const auto next = std::find_if(
        changed, steps.end(),
        [](const EventStep& step) { return step.found.has_value(); });
    const uint64_t offset = next == steps.end()
                                ? std::numeric_limits<uint64_t>::max()
                                : comparison.OffsetOf(index, *next);
    if (first && offset >= first_offset) continue;
    first = {.index = index,
             .step_number = static_cast<size_t>(changed - steps.begin()),
             .step = *changed};
    first_offset = offset;
  }
  return first;
}

}  // namespace tally
