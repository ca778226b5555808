// tally measure: predictions for files that tally need not have built.

#include <algorithm>

#include "cli/commands.h"
#include "common/text.h"
#include "measure/nitro.h"
#include "measure/snp.h"

namespace tally {
namespace {

constexpr uint64_t kMaxFirmwareBytes = 64 << 20;

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<uint32_t> VcpuSignature(const MeasureSnpFlags& flags) {
  if (flags.vcpu_signature) {
    if (!flags.vcpu_type.empty()) {
      return UsageError("both --vcpu-type and --vcpu-sig given, expected one");
    }
    if (*flags.vcpu_signature > UINT32_MAX) {
      return UsageError("--vcpu-sig is " + HexNumber(*flags.vcpu_signature) +
                        ", expected at most 32 bits");
    }
    return static_cast<uint32_t>(*flags.vcpu_signature);
  }
  if (flags.vcpu_type.empty()) {
    return UsageError("neither --vcpu-type nor --vcpu-sig given");
  }
  TALLY_ASSIGN(const VcpuType type, FindVcpuType(flags.vcpu_type));
  return type.signature();
}

// KernelHashes hashes the files that the VMM loads, if any are named.
Result<std::optional<SnpKernelHashes>> KernelHashes(
    const MeasureSnpFlags& flags) {
  if (flags.kernel.empty()) {
    if (!flags.initrd.empty() || !flags.append.empty()) {
      return UsageError("--initrd and --append need --kernel");
    }
    return std::optional<SnpKernelHashes>();
  }
  TALLY_ASSIGN(const MappedFile kernel, MappedFile::Open(flags.kernel));
  std::optional<MappedFile> initrd;
  if (!flags.initrd.empty()) {
    TALLY_ASSIGN(initrd, MappedFile::Open(flags.initrd));
  }
  return std::optional<SnpKernelHashes>(HashKernelInputs(
      kernel.bytes(), initrd ? initrd->bytes() : ByteSpan(), flags.append));
}

Json CoverageRecord(const std::vector<Coverage>& coverage) {
  Json::Object record;
  for (const Coverage& input : coverage) {
    record[input.input] =
        input.registers.empty() ? Json() : Json(input.registers.front());
  }
  return record;
}

void WarnUncovered(const std::vector<Coverage>& coverage, Console& console) {
  for (const Coverage& input : coverage) {
    if (!input.registers.empty() || !input.affects_boot) continue;
    console.Warn(input.input + ": not covered; " + input.why_not);
  }
}

Json RegisterRecord(const std::string& value,
                    const std::vector<Event>& events) {
  return Json::Object{{"algorithm", "sha384"},
                      {"value", value},
                      {"events_sha256", DigestEvents(events).hex()},
                      {"events", EventsToJson(events)}};
}

}  // namespace

Status RunMeasureSnp(const MeasureSnpFlags& flags, Console& console) {
  TALLY_ASSIGN(const Bytes firmware, ReadFile(flags.ovmf, kMaxFirmwareBytes));
  SnpLaunch launch{.firmware = firmware,
                   .guest_features = flags.guest_features};
  TALLY_ASSIGN(launch.vmm, FindSnpVmm(LowerCase(flags.vmm)));
  TALLY_ASSIGN(launch.vcpu_signature, VcpuSignature(flags));
  TALLY_ASSIGN(launch.kernel_hashes, KernelHashes(flags));
  Result<std::vector<SnpMeasurement>> measured =
      MeasureSnpMatrix(launch, flags.vcpus);
  if (!measured) {
    return std::move(measured).error().While("measuring " +
                                             Quote(flags.ovmf.string()));
  }
  std::string text;
  Json::Array records;
  for (const SnpMeasurement& cell : *measured) {
    if (flags.explain) text += ExplainEvents(cell.events);
    // One value is printed bare, as scripts around sev-snp-measure expect.
    if (measured->size() > 1) {
      text += "vcpus=" + std::to_string(cell.num_vcpus) + " launch_digest=";
    }
    text += cell.launch_digest.hex() + "\n";
    records.push_back(Json::Object{
        {"vcpus", int64_t{cell.num_vcpus}},
        {"registers",
         Json::Object{{"launch_digest",
                       RegisterRecord(cell.launch_digest.hex(), cell.events)}}},
        {"coverage", CoverageRecord(cell.coverage)}});
  }
  WarnUncovered(measured->front().coverage, console);
  console.Answer(text, Json::Object{{"platform", "sev-snp"},
                                    {"cells", std::move(records)}});
  return Ok();
}

Status RunMeasureNitro(const MeasureNitroFlags& flags, Console& console) {
  TALLY_ASSIGN(const MappedFile eif, MappedFile::Open(flags.eif));
  Result<NitroMeasurement> measured = MeasureNitro(eif.bytes());
  if (!measured) {
    return std::move(measured).error().While("measuring " +
                                             Quote(flags.eif.string()));
  }
  std::string text;
  Json::Object registers;
  for (const NitroRegister& pcr : measured->registers) {
    if (flags.explain) text += ExplainEvents(pcr.events);
    text += pcr.name + "=" + pcr.value.hex() + "\n";
    registers[pcr.name] = RegisterRecord(pcr.value.hex(), pcr.events);
  }
  WarnUncovered(measured->coverage, console);
  console.Answer(
      text, Json::Object{{"platform", "nitro"},
                         {"registers", std::move(registers)},
                         {"coverage", CoverageRecord(measured->coverage)}});
  return Ok();
}

}  // namespace tally
