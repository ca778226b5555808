#include "measure/vcpu_types.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/text.h"
#include "measure/vmm.h"

namespace tally {
namespace {

// A version of a model ("-v4") has the processor signature of the model: the
// properties of these versions (X86CPUVersionDefinition) change features and
// caches only. Versions of other vendors' models do change the stepping.
constexpr std::string_view kNaples =
    "QEMU target/i386/cpu.c, builtin_x86_defs, \"EPYC\"; sev-snp-measure "
    "8f2b337e vcpu_types.py";
// Versions that sev-snp-measure does not list. EPYC-Turin has one version.
constexpr std::string_view kLaterVersion =
    "QEMU target/i386/cpu.c, builtin_x86_defs, .versions of the model, read in "
    "a copy with SierraForest-v5 (cmspam/winq-emu-qemu cf033bb6)";
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

}  // namespace

std::span<const VcpuType> VcpuTypes() { return kVcpuTypes; }

Result<VcpuType> FindVcpuType(std::string_view name) {
  std::vector<std::string> known;
  for (const VcpuType& type : kVcpuTypes) {
    if (LowerCase(type.name) == LowerCase(name)) return type;
    known.emplace_back(type.name);
  }
  Error error = InputError("unknown vcpu type " + Quote(name) +
                           ", expected one of " + Join(known, ", "));
  const std::optional<std::string> nearest = NearestName(name, known);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean '" + *nearest + "'?");
}

std::vector<std::string> VcpuTypesOf(uint32_t signature) {
  std::vector<std::string> names;
  for (const VcpuType& type : kVcpuTypes) {
    if (type.signature() == signature) names.emplace_back(type.name);
  }
  return names;
}

}  // namespace tally
