#include "cli/app_launch.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/app_checks.h"
#include "common/text.h"

namespace tally {
namespace {

// AddNumber adds an option that takes decimal or 0x….
void AddNumber(CLI::App* app, const std::string& name,
               const std::string& description,
               std::function<void(uint64_t)> take) {
  app->add_option_function<std::string>(
      name,
      [name, take](const std::string& text) {
        Result<uint64_t> value = ParseUnsigned(text);
        if (!value) throw CLI::ValidationError(name, value.error().message());
        take(*value);
      },
      description);
}

void AddFirmware(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--ovmf", flags->ovmf, "firmware image")->required();
}

void AddSnpOptions(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--guest-features", flags->guest_features,
                  "SEV_FEATURES: a number or names (debug-swap,secure-tsc); "
                  "default 0x1");
  app->add_option("--snp-ovmf-hash", flags->ovmf_hash,
                  "digest of the firmware's pages, instead of hashing them");
  AddNumber(app, "--vmsa-gpa", "address of the VMSA pages, if not the host's",
            [flags](uint64_t value) { flags->vmsa_gpa = value; });
  app->add_option("--svsm", flags->svsm, "SVSM image");
  AddNumber(app, "--vars-size", "with --svsm: bytes of the variable store",
            [flags](uint64_t value) { flags->vars_size = value; });
  app->add_option("--vars-file", flags->vars_file,
                  "with --svsm: the variable store, for its size");
  app->add_flag("--require-svsm", flags->require_svsm,
                "refuse a launch without --svsm");
}

void AddOtherLaunchOptions(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--vcpus", flags->vcpus, "number of vCPUs (1,2,4: a matrix)")
      ->delimiter(',')
      ->check(Decimal);
  AddVcpuOptions(app, flags);
  app->add_option("--vmm-type,--vmm", flags->vmm, "QEMU, ec2, gce or krun");
  AddVmsaEra(app, flags);
  app->add_option("--kernel", flags->kernel, "kernel that the VMM loads");
  app->add_option("--initrd", flags->initrd, "its initrd");
  app->add_option("--append", flags->append, "its command line");
}

// HideFrom takes the options from the given one on out of the help:
// sev-snp-measure takes the same ones in each mode, and scripts rely on it.
void HideFrom(size_t first, CLI::App* app) {
  const std::vector<CLI::Option*> options = app->get_options();
  for (size_t i = first; i < options.size(); ++i) options[i]->group("");
}

}  // namespace

void AddVcpuOptions(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--vcpu-type", flags->vcpu_type,
                  "QEMU's -cpu: EPYC-v4, EPYC-Milan …");
  AddNumber(app, "--vcpu-sig", "CPUID signature instead of a type",
            [flags](uint64_t value) { flags->vcpu_signature = value; });
  AddNumber(app, "--vcpu-family", "family, with the next two: the same",
            [flags](uint64_t value) { flags->vcpu_family = value; });
  AddNumber(app, "--vcpu-model", "model",
            [flags](uint64_t value) { flags->vcpu_model = value; });
  AddNumber(app, "--vcpu-stepping", "stepping",
            [flags](uint64_t value) { flags->vcpu_stepping = value; });
}

void AddVmsaEra(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--vmsa-era", flags->era,
                  "the host's KVM: linux-6.10 (and later, default) or "
                  "before-linux-6.10");
}

void AddForm(CLI::App* app, DigestForm* form) {
  app->add_option_function<std::string>(
         "--output-format",
         [form](const std::string& name) {
           *form = name == "base64" ? DigestForm::kBase64 : DigestForm::kHex;
         },
         "hex (default) or base64")
      ->check(CLI::IsMember({"hex", "base64"}));
}

void AddLaunchOptions(LaunchKind kind, CLI::App* app, LaunchFlags* flags) {
  AddFirmware(app, flags);
  AddOtherLaunchOptions(app, flags);
  if (kind == LaunchKind::kSevEs) {
    app->add_option("--sev-es-features", flags->sev_es_features,
                    "SEV_FEATURES: a number or names; default 0 (hosts with "
                    "Linux 6.6 and 6.7 set debug-swap)");
  }
  const size_t num_shown = app->get_options().size();
  AddSnpOptions(app, flags);
  if (kind != LaunchKind::kSnp) HideFrom(num_shown, app);
}

void AddOvmfHashOptions(CLI::App* app, MeasureLaunchFlags* flags) {
  AddFirmware(app, &flags->launch);
  const size_t num_shown = app->get_options().size();
  AddOtherLaunchOptions(app, &flags->launch);
  AddSnpOptions(app, &flags->launch);
  AddForm(app, &flags->form);
  app->add_flag("--dump-vmsa", flags->dump_vmsa, "");
  HideFrom(num_shown, app);
}

}  // namespace tally
