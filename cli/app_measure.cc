#include "cli/app_measure.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/app_launch.h"
#include "cli/app_measure_tdx.h"
#include "cli/app_measure_tpm.h"
#include "cli/app_usage.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kModeEquals = "--mode=";
constexpr std::string_view kSvsmMode = "snp:svsm";

// OurName returns the name of our command for a mode of sev-snp-measure.
std::string OurName(const std::string& mode) {
  if (mode == "snp:ovmf-hash") return "snp-ovmf-hash";
  if (mode == kSvsmMode || mode == "sev-snp") return "snp";
  if (mode == "sev-es") return "seves";
  return mode;
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
  AddLaunchOptions(kind, app, &flags->launch);
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
  AddOvmfHashOptions(app, &unused_);
  app->callback([this, app] {
    ovmf_hash_.ovmf = unused_.launch.ovmf;
    for (const CLI::Option* option : app->get_options()) {
      const bool counts = option->get_name() == "--ovmf";
      if (option->count() == 0 || counts) continue;
      ovmf_hash_.unused.push_back("--" + option->get_lnames().front());
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
  igvm->add_flag("--ignore-id-block,--ignore-idblock", igvm_.ignore_id_block,
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
  AddLaunchOptions(kind, app, &flags->launch);
  app->add_option("--max-vcpus", flags->max_vcpus,
                  "the most vCPUs to try (default 512)")
      ->check(CLI::Range(1, 4096));
}

void TranslateMode(std::vector<std::string>* args) {
  const auto command = std::ranges::find_if(*args, IsWord);
  if (command == args->end()) return;
  if (*command != "measure" && *command != "why") return;
  const auto after = command + 1;
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
  const bool needs_svsm = *after == kSvsmMode;
  *after = OurName(*after);
  if (needs_svsm) args->emplace_back("--require-svsm");
}

}  // namespace tally
