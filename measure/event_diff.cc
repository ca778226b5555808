#include "measure/event_diff.h"

#include <algorithm>
#include <limits>

#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

constexpr uint64_t kMaxPairs = uint64_t{4} << 20;
// A changed event is one change where a missing and an inserted one are two; of
// two ways to pair changed events, the one with like names is better.
constexpr uint32_t kGap = 4;
constexpr uint32_t kDiffers = 6;
constexpr uint32_t kDiffersInValue = 5;
constexpr uint32_t kNever = std::numeric_limits<uint32_t>::max();

// The type is not hashed: an event with the same digests has the same effect.
bool HasSameDigests(const BootEvent& a, const BootEvent& b) {
  bool is_compared = false;
  for (const auto& [bank, digest] : a.digests) {
    const auto other = b.digests.find(bank);
    if (other == b.digests.end()) continue;
    if (other->second != digest) return false;
    is_compared = true;
  }
  return is_compared;
}

std::string_view Label(const BootEvent& event) {
  return std::string_view(event.what).substr(0, event.what.find(':'));
}

uint32_t PairCost(const BootEvent& a, const BootEvent& b) {
  if (HasSameDigests(a, b)) return 0;
  if (a.type != b.type) return kNever;
  return Label(a) == Label(b) ? kDiffersInValue : kDiffers;
}

// Alignment fills in a table of costs from the end, then walks it from the
// start: so the earliest events that can be the same are.
class Alignment {
 public:
  Alignment(std::span<const BootEvent> expected,
            std::span<const BootEvent> found)
      : expected_(expected),
        found_(found),
        costs_((expected.size() + 1) * (found.size() + 1)) {
    for (size_t i = expected_.size() + 1; i-- > 0;) {
      for (size_t j = found_.size() + 1; j-- > 0;) At(i, j) = Cheapest(i, j);
    }
  }

  void Walk(size_t offset, std::vector<EventStep>* steps) {
    size_t i = 0;
    size_t j = 0;
    while (i < expected_.size() || j < found_.size()) {
      if (Pairs(i, j)) {
        const bool is_same = HasSameDigests(expected_[i], found_[j]);
        steps->push_back({is_same ? EventChange::kSame : EventChange::kDiffers,
                          offset + i, offset + j});
        ++i, ++j;
      } else if (i < expected_.size() && At(i, j) == At(i + 1, j) + kGap) {
        steps->push_back({EventChange::kMissing, offset + i, std::nullopt});
        ++i;
      } else {
        steps->push_back({EventChange::kInserted, std::nullopt, offset + j});
        ++j;
      }
    }
  }

 private:
  uint32_t& At(size_t i, size_t j) {
    return costs_[i * (found_.size() + 1) + j];
  }

  uint32_t Cheapest(size_t i, size_t j) {
    const bool has_expected = i < expected_.size();
    const bool has_found = j < found_.size();
    if (!has_expected && !has_found) return 0;
    uint32_t best = kNever;
    if (has_expected) best = std::min(best, At(i + 1, j) + kGap);
    if (has_found) best = std::min(best, At(i, j + 1) + kGap);
    if (has_expected && has_found) {
      const uint32_t pair = PairCost(expected_[i], found_[j]);
      if (pair != kNever) best = std::min(best, At(i + 1, j + 1) + pair);
    }
    return best;
  }

  bool Pairs(size_t i, size_t j) {
    if (i >= expected_.size() || j >= found_.size()) return false;
    const uint32_t pair = PairCost(expected_[i], found_[j]);
    return pair != kNever && At(i, j) == At(i + 1, j + 1) + pair;
  }

  std::span<const BootEvent> expected_;
  std::span<const BootEvent> found_;
  std::vector<uint32_t> costs_;
};

}  // namespace

std::string_view EventChangeName(EventChange change) {
  switch (change) {
    case EventChange::kSame:
      return "same";
    case EventChange::kDiffers:
      return "differs";
    case EventChange::kMissing:
      return "missing";
    case EventChange::kInserted:
      return "inserted";
  }
  return "unknown";
}

Result<std::vector<EventStep>> AlignEvents(std::span<const BootEvent> expected,
                                           std::span<const BootEvent> found) {
  const size_t shorter = std::min(expected.size(), found.size());
  size_t head = 0;
  while (head < shorter && HasSameDigests(expected[head], found[head])) ++head;
  size_t tail = 0;
  while (tail < shorter - head &&
         HasSameDigests(expected[expected.size() - 1 - tail],
                        found[found.size() - 1 - tail])) {
    ++tail;
  }
  const auto middle = [&](std::span<const BootEvent> events) {
    return events.subspan(head, events.size() - head - tail);
  };
  const uint64_t pairs = (uint64_t{middle(expected).size()} + 1) *
                         (uint64_t{middle(found).size()} + 1);
  if (pairs > kMaxPairs) {
    return InputError(
        "too many events to align: " + std::to_string(middle(expected).size()) +
        " and " + std::to_string(middle(found).size()) +
        " between the first and the last difference");
  }
  std::vector<EventStep> steps;
  for (size_t i = 0; i < head; ++i) {
    steps.push_back({EventChange::kSame, i, i});
  }
  Alignment(middle(expected), middle(found)).Walk(head, &steps);
  for (size_t i = tail; i-- > 0;) {
    steps.push_back(
        {EventChange::kSame, expected.size() - 1 - i, found.size() - 1 - i});
  }
  return steps;
}

RegisterHistories PredictedHistories(std::span<const BootEvent> events,
                                     LogRegisters registers) {
  RegisterHistories histories;
  for (const BootEvent& event : events) {
    std::optional<uint32_t> index = event.pcr;
    if (registers == LogRegisters::kRtmrs) index = RtmrOfPcr(event.pcr);
    if (index) histories[*index].events.push_back(event);
  }
  return histories;
}

Result<RegisterHistories> LoggedHistories(const EventLog& log,
                                          LogRegisters registers) {
  RegisterHistories histories;
  const auto add = [&](uint32_t index, BootEvent event, uint64_t offset) {
    histories[index].events.push_back(std::move(event));
    histories[index].offsets.push_back(offset);
  };
  TALLY_ASSIGN(const uint8_t locality, LogStartupLocality(log, registers));
  if (locality != 0) {
    BootEvent event = {.type = kEvNoAction,
                       .what = "startup locality: " + std::to_string(locality),
                       .digests = {},
                       .source = BootSource::kGiven};
    for (const HashAlgorithm bank : kHashAlgorithms) {
      event.digests[bank] = StartValueOfPcr0(bank, locality);
    }
    add(0, std::move(event), 0);
  }
  TALLY_ASSIGN(std::vector<RegisterEvent> events,
               LogRegisterEvents(log, registers));
  for (RegisterEvent& event : events) {
    add(event.index, std::move(event.event), event.offset);
  }
  return histories;
}

}  // namespace tally
