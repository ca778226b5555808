// tally measure tdx: MRTD and RTMR 0 to 2 of an Intel TDX guest.

#include "cli/measure_tdx_command.h"

#include <algorithm>
#include <utility>

#include "cli/eventlog_command.h"
#include "cli/given_file.h"
#include "cli/measure_answer.h"
#include "cli/qemu_rules.h"
#include "common/text.h"
#include "measure/tdx_given.h"
#include "measure/tdx_mrtd.h"
#include "measure/tdx_rtmr.h"

namespace tally {
namespace {

// Files stay mapped as long as the prediction is made from them.
struct TdxFiles {
  std::optional<MappedFile> firmware;
  std::optional<MappedFile> vars;
  std::optional<MappedFile> kernel;
  std::optional<MappedFile> initrd;
  std::optional<MappedFile> uki;
  std::optional<MappedFile> disk;
  // The disk's image, in place of `uki`.
  std::optional<BootDisk> boot_disk;
};

// TdxRegisterAnswer is what is printed of one register.
struct TdxRegisterAnswer {
  std::string name;
  std::string source = "not predictable";
  std::string why;
  std::string value;
  std::vector<Event> events;
};

struct MeasuredTdxCell {
  TdxCellFacts facts;
  AcpiOrigin acpi = AcpiOrigin::kNone;
  std::vector<TdxRegisterAnswer> registers;
};

Result<TdxFiles> OpenFiles(const MeasureTdxFlags& flags) {
  TdxFiles files;
  TALLY_ASSIGN(files.firmware, OpenIfGiven(flags.firmware));
  TALLY_ASSIGN(files.vars, OpenIfGiven(flags.vars));
  TALLY_ASSIGN(files.kernel, OpenIfGiven(flags.kernel));
  TALLY_ASSIGN(files.initrd, OpenIfGiven(flags.initrd));
  TALLY_ASSIGN(files.uki, OpenIfGiven(flags.uki));
  TALLY_ASSIGN(files.disk, OpenIfGiven(flags.disk));
  if (!files.disk || files.uki) return files;
  Result<BootDisk> found = FindBootImage(files.disk->bytes());
  if (!found) {
    return std::move(found).error().While("reading " +
                                          Quote(flags.disk.string()));
  }
  files.boot_disk = std::move(*found);
  return files;
}

Status CheckTdxFlags(const MeasureTdxFlags& flags) {
  if (flags.platform_only && flags.runtime_only) {
    return UsageError("--platform-only and --runtime-only exclude each other");
  }
  if (flags.firmware.empty() && !flags.runtime_only) {
    return UsageError("--firmware is needed, except with --runtime-only");
  }
  if (flags.memory.empty()) return UsageError("--memory is needed");
  const bool has_image = !flags.uki.empty() || !flags.disk.empty();
  if (!flags.kernel.empty() && has_image) {
    return UsageError("--kernel excludes --uki and --disk");
  }
  if (flags.kernel.empty() && (!flags.initrd.empty() || flags.cmdline)) {
    return UsageError("--initrd and --cmdline need --kernel");
  }
  if (!has_image && !flags.boot_disk_pci.empty()) {
    return UsageError("--boot-disk-pci needs --disk or --uki");
  }
  if (flags.runtime_only && flags.kernel.empty() && !has_image) {
    return UsageError("--runtime-only needs --kernel, --uki or --disk");
  }
  return CheckAcpiFlags(flags.acpi, flags.vcpus);
}

Result<QemuRules> ParseQemuVersion(const MeasureTdxFlags& flags) {
  const std::optional<QemuRules> of_version = QemuRulesOf(flags.qemu_version);
  if (!of_version) {
    return UsageError("--qemu-version: found " + Quote(flags.qemu_version) +
                      ", expected 8.0 or later");
  }
  QemuRules rules = *of_version;
  if (flags.page_order.empty()) return rules;
  const auto order = FindTdxPageOrder(flags.page_order);
  if (!order) {
    return UsageError("--page-order: found " + Quote(flags.page_order) +
                      ", expected single-pass or two-pass");
  }
  rules.page_order = *order;
  return rules;
}

Result<const TdxProfile*> ParseTdxPlatform(const std::string& name) {
  const TdxProfile* profile = FindTdxProfile(name);
  if (profile != nullptr) return profile;
  std::vector<std::string> names;
  for (const TdxProfile& known : TdxProfiles()) names.emplace_back(known.name);
  return UsageError("--platform: found " + Quote(name) + ", expected " +
                    Join(names, ", "));
}

Result<TdxBoot> BootFromFlags(const MeasureTdxFlags& flags,
                              const TdxFiles& files, const QemuRules& rules) {
  TdxBoot boot;
  TALLY_ASSIGN(boot.profile, ParseTdxPlatform(flags.platform));
  TALLY_ASSIGN(boot.boot_disk, ParseBootDiskPci(flags.boot_disk_pci));
  if (files.disk || boot.boot_disk) {
    boot.kind = TdxBootKind::kUkiOnDisk;
  } else if (files.uki) {
    boot.kind = TdxBootKind::kUki;
  }
  boot.firmware = BytesOf(files.firmware);
  boot.variable_store = BytesOf(files.vars);
  if (flags.firmware_has_secure_boot) {
    boot.secure_boot = TdxSecureBoot::kBuiltIn;
  }
  boot.kernel = BytesOf(files.kernel);
  if (files.initrd) boot.initrd = files.initrd->bytes();
  boot.cmdline = flags.cmdline.value_or("");
  boot.kernel_header = rules.kernel_header;
  boot.uki = files.boot_disk ? files.boot_disk->image : BytesOf(files.uki);
  boot.disk = BytesOf(files.disk);
  return boot;
}

TdxRegisterAnswer RtmrAnswer(
    uint32_t index, const std::map<uint32_t, BootRegister>& folded,
    const std::map<uint32_t, std::string>& not_predictable) {
  TdxRegisterAnswer answer;
  answer.name = "rtmr" + std::to_string(index);
  const auto unknown = not_predictable.find(index);
  if (unknown != not_predictable.end()) {
    answer.why = unknown->second;
    return answer;
  }
  const BootRegister& found = folded.at(index);
  answer.source = BootSourceName(found.source);
  answer.value = Hex(found.value);
  answer.events = found.events;
  return answer;
}

std::vector<TdxRegisterAnswer> RegistersOf(const MeasureTdxFlags& flags,
                                           const std::optional<TdxMrtd>& mrtd,
                                           const TdxPrediction& prediction) {
  std::vector<TdxRegisterAnswer> registers;
  if (mrtd && !flags.runtime_only) {
    registers.push_back({.name = "mrtd",
                         .source = "predicted",
                         .why = "",
                         .value = mrtd->mrtd.hex(),
                         .events = mrtd->events});
  }
  const auto folded = FoldRtmrs(prediction.events);
  for (uint32_t index = flags.runtime_only ? 1 : 0;
       index < (flags.platform_only ? 1u : 3u); ++index) {
    registers.push_back(RtmrAnswer(index, folded, prediction.not_predictable));
  }
  return registers;
}

std::string CellText(const MeasuredTdxCell& cell, bool explain,
                     bool is_matrix) {
  std::string text;
  if (is_matrix) {
    text = "memory=" + std::to_string(cell.facts.memory_bytes) + "\n";
    if (cell.facts.vcpus != 0) {
      text += "vcpus=" + std::to_string(cell.facts.vcpus) + "\n";
    }
  }
  if (cell.acpi != AcpiOrigin::kNone) {
    text += "acpi=" + std::string(AcpiOriginName(cell.acpi)) + "\n";
  }
  for (const TdxRegisterAnswer& answer : cell.registers) {
    if (explain) text += ExplainEvents(answer.events);
    text += answer.name + ".source=" + answer.source;
    text += (answer.why.empty() ? "" : ": " + answer.why) + "\n";
    if (!answer.value.empty()) text += answer.name + "=" + answer.value + "\n";
  }
  return text;
}

Json CellRecord(const MeasuredTdxCell& cell) {
  Json::Object registers;
  for (const TdxRegisterAnswer& answer : cell.registers) {
    const bool is_known = !answer.value.empty();
    registers[answer.name] = Json::Object{
        {"register", is_known
                         ? RegisterRecord("sha384", answer.value, answer.events)
                         : Json()},
        {"source", answer.source},
        {"why", answer.why.empty() ? Json() : Json(answer.why)}};
  }
  const uint32_t vcpus = cell.facts.vcpus;
  return Json::Object{{"acpi", AcpiOriginName(cell.acpi)},
                      {"memory_bytes", cell.facts.memory_bytes},
                      {"registers", std::move(registers)},
                      {"vcpus", vcpus == 0 ? Json() : Json(int64_t{vcpus})}};
}

Result<std::vector<TdxCellFacts>> CellsFromFlags(const MeasureTdxFlags& flags) {
  const std::vector<uint32_t> all_vcpus =
      flags.vcpus.empty() ? std::vector<uint32_t>{0} : flags.vcpus;
  std::vector<TdxCellFacts> cells;
  for (const std::string& text : flags.memory) {
    TALLY_ASSIGN(const uint64_t memory_bytes, ParseMemorySize(text));
    for (const uint32_t vcpus : all_vcpus) {
      cells.push_back({memory_bytes, vcpus});
    }
  }
  return cells;
}

// FillFromLog takes what cannot be predicted from a log, if there is one.
Status FillFromLog(const fs::path& path,
                   std::vector<TdxPrediction>* predictions) {
  if (path.empty()) return Ok();
  TALLY_ASSIGN(const OpenedLog opened, OpenEventLog(path, "ccel"));
  TALLY_ASSIGN(const std::vector<BootEvent> events,
               LogBootEvents(opened.log, opened.registers));
  for (TdxPrediction& prediction : *predictions) {
    TakeGivenRtmrs(events, &prediction);
  }
  return Ok();
}

Result<std::vector<MeasuredTdxCell>> MeasureCells(
    const MeasureTdxFlags& flags, const QemuRules& rules,
    const std::vector<TdxCellFacts>& facts, const TdxAcpi& acpi, TdxBoot boot) {
  std::vector<TdxMachine> machines;
  for (size_t i = 0; i < facts.size(); ++i) {
    const FoundAcpi& found = acpi.cells[i];
    machines.push_back(
        {.memory_bytes = facts[i].memory_bytes,
         .acpi = found.origin == AcpiOrigin::kNone ? nullptr : &found.tables});
  }
  std::optional<Tdvf> tdvf;
  std::optional<TdxMrtd> mrtd;
  if (!boot.firmware.empty()) {
    TALLY_ASSIGN(tdvf, ParseTdvf(boot.firmware));
    boot.tdvf = &*tdvf;
    if (!flags.runtime_only) {
      mrtd = MeasureTdvf(boot.firmware, *tdvf, rules.page_order);
    }
  }
  TALLY_ASSIGN(std::vector<TdxPrediction> predictions,
               PredictTdx(boot, machines));
  TALLY_TRY(FillFromLog(flags.event_log, &predictions));
  std::vector<MeasuredTdxCell> cells;
  for (size_t i = 0; i < facts.size(); ++i) {
    cells.push_back({facts[i], acpi.cells[i].origin,
                     RegistersOf(flags, mrtd, predictions[i])});
  }
  return cells;
}

}  // namespace

Result<uint64_t> ParseMemorySize(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  uint64_t shift = 0;
  std::string_view digits = text;
  const size_t unit =
      text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (unit != std::string_view::npos) {
    shift = 10 * (unit + 1);
    digits.remove_suffix(1);
  }
  const Result<uint64_t> number = ParseUnsigned(digits);
  if (!number || *number == 0 || *number > (UINT64_MAX >> shift)) {
    return UsageError("--memory: found " + Quote(text) +
                      ", expected a size such as 512M or 4G");
  }
  return *number << shift;
}

Status RunMeasureTdx(const MeasureTdxFlags& flags, Console& console) {
  TALLY_TRY(CheckTdxFlags(flags));
  TALLY_ASSIGN(const QemuRules rules, ParseQemuVersion(flags));
  TALLY_ASSIGN(const TdxFiles files, OpenFiles(flags));
  TALLY_ASSIGN(TdxBoot boot, BootFromFlags(flags, files, rules));
  TALLY_ASSIGN(const std::vector<TdxCellFacts> facts, CellsFromFlags(flags));
  TALLY_ASSIGN(const TdxAcpi acpi,
               FindTdxAcpi(flags.acpi, facts, flags.qemu_version, console));
  TALLY_ASSIGN(const std::vector<MeasuredTdxCell> cells,
               MeasureCells(flags, rules, facts, acpi, std::move(boot)));
  std::string text;
  Json::Array records;
  for (const MeasuredTdxCell& cell : cells) {
    text += CellText(cell, flags.explain, cells.size() > 1);
    records.push_back(CellRecord(cell));
  }
  console.Answer(
      text,
      Json::Object{{"acpi_qemu", acpi.qemu.empty() ? Json() : Json(acpi.qemu)},
                   {"cells", std::move(records)},
                   {"firmware_profile", flags.platform},
                   {"page_order", TdxPageOrderName(rules.page_order)},
                   {"platform", "tdx"},
                   {"qemu_version", flags.qemu_version}});
  return Ok();
}

Result<OpenedTdxBoot> OpenTdxBoot(const MeasureTdxFlags& flags) {
  TALLY_TRY(CheckTdxFlags(flags));
  if (flags.memory.size() != 1) return UsageError("--memory: expected one");
  TALLY_ASSIGN(const QemuRules rules, ParseQemuVersion(flags));
  TALLY_ASSIGN(TdxFiles files, OpenFiles(flags));
  OpenedTdxBoot opened;
  TALLY_ASSIGN(opened.boot, BootFromFlags(flags, files, rules));
  opened.page_order = rules.page_order;
  if (!opened.boot.firmware.empty()) {
    TALLY_ASSIGN(Tdvf tdvf, ParseTdvf(opened.boot.firmware));
    opened.tdvf = std::make_unique<Tdvf>(std::move(tdvf));
    opened.boot.tdvf = opened.tdvf.get();
  }
  if (!flags.acpi.directory.empty()) {
    if (flags.vcpus.size() != 1) return UsageError("--vcpus: expected one");
    TALLY_ASSIGN(const uint64_t memory_bytes,
                 ParseMemorySize(flags.memory.front()));
    TALLY_ASSIGN(FoundAcpi found,
                 ReadAcpiDirectory(flags.acpi.directory, memory_bytes,
                                   flags.vcpus.front()));
    opened.boot.acpi = std::move(found.tables);
  }
  for (std::optional<MappedFile>* file :
       {&files.firmware, &files.vars, &files.kernel, &files.initrd, &files.uki,
        &files.disk}) {
    if (*file) opened.files.push_back(std::move(**file));
  }
  opened.boot_disk = std::move(files.boot_disk);
  return opened;
}

Result<TdxPrediction> PredictTdxBoot(const MeasureTdxFlags& flags) {
  TALLY_ASSIGN(const OpenedTdxBoot opened, OpenTdxBoot(flags));
  TALLY_ASSIGN(const uint64_t size_bytes,
               ParseMemorySize(flags.memory.front()));
  TALLY_ASSIGN(std::vector<TdxPrediction> predictions,
               PredictTdx(opened.boot, {&size_bytes, 1}));
  return std::move(predictions.front());
}

}  // namespace tally
