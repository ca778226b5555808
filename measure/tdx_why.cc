#include "measure/tdx_why.h"

#include <algorithm>

#include "formats/acpi_tables.h"
#include "formats/tcg_event_types.h"
#include "formats/td_hob.h"
#include "measure/tdx_why_register.h"

namespace tally::tdx_why {
namespace {

// MemorySizes are the ones that people give guests.
std::vector<uint64_t> MemorySizes(uint64_t given) {
  std::vector<uint64_t> sizes = {given};
  for (uint64_t size = 256 * kMiB; size <= 8 * kGiB; size += 64 * kMiB) {
    sizes.push_back(size);
  }
  for (uint64_t size = 9 * kGiB; size <= 1024 * kGiB; size += kGiB) {
    sizes.push_back(size);
  }
  return sizes;
}

TdxRegisterWhy ExplainMrtd(const TdxSearch& search) {
  TdxRegisterWhy why = {.name = "mrtd", .expected = *search.mrtd};
  if (search.boot.tdvf == nullptr) {
    why.left = "it needs the firmware";
    return why;
  }
  for (const TdxPageOrder order :
       {TdxPageOrder::kSinglePass, TdxPageOrder::kTwoPass}) {
    const TdxMrtd measured =
        MeasureTdvf(search.boot.firmware, *search.boot.tdvf, order);
    Candidate candidate = {.value = ToBytes(measured.mrtd.span())};
    if (order == search.page_order) {
      why.given = candidate.value;
    } else {
      candidate.differences = {
          {"page order", std::string(TdxPageOrderName(search.page_order)),
           std::string(TdxPageOrderName(order))}};
    }
    KeepFewest(std::move(candidate), &why);
  }
  if (!why.differences) {
    why.left =
        "a firmware image with other bytes, or a host that adds pages in an "
        "order that is not known";
  }
  return why;
}

// IsAcpi says whether firmware measured an ACPI table of QEMU.
bool IsAcpi(const BootEvent& event) {
  return event.pcr == 1 && event.type == kEvPlatformConfigFlags;
}

// InsertAcpi puts the log's ACPI events behind the first separator, where
// firmware measures them.
void InsertAcpi(std::span<const BootEvent> log, std::vector<BootEvent>* events,
                BootSource* source) {
  const auto separator =
      std::ranges::find(*events, kEvSeparator, &BootEvent::type);
  if (separator == events->end()) return;
  std::vector<BootEvent> acpi;
  std::ranges::copy_if(log, std::back_inserter(acpi), IsAcpi);
  if (acpi.empty()) return;
  events->insert(separator + 1, acpi.begin(), acpi.end());
  *source = BootSource::kGiven;
}

// FirmwareVariants are the launches that differ in RTMR 0, but for memory.
std::vector<Variant> FirmwareVariants(const TdxSearch& search) {
  std::vector<Variant> variants = {{search.boot, {}}};
  const bool is_built_in = search.boot.secure_boot == TdxSecureBoot::kBuiltIn;
  AddChoice(&variants,
            {"secure boot in firmware", is_built_in ? "built in" : "no",
             is_built_in ? "no" : "built in"},
            [is_built_in](TdxBoot* boot) {
              boot->secure_boot = is_built_in ? TdxSecureBoot::kNotBuiltIn
                                              : TdxSecureBoot::kBuiltIn;
            });
  if (!search.boot.variable_store.empty() && !search.boot.firmware.empty()) {
    AddChoice(&variants, {"variable store", "the one given", "the firmware's"},
              [](TdxBoot* boot) { boot->variable_store = {}; });
  }
  if (search.boot.kind != TdxBootKind::kUkiOnDisk) {
    AddChoice(&variants, {"place of a boot disk", "none", "1.0"},
              [](TdxBoot* boot) {
                boot->kind = TdxBootKind::kUkiOnDisk;
                boot->boot_disk = PciPlace{.device = 1, .function = 0};
              });
  }
  AddProfiles(search, &variants);
  return variants;
}

// MemoryTrial is what one size of memory puts in place of the launch's own.
struct MemoryTrial {
  uint64_t size_bytes = 0;
  BankDigests hob;
  // Of etc/acpi/tables, the last of the ACPI events; empty: it stays.
  BankDigests acpi_tables;
};

// MoveTables moves the given tables to another memory size. Tables that are not
// those of the memory that was given stay: they are of the launch that is
// looked for.
BankDigests MoveTables(const TdxSearch& search, uint64_t size_bytes) {
  if (!search.boot.acpi) return {};
  const Result<Bytes> moved =
      MoveAcpiMemory(search.boot.acpi->tables, search.memory_bytes, size_bytes);
  return moved ? HashBanks(kTdxBanks, *moved) : BankDigests();
}

// MemoryTrials leaves out the sizes that QEMU refuses.
std::vector<MemoryTrial> MemoryTrials(const TdxSearch& search) {
  std::vector<MemoryTrial> trials;
  for (const uint64_t size_bytes : MemorySizes(search.memory_bytes)) {
    const Result<Bytes> hob = MeasuredTdHob(*search.boot.tdvf, size_bytes);
    if (!hob) continue;
    MemoryTrial trial = {size_bytes, HashBanks(kTdxBanks, *hob), {}};
    if (size_bytes != search.memory_bytes) {
      trial.acpi_tables = MoveTables(search, size_bytes);
    }
    trials.push_back(std::move(trial));
  }
  return trials;
}

// TryMemory tries every size of memory, which changes the first event and the
// ACPI tables.
void TryMemory(const TdxSearch& search, const std::vector<MemoryTrial>& trials,
               const Variant& variant, std::vector<BootEvent> events,
               TdxRegisterWhy* why) {
  const auto last_acpi = std::find_if(events.rbegin(), events.rend(), IsAcpi);
  const BankDigests given_tables = last_acpi->digests;
  for (const MemoryTrial& trial : trials) {
    events.front().digests = trial.hob;
    last_acpi->digests =
        trial.acpi_tables.empty() ? given_tables : trial.acpi_tables;
    Candidate candidate = {variant.differences, FoldEvents(events)};
    if (trial.size_bytes != search.memory_bytes) {
      candidate.differences.push_back({"memory", SizeName(search.memory_bytes),
                                       SizeName(trial.size_bytes)});
    }
    KeepFewest(std::move(candidate), why);
  }
}

// FirmwareEvents are those of RTMR 0, with the log's ACPI events if needed.
Result<std::vector<BootEvent>> FirmwareEvents(const TdxSearch& search,
                                              const TdxBoot& boot,
                                              TdxRegisterWhy* why) {
  TALLY_ASSIGN(const TdxPrediction prediction,
               PredictOne(boot, search.memory_bytes));
  if (!boot.profile->why_no_rtmr0.empty()) {
    return InputError(std::string(boot.profile->why_no_rtmr0));
  }
  std::vector<BootEvent> events = EventsOfRtmr(prediction.events, 0);
  const auto unknown = prediction.not_predictable.find(0);
  if (boot.acpi) {
    why->source = boot.acpi->source;
  } else {
    InsertAcpi(search.log, &events, &why->source);
  }
  const bool has_acpi = std::ranges::any_of(events, IsAcpi);
  if (!has_acpi || (boot.acpi && unknown != prediction.not_predictable.end())) {
    return InputError(unknown == prediction.not_predictable.end()
                          ? "it needs the ACPI tables"
                          : unknown->second);
  }
  return events;
}

TdxRegisterWhy ExplainRtmr0(const TdxSearch& search) {
  TdxRegisterWhy why = {.name = "rtmr0", .expected = search.rtmrs.at(0)};
  if (search.boot.tdvf == nullptr) {
    why.left = "it needs the firmware";
    return why;
  }
  const std::vector<MemoryTrial> trials = MemoryTrials(search);
  std::vector<BootEvent> given_events;
  bool is_first = true;
  for (const Variant& variant : FirmwareVariants(search)) {
    Result<std::vector<BootEvent>> events =
        FirmwareEvents(search, variant.boot, &why);
    if (events && is_first) {
      given_events = *events;
      why.given = FoldEvents(*events);
    }
    if (!events && is_first) why.left = events.error().message();
    is_first = false;
    if (events) TryMemory(search, trials, variant, std::move(*events), &why);
  }
  Conclude(
      given_events,
      "other ACPI tables (QEMU version, processors, devices), another variable "
      "store, or a memory size that was not tried",
      &why);
  return why;
}

}  // namespace
}  // namespace tally::tdx_why

namespace tally {

Result<std::vector<TdxRegisterWhy>> ExplainTdx(const TdxSearch& search) {
  // What is wrong with the launch as given is an error and not a riddle.
  TALLY_TRY(tdx_why::PredictOne(search.boot, search.memory_bytes));
  std::vector<TdxRegisterWhy> registers;
  if (search.mrtd) registers.push_back(tdx_why::ExplainMrtd(search));
  for (const auto& [index, expected] : search.rtmrs) {
    if (index == 0) registers.push_back(tdx_why::ExplainRtmr0(search));
    if (index == 1) registers.push_back(tdx_why::ExplainRtmr1(search));
    if (index == 2) registers.push_back(tdx_why::ExplainRtmr2(search));
  }
  return registers;
}

std::vector<std::string> ContradictoryInputs(
    const std::vector<TdxRegisterWhy>& registers) {
  std::map<std::string, std::string> found;
  std::vector<std::string> contradictory;
  for (const TdxRegisterWhy& why : registers) {
    if (!why.differences) continue;
    for (const LaunchDifference& difference : *why.differences) {
      const auto [known, is_new] =
          found.emplace(difference.input, difference.found);
      if (!is_new && known->second != difference.found) {
        contradictory.push_back(difference.input);
      }
    }
  }
  return contradictory;
}

}  // namespace tally
