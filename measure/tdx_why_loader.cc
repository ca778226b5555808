// RTMR 1 and 2: what boots.
#include "common/text.h"
#include "formats/tcg_event_types.h"
#include "formats/td_hob.h"
#include "measure/tdx_why_register.h"

namespace tally::tdx_why {
namespace {

// LoaderVariants are the launches that differ in RTMR 1 and 2.
std::vector<Variant> LoaderVariants(const TdxSearch& search) {
  std::vector<Variant> variants = {{search.boot, {}}};
  const TdxBoot& boot = search.boot;
  if (boot.kind == TdxBootKind::kKernel) {
    const bool is_patched = boot.kernel_header == TdxKernelHeader::kPatched;
    AddChoice(
        &variants,
        {"kernel header", is_patched ? "patched by QEMU" : "as it is",
         is_patched ? "as it is (QEMU 10.2)" : "patched by QEMU (before 10.2)"},
        [is_patched](TdxBoot* changed) {
          changed->kernel_header =
              is_patched ? TdxKernelHeader::kAsIs : TdxKernelHeader::kPatched;
        });
    if (boot.initrd) {
      AddChoice(&variants, {"initrd", "given", "none"},
                [](TdxBoot* changed) { changed->initrd.reset(); });
    }
  } else {
    const bool is_on_disk = boot.kind == TdxBootKind::kUkiOnDisk;
    AddChoice(&variants,
              {"image", is_on_disk ? "on a disk" : "QEMU's -kernel",
               is_on_disk ? "QEMU's -kernel" : "on a disk"},
              [is_on_disk](TdxBoot* changed) {
                changed->kind =
                    is_on_disk ? TdxBootKind::kUki : TdxBootKind::kUkiOnDisk;
              });
  }
  AddProfiles(search, &variants);
  return variants;
}

// With the header patched, an initrd below 4 GiB lies where the memory ends.
std::vector<uint64_t> LoaderMemorySizes(const TdxSearch& search,
                                        const Variant& variant) {
  const bool depends =
      variant.boot.kind == TdxBootKind::kKernel &&
      variant.boot.kernel_header == TdxKernelHeader::kPatched &&
      variant.boot.initrd && variant.differences.empty();
  std::vector<uint64_t> sizes = {search.memory_bytes};
  if (!depends) return sizes;
  for (uint64_t size = 256 * kMiB; size < kQ35SplitBytes; size += 256 * kMiB) {
    sizes.push_back(size);
  }
  // All above are one.
  sizes.push_back(4 * kGiB);
  return sizes;
}

// PredictedEvents are those of one RTMR; an input error if it cannot be
// predicted.
Result<std::vector<BootEvent>> PredictedEvents(const TdxBoot& boot,
                                               uint64_t memory_bytes,
                                               uint32_t rtmr) {
  TALLY_ASSIGN(const TdxPrediction prediction, PredictOne(boot, memory_bytes));
  const auto unknown = prediction.not_predictable.find(rtmr);
  if (unknown != prediction.not_predictable.end()) {
    return InputError(unknown->second);
  }
  return EventsOfRtmr(prediction.events, rtmr);
}

// CommandLine is a line and how it differs from the one given.
struct CommandLine {
  std::string line;
  std::string how;
};

std::vector<CommandLine> CommandLines(const std::string& given) {
  std::string trimmed(Trim(given));
  std::vector<CommandLine> lines = {
      {given, ""},
      {given + '\n', "with a final new line"},
      {given + ' ', "with a final space"},
      {given + std::string(1, '\0'), "with one more final NUL"},
      {trimmed, "without white space at its ends"},
      {"", "empty"},
      {given + " initrd=initrd", "with \" initrd=initrd\" in it already"},
  };
  return lines;
}

// SystemEvents are those of RTMR 2 with QEMU's kernel. Unlike
// TdxCommandLineEvent it takes control characters.
std::vector<BootEvent> SystemEvents(std::string line, bool names_initrd,
                                    const std::optional<BootEvent>& initrd) {
  std::vector<BootEvent> events;
  if (names_initrd) line += " initrd=initrd";
  if (!line.empty()) {
    ByteWriter utf16;
    for (const char c : line) utf16.U16Le(static_cast<uint8_t>(c));
    utf16.U16Le(0);
    events.push_back(HashedEvent(kTdxBanks, kPcrKernelStub, kEvEventTag,
                                 "kernel command line", utf16.bytes()));
  }
  if (initrd) events.push_back(*initrd);
  return events;
}

// InitrdChoice is what the kernel makes of an initrd.
struct InitrdChoice {
  bool is_named = false;     // " initrd=initrd" is appended
  bool is_measured = false;  // its digest is extended
  LaunchDifferences differences;
};

std::vector<InitrdChoice> InitrdChoices(bool has_initrd) {
  constexpr char kName[] = "\" initrd=initrd\"";
  if (!has_initrd) {
    return {{false, false, {}},
            {true, false, {{kName, "not appended", "appended"}}}};
  }
  return {{true, true, {}},
          {false, false, {{"initrd", "given", "none"}}},
          {true, false, {{"initrd", "measured", "named, but not measured"}}},
          {false, true, {{kName, "appended", "not appended"}}}};
}

// TryCommandLines crosses the lines with what becomes of the initrd.
void TryCommandLines(const TdxSearch& search, TdxRegisterWhy* why) {
  std::optional<BootEvent> initrd;
  if (search.boot.initrd) {
    initrd = HashedEvent(kTdxBanks, kPcrKernelStub, kEvEventTag, "initrd",
                         *search.boot.initrd);
  }
  for (const CommandLine& line : CommandLines(search.boot.cmdline)) {
    for (const InitrdChoice& choice : InitrdChoices(initrd.has_value())) {
      Candidate candidate = {.differences = choice.differences};
      if (!line.how.empty()) {
        candidate.differences.push_back(
            {"command line", Quote(search.boot.cmdline), line.how});
      }
      candidate.value =
          FoldEvents(SystemEvents(line.line, choice.is_named,
                                  choice.is_measured ? initrd : std::nullopt));
      KeepFewest(std::move(candidate), why);
    }
  }
}

}  // namespace

TdxRegisterWhy ExplainRtmr1(const TdxSearch& search) {
  TdxRegisterWhy why = {.name = "rtmr1", .expected = search.rtmrs.at(1)};
  std::vector<BootEvent> given_events;
  bool is_first = true;
  for (const Variant& variant : LoaderVariants(search)) {
    for (const uint64_t size : LoaderMemorySizes(search, variant)) {
      Result<std::vector<BootEvent>> events =
          PredictedEvents(variant.boot, size, 1);
      if (is_first && events) {
        given_events = *events;
        why.given = FoldEvents(*events);
      }
      if (is_first && !events) why.left = events.error().message();
      is_first = false;
      if (!events) continue;
      Candidate candidate = {variant.differences, FoldEvents(*events)};
      if (size != search.memory_bytes) {
        candidate.differences.push_back(
            {"memory", SizeName(search.memory_bytes),
             size == 4 * kGiB ? "2816M or more" : SizeName(size)});
      }
      KeepFewest(std::move(candidate), &why);
    }
  }
  Conclude(given_events,
           search.boot.kind == TdxBootKind::kKernel
               ? "a kernel with other bytes, an initrd of another size, or a "
                 "boot loader"
               : "an image with other bytes, another disk, or a boot loader",
           &why);
  return why;
}

TdxRegisterWhy ExplainRtmr2(const TdxSearch& search) {
  TdxRegisterWhy why = {.name = "rtmr2", .expected = search.rtmrs.at(2)};
  std::vector<BootEvent> given_events;
  Result<std::vector<BootEvent>> events =
      PredictedEvents(search.boot, search.memory_bytes, 2);
  if (events) {
    given_events = *events;
    why.given = FoldEvents(*events);
    KeepFewest({{}, why.given}, &why);
  } else {
    why.left = events.error().message();
  }
  KeepFewest({{{"kernel", "measures command line and initrd",
                "measures nothing: it is too old, or has no driver"}},
              Bytes(HashSizeBytes(kTdxBank))},
             &why);
  if (search.boot.kind == TdxBootKind::kKernel && !search.boot.kernel.empty()) {
    TryCommandLines(search, &why);
  }
  Conclude(given_events,
           search.boot.kind == TdxBootKind::kKernel
               ? "another command line or initrd, or a boot loader"
               : "an image with other sections, or add-ons beside it",
           &why);
  return why;
}

}  // namespace tally::tdx_why
