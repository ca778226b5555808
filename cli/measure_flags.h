// What the command line says to `tally measure`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "common/file.h"

namespace tally {

enum class LaunchKind { kSev, kSevEs, kSnp };

enum class DigestForm { kHex, kBase64 };

// LaunchFlags are the inputs of a launch; the options have the names of
// sev-snp-measure.
struct LaunchFlags {
  LaunchKind kind = LaunchKind::kSnp;
  fs::path ovmf;
  std::vector<uint32_t> vcpus;
  std::string vcpu_type;
  std::optional<uint64_t> vcpu_signature;
  std::optional<uint64_t> vcpu_family;
  std::optional<uint64_t> vcpu_model;
  std::optional<uint64_t> vcpu_stepping;
  std::optional<std::string> guest_features;  // of SNP; absent: 0x1
  std::string sev_es_features = "0";
  std::string vmm = "qemu";
  std::optional<std::string> era;  // absent: linux-6.10
  std::optional<uint64_t> vmsa_gpa;
  fs::path kernel;  // empty: none
  fs::path initrd;
  std::string append;
  std::string ovmf_hash;      // hex; empty: hash the image
  fs::path svsm;              // empty: none
  bool require_svsm = false;  // --mode snp:svsm
  fs::path vars_file;
  std::optional<uint64_t> vars_size;
};

struct MeasureLaunchFlags {
  LaunchFlags launch;
  DigestForm form = DigestForm::kHex;
  bool dump_vmsa = false;
  bool explain = false;
};
Status RunMeasureLaunch(const MeasureLaunchFlags& flags, Console& console);

// RunMeasureOvmfHash prints the launch digest after the firmware's pages, in
// hexadecimal: --snp-ovmf-hash takes nothing else.
struct OvmfHashFlags {
  fs::path ovmf;
  // Options that were given, as to sev-snp-measure, and that do not count.
  std::vector<std::string> unused;
};
Status RunMeasureOvmfHash(const OvmfHashFlags& flags, Console& console);

struct MeasureNitroFlags {
  fs::path eif;
  bool explain = false;
};
Status RunMeasureNitro(const MeasureNitroFlags& flags, Console& console);

}  // namespace tally
