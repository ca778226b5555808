#include "cli/app_measure.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/app_checks.h"
#include "cli/app_measure_tdx.h"
#include "cli/app_measure_tpm.h"
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

void AddSnpOptions(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--guest-features", flags->guest_features,
                  "SEV_FEATURES: a number or names (debug-swap,secure-tsc); "
                  "default 0x1");
  app->add_option("--snp-ovmf-hash", flags->ovmf_hash,
                  "digest of the firmware's pages, instead of hashing them")
      ->check(NotEmpty);
  AddNumber(app, "--vmsa-gpa", "address of the VMSA pages, if not the host's",
            [flags](uint64_t value) { flags->vmsa_gpa = value; });
  app->add_option("--svsm", flags->svsm, "SVSM image")->check(NotEmpty);
  AddNumber(app, "--vars-size", "with --svsm: bytes of the variable store",
            [flags](uint64_t value) { flags->vars_size = value; });
  app->add_option("--vars-file", flags->vars_file,
                  "with --svsm: the variable store, for its size")
      ->check(NotEmpty);
  app->add_flag("--require-svsm", flags->require_svsm,
                "refuse a launch without --svsm");
}

void AddLaunchOptions(CLI::App* app, LaunchFlags* flags) {
  app->add_option("--ovmf", flags->ovmf, "firmware image")->required();
  app->add_option("--vcpus", flags->vcpus, "number of vCPUs (1,2,4: a matrix)")
      ->delimiter(',')
      ->check(Decimal);
  AddVcpuOptions(app, flags);
  app->add_option("--vmm-type,--vmm", flags->vmm, "QEMU, ec2, gce or krun");
  app->add_option("--vmsa-era", flags->era,
                  "the host's KVM: linux-6.10 (and later, default) or "
                  "before-linux-6.10");
  app->add_option("--kernel", flags->kernel, "kernel that the VMM loads")
      ->check(NotEmpty);
  app->add_option("--initrd", flags->initrd, "its initrd")->check(NotEmpty);
  app->add_option("--append", flags->append, "its command line");
}

constexpr std::string_view kModeEquals = "--mode=";
constexpr std::string_view kSvsmMode = "snp:svsm";

// OurName returns the name of our command for a mode of sev-snp-measure.
std::string OurName(const std::string& mode) {
  if (mode == "snp:ovmf-hash") return "snp-ovmf-hash";
  if (mode == kSvsmMode || mode == "sev-snp") return "snp";
  if (mode == "sev-es") return "seves";
  return mode;
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

}  // namespace

void MeasureCommands::AddMeasure(CLI::App& app) {
  CLI::App* measure = app.add_subcommand(
      "measure", "print the measurements hardware will report");
  measure->require_subcommand(1);
  AddLaunch(measure, LaunchKind::kSnp, "snp",
            "launch digest of an AMD SEV-SNP guest", &snp_);
  AddLaunch(measure, LaunchKind::kSevEs, "seves",
            "launch digest of an AMD SEV-ES guest", &sev_es_);
  AddLaunch(measure, LaunchKind::kSev, "sev",
            "launch digest of an AMD SEV guest", &sev_);
  AddOvmfHash(measure);
  AddIgvm(measure);
  AddNitro(measure);
  AddMeasureTdx(measure, console_, choose_);
  AddMeasureTpm(measure, console_, choose_);
}

void MeasureCommands::AddLaunch(CLI::App* measure, LaunchKind kind,
                                const char* name, const char* description,
                                MeasureLaunchFlags* flags) {
  flags->launch.kind = kind;
  CLI::App* app = measure->add_subcommand(name, description);
  app->callback([this, flags] {
    choose_([this, flags] { return RunMeasureLaunch(*flags, console_); });
  });
  AddLaunchOptions(app, &flags->launch);
  AddSnpOptions(app, &flags->launch);
  AddForm(app, &flags->form);
  app->add_flag("--dump-vmsa", flags->dump_vmsa,
                "write the VMSA pages to vmsa<N>.bin here");
  app->add_flag("--explain", flags->explain,
                "every step, and the fields of the VMSAs");
}

void MeasureCommands::AddOvmfHash(CLI::App* measure) {
  // CLI11 allows no colon in a name: TranslateMode makes it of snp:ovmf-hash.
  CLI::App* app = measure->add_subcommand(
      "snp-ovmf-hash", "launch digest after the firmware's pages");
  LaunchFlags* flags = &unused_.launch;
  AddLaunchOptions(app, flags);
  AddSnpOptions(app, flags);
  AddForm(app, &unused_.form);
  app->add_flag("--dump-vmsa", unused_.dump_vmsa, "without effect");
  app->callback([this, app, flags] {
    ovmf_hash_.ovmf = flags->ovmf;
    for (const CLI::Option* option : app->get_options()) {
      const bool counts = option->get_name() == "--ovmf";
      if (option->count() == 0 || counts) continue;
      ovmf_hash_.unused.push_back(option->get_name());
    }
    choose_([this] { return RunMeasureOvmfHash(ovmf_hash_, console_); });
  });
}

void MeasureCommands::AddIgvm(CLI::App* measure) {
  CLI::App* igvm = measure->add_subcommand(
      "igvm", "launch digest of a guest that an IGVM file describes");
  igvm->callback(
      [this] { choose_([this] { return RunMeasureIgvm(igvm_, console_); }); });
  igvm->add_option("FILE", igvm_.file, "IGVM file")->required();
  igvm->add_option("-p,--platform", igvm_.platform,
                   "sev-snp (default), sev-es, sev, tdx or vsm");
  igvm->add_flag("-c,--check-kvm", igvm_.check_kvm,
                 "refuse what QEMU with KVM would measure in another way");
  igvm->add_flag("-n,--native-zero", igvm_.native_zero,
                 "pages without contents are zero pages, not pages of zeros");
  igvm->add_flag("--ignore-id-block", igvm_.ignore_id_block,
                 "do not compare with the file's ID block or VBS measurement");
  AddForm(igvm, &igvm_.form);
  igvm->add_flag("--explain", igvm_.explain, "every step");
}

void MeasureCommands::AddNitro(CLI::App* measure) {
  CLI::App* nitro =
      measure->add_subcommand("nitro", "PCR0, PCR1, PCR2 of an enclave image");
  nitro->callback([this] {
    choose_([this] { return RunMeasureNitro(nitro_, console_); });
  });
  nitro->add_option("EIF", nitro_.eif, "enclave image")->required();
  nitro->add_flag("--explain", nitro_.explain, "every step");
}

void MeasureCommands::AddWhy(CLI::App& app) {
  CLI::App* why =
      app.add_subcommand("why", "which input explains an unexpected digest");
  why->require_subcommand(1);
  AddWhyLaunch(why, LaunchKind::kSnp, "snp", "an AMD SEV-SNP launch",
               &why_snp_);
  AddWhyLaunch(why, LaunchKind::kSevEs, "seves", "an AMD SEV-ES launch",
               &why_sev_es_);
  AddWhyLaunch(why, LaunchKind::kSev, "sev", "an AMD SEV launch", &why_sev_);
  AddWhyTdx(why, console_, choose_);
}

void MeasureCommands::AddWhyLaunch(CLI::App* why, LaunchKind kind,
                                   const char* name, const char* launch,
                                   WhyFlags* flags) {
  flags->launch.kind = kind;
  CLI::App* app = why->add_subcommand(
      name, std::string("search the neighbourhood of ") + launch);
  app->callback([this, flags] {
    choose_([this, flags] { return RunWhyLaunch(*flags, console_); });
  });
  app->add_option("--expected", flags->expected,
                  "the launch digest to explain, hexadecimal or base64")
      ->required();
  AddLaunchOptions(app, &flags->launch);
  AddSnpOptions(app, &flags->launch);
  app->add_option("--max-vcpus", flags->max_vcpus,
                  "the most vCPUs to try (default 512)")
      ->check(CLI::Range(1, 4096));
}

void TranslateMode(std::vector<std::string>* args) {
  const auto measure = std::ranges::find(*args, "measure");
  if (measure == args->end()) return;
  const auto after = measure + 1;
  for (auto arg = after; arg != args->end(); ++arg) {
    std::string mode;
    auto end = arg + 1;
    if (arg->starts_with(kModeEquals)) {
      mode = arg->substr(kModeEquals.size());
    } else if (*arg == "--mode" && end != args->end()) {
      mode = *end++;
    } else {
      continue;
    }
    // The command's name goes first, in place of the option.
    *arg = mode;
    args->erase(arg + 1, end);
    std::rotate(after, arg, arg + 1);
    break;
  }
  if (after == args->end()) return;
  // The mode says that an SVSM is meant: without one it is an error.
  if (*after == kSvsmMode) args->push_back("--require-svsm");
  *after = OurName(*after);
}

}  // namespace tally
