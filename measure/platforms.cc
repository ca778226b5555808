#include "measure/platforms.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

// A version of a model ("-v4") has the processor signature of the model: QEMU's
// versions change features only (X86CPUVersionDefinition).
constexpr std::string_view kNaples =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";
// Versions that sev-snp-measure does not list; named by `qemu-system-x86_64
// -cpu help` of QEMU 10.1 and later.
constexpr std::string_view kLaterVersion =
    "QEMU target/i386/cpu.c, builtin_x86_defs: a later version of the model";
constexpr std::string_view kRome =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC-Rome\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";
constexpr std::string_view kMilan =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC-Milan\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";
constexpr std::string_view kGenoa =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC-Genoa\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";
constexpr std::string_view kTurin =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC-Turin\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";

// name, family, model, stepping, source.
constexpr VcpuType kVcpuTypes[] = {
    {"EPYC", 23, 1, 2, kNaples},
    {"EPYC-v1", 23, 1, 2, kNaples},
    {"EPYC-v2", 23, 1, 2, kNaples},
    {"EPYC-IBPB", 23, 1, 2, kNaples},
    {"EPYC-v3", 23, 1, 2, kNaples},
    {"EPYC-v4", 23, 1, 2, kNaples},
    {"EPYC-v5", 23, 1, 2, kLaterVersion},
    {"EPYC-Rome", 23, 49, 0, kRome},
    {"EPYC-Rome-v1", 23, 49, 0, kRome},
    {"EPYC-Rome-v2", 23, 49, 0, kRome},
    {"EPYC-Rome-v3", 23, 49, 0, kRome},
    {"EPYC-Rome-v4", 23, 49, 0, kLaterVersion},
    {"EPYC-Rome-v5", 23, 49, 0, kLaterVersion},
    {"EPYC-Milan", 25, 1, 1, kMilan},
    {"EPYC-Milan-v1", 25, 1, 1, kMilan},
    {"EPYC-Milan-v2", 25, 1, 1, kMilan},
    {"EPYC-Milan-v3", 25, 1, 1, kLaterVersion},
    {"EPYC-Genoa", 25, 17, 0, kGenoa},
    {"EPYC-Genoa-v1", 25, 17, 0, kGenoa},
    {"EPYC-Genoa-v2", 25, 17, 0, kLaterVersion},
    {"EPYC-Turin", 26, 0, 0, kTurin},
    {"EPYC-Turin-v1", 26, 0, 0, kTurin},
};

struct VmmRow {
  std::string_view name;
  SnpVmm vmm;
};
constexpr VmmRow kVmms[] = {
    {"qemu", SnpVmm::kQemu},
    {"ec2", SnpVmm::kEc2},
    {"gce", SnpVmm::kGce},
};

Error UnknownName(const std::string& what, std::string_view name,
                  const std::vector<std::string>& known) {
  Error error = InputError("unknown " + what + " " + Quote(name) +
                           ", expected one of " + Join(known, ", "));
  const std::optional<std::string> nearest = NearestName(name, known);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean '" + *nearest + "'?");
}

}  // namespace

std::span<const VcpuType> VcpuTypes() { return kVcpuTypes; }

Result<VcpuType> FindVcpuType(std::string_view name) {
  std::vector<std::string> known;
  for (const VcpuType& type : kVcpuTypes) {
    if (type.name == name) return type;
    known.emplace_back(type.name);
  }
  return UnknownName("vcpu type", name, known);
}

Result<SnpVmm> FindSnpVmm(std::string_view name) {
  std::vector<std::string> known;
  for (const VmmRow& row : kVmms) {
    if (row.name == name) return row.vmm;
    known.emplace_back(row.name);
  }
  return UnknownName("vmm", name, known);
}

std::string_view SnpVmmName(SnpVmm vmm) {
  for (const VmmRow& row : kVmms) {
    if (row.vmm == vmm) return row.name;
  }
  return "unknown";
}

}  // namespace tally
